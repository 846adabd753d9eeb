import Bytes
public import Emulator
import Foundation
public import RandomPrograms

/// Runs programs made at random on an emulated board, in the interpreter and compiled, and gathers what differed.
public struct DifferentialTesting: Sendable {
  /// Where `make firmware` leaves the program that compares, from the project's folder.
  public static let defaultFirmware = "Firmware/.build/armv7em-none-none-eabi/release/Differential"

  public var firmware = Self.defaultFirmware
  public var machine = BoardMachine.an386
  /// How many boards run side by side.
  public var jobs = 2
  /// Programs for one board, from its start to its end.
  public var batch: UInt64 = 20_000

  public init() {}

  /// Runs so many programs, those with the seeds from `seed` on.
  ///
  /// - Parameters:
  ///   - seed: of the first program; each has the next one.
  ///   - count: how many.
  ///   - progress: is told how many programs have been run so far.
  /// - Returns: what was compared, and where engines differ.
  /// - Throws: `DifferentialError` or `EmulatorError`.
  public func run(
    seed: UInt64, count: UInt64, progress: @escaping @Sendable (UInt64) -> Void = { _ in }
  ) async throws -> DifferentialReport {
    // Small numbers of programs are divided too.
    let batch = max(min(batch, (count + UInt64(jobs) - 1) / UInt64(jobs)), 1)
    return try await withThrowingTaskGroup(of: DifferentialReport.self) { group in
      var report = DifferentialReport()
      var next: UInt64 = 0
      var running = 0
      while true {
        while running < jobs, next < count {
          let (start, length) = (seed &+ next, min(batch, count - next))
          group.addTask { try await board(["\(start)", "\(length)"]) }
          next += length
          running += 1
        }
        guard let one = try await group.next() else { return report }
        running -= 1
        report.add(one)
        progress(report.programs)
      }
    }
  }

  /// Runs these programs.
  public func run(_ programs: [LoadedProgram]) async throws -> DifferentialReport {
    var block = [UInt8](repeating: 0, count: ProgramBlock.capacity)
    var writer = ByteWriter(block.mutableSpan)
    for (number, program) in programs.enumerated() {
      try ProgramBlock.write(program.shape, seed: UInt64(number), program.slots.span, into: &writer)
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString)")
    let length = writer.count
    try Data(block[..<length]).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let loader = "loader,file=\(file.path),addr=\(ProgramBlock.address),force-raw=on"
    return try await board(["0", "0"], ["-device", loader])
  }

  private func board(_ command: [String], _ more: [String] = []) async throws -> DifferentialReport {
    var program = SemihostedProgram(path: firmware)
    program.machine = machine
    let outcome = try await program.run(command, options: more)
    let report = DifferentialReport(console: outcome.console)
    // A board that has nothing to complain about and yet fails was not tested.
    guard outcome.isSuccess || !report.mismatches.isEmpty else {
      throw DifferentialError.board(command: command, console: outcome.console + [outcome.diagnostics])
    }
    return report
  }
}

/// A program to be run on the board.
public struct LoadedProgram: Sendable {
  public var shape: GeneratedProgram
  public var slots: [UInt64]

  public init(shape: GeneratedProgram, slots: [UInt64]) {
    self.shape = shape
    self.slots = slots
  }
}

/// The board did not do its work.
public enum DifferentialError: Error, CustomStringConvertible {
  case board(command: [String], console: [String])

  public var description: String {
    switch self {
    case .board(let command, let console):
      "the board that ran seed and count \(command) failed:\n" + console.suffix(20).joined(separator: "\n")
    }
  }
}
