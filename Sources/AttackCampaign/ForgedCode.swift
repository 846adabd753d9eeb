public import Emulator

/// Runs code that no compiler makes on emulated boards, behind the memory protection alone.
public struct ForgedCode: Sendable {
  /// Where `make firmware` leaves the program that runs it, from the project's folder.
  public static let defaultFirmware = "Firmware/.build/armv7em-none-none-eabi/release/Assault"

  public var firmware = Self.defaultFirmware
  public var machine = BoardMachine.an386
  /// How many boards run side by side.
  public var jobs = 2
  /// Pieces of code for one board, from its start to its end.
  public var batch: UInt64 = 10_000

  public init() {}

  /// Runs what is written in the firmware, and so many pieces of code made at random, those with the seeds from `seed` on.
  ///
  /// - Parameters:
  ///   - seed: of the first piece; each has the next one.
  ///   - count: how many.
  ///   - progress: is told how many of them have been run.
  /// - Returns: how they ended, and what they broke.
  /// - Throws: `EmulatorError`, or what kept the emulator from being started.
  public func run(
    seed: UInt64, count: UInt64, progress: @escaping @Sendable (UInt64) -> Void = { _ in }
  ) async throws -> ForgedCodeReport {
    let batch = max(min(batch, (count + UInt64(jobs) - 1) / UInt64(jobs)), 1)
    return try await withThrowingTaskGroup(of: (ForgedCodeReport, UInt64).self) { group in
      var report = ForgedCodeReport()
      var next: UInt64 = 0
      var running = 0
      var done: UInt64 = 0
      while true {
        while running < jobs, next < count {
          let (start, length) = (seed &+ next, min(batch, count - next))
          group.addTask { (try await board(seed: start, count: length), length) }
          next += length
          running += 1
        }
        guard let (one, length) = try await group.next() else { return report }
        running -= 1
        report.add(one)
        done += length
        progress(done)
      }
    }
  }

  private func board(seed: UInt64, count: UInt64) async throws -> ForgedCodeReport {
    var program = SemihostedProgram(path: firmware)
    program.machine = machine
    program.countsInstructions = true
    let outcome = try await program.run(["\(seed)", "\(count)"], seconds: 1200)
    var report = ForgedCodeReport(console: outcome.console)
    if !outcome.isSuccess, report.violations.isEmpty {
      report.add(violation: "\(seed) to \(seed &+ count): the board ended: \(outcome.console.last ?? "")")
    }
    return report
  }
}

/// How forged code ended, and what it broke.
public struct ForgedCodeReport: Codable, Sendable {
  /// Pieces of code that have run.
  public private(set) var runs: UInt64 = 0
  /// Helpers that they called.
  public private(set) var calls: UInt64 = 0
  /// Runs of a program beside them, with the right result.
  public private(set) var neighbours: UInt64 = 0
  /// How often they ended in each way.
  public private(set) var endings: [Verdict: UInt64] = [:]
  /// What came of those that are written in the firmware.
  public private(set) var snippets: [String: Verdict] = [:]
  /// What must not be: the seed, or the name, and what was seen.
  public private(set) var violations: [String] = []

  public init() {}

  /// Reads what the firmware `Assault` prints.
  public init(console: [String]) {
    for line in console {
      if line.hasPrefix("violation ") {
        add(violation: String(line.dropFirst("violation ".count)))
        continue
      }
      guard let colon = line.lastIndex(of: ":") else { continue }
      let (name, value) = (line[..<colon], line[colon...].dropFirst(2))
      if name.hasPrefix("snippet ") {
        snippets[String(name.dropFirst("snippet ".count))] = Verdict(numbered: value)
      } else if let number = UInt64(value) {
        take(name, number)
      }
    }
  }

  private mutating func take(_ name: Substring, _ number: UInt64) {
    switch name {
    case "runs": runs = number
    case "calls": calls = number
    case "neighbours": neighbours = number
    default:
      guard name.hasPrefix("ending "), let verdict = Verdict(numbered: name.dropFirst("ending ".count)) else {
        return
      }
      endings[verdict] = number
    }
  }

  mutating func add(violation: String) {
    violations.append(violation)
  }

  mutating func add(_ other: ForgedCodeReport) {
    runs += other.runs
    calls += other.calls
    neighbours += other.neighbours
    endings.merge(other.endings, uniquingKeysWith: +)
    snippets.merge(other.snippets) { first, _ in first }
    violations += other.violations
  }

  public var isSound: Bool { violations.isEmpty && runs > 0 }

  public var summary: String {
    "\(runs) pieces of forged code, \(calls) helper calls, \(violations.count) violations"
  }

  /// Endings and how often they came, the most frequent first.
  public var rows: [[String]] {
    endings.sorted { ($0.value, $0.key.description) > ($1.value, $1.key.description) }.map {
      [$0.key.description, "\($0.value)"]
    }
  }
}
