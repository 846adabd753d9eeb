import Bytes
import Foundation
public import RandomPrograms
import Subprocess

/// Runs programs made at random on an emulated board, in the interpreter and compiled, and gathers what differed.
public struct DifferentialTesting: Sendable {
  /// Where `make firmware` leaves the program that compares, from the project's folder.
  public static let defaultFirmware = "Firmware/.build/armv7em-none-none-eabi/release/Differential"

  public var firmware = Self.defaultFirmware
  public var machine = "mps2-an386"
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
  /// - Throws: `DifferentialError`, or what kept the emulator from being started.
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
    guard FileManager.default.fileExists(atPath: firmware) else {
      throw DifferentialError.noFirmware(path: firmware)
    }
    let semihosting = "enable=on,target=native" + command.map { ",arg=\($0)" }.joined()
    let arguments =
      [
        "600", "qemu-system-arm", "-M", machine, "-display", "none", "-serial", "stdio", "-monitor", "none",
        "-no-reboot", "-nic", "none", "-semihosting-config", semihosting, "-kernel", firmware,
      ] + more
    // Killed at once, `timeout` would leave the board running.
    var options = PlatformOptions()
    options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .seconds(2))]
    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), platformOptions: options,
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 16))
    let console = result.standardOutput.split(whereSeparator: \.isNewline).map(String.init)
    let report = DifferentialReport(console: console)
    // A board that has nothing to complain about and yet fails was not tested.
    guard result.terminationStatus.isSuccess || !report.mismatches.isEmpty else {
      throw DifferentialError.board(command: command, console: console + [result.standardError])
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
  case noFirmware(path: String)
  case board(command: [String], console: [String])

  public var description: String {
    switch self {
    case .noFirmware(let path): "there is no firmware at \(path); `make firmware` builds it"
    case .board(let command, let console):
      "the board that ran seed and count \(command) failed:\n" + console.suffix(20).joined(separator: "\n")
    }
  }
}
