import BPF
import BPFText

/// What boards found out.
public struct DifferentialReport: Sendable {
  /// Programs run, and how the interpreter ended them.
  public private(set) var programs: UInt64 = 0
  public private(set) var returned: UInt64 = 0
  public private(set) var trapped: UInt64 = 0
  /// Not compared, because they had not ended when their budget was spent.
  public private(set) var unfinished: UInt64 = 0
  /// Run without proofs alone, because the analysis of values refuses them.
  public private(set) var refused: UInt64 = 0
  /// Runs, in the interpreter and compiled.
  public private(set) var runs: UInt64 = 0
  /// Instructions of all programs, and interpreted.
  public private(set) var instructions: UInt64 = 0
  public private(set) var executed: UInt64 = 0
  /// Compilations that failed, for the code would be too long.
  public private(set) var tooLong: UInt64 = 0
  public private(set) var mismatchCount: UInt64 = 0
  /// The first of them.
  public private(set) var mismatches: [Mismatch] = []

  public init() {}

  /// Reads what the firmware `Differential` prints.
  public init(console: [String]) {
    var mismatch: Mismatch?
    for line in console {
      if line.hasPrefix("mismatch ") {
        mismatch = Mismatch(title: line)
      } else if line == "end" {
        if let mismatch { mismatches.append(mismatch) }
        mismatch = nil
      } else if mismatch != nil {
        mismatch?.read(line)
      } else if let colon = line.firstIndex(of: ":"), let number = UInt64(line[colon...].dropFirst(2)) {
        take(line[..<colon], number)
      }
    }
    // A program that brings the board down ends the list before the sums are printed.
    mismatchCount = max(mismatchCount, UInt64(mismatches.count))
  }

  private mutating func take(_ name: Substring, _ number: UInt64) {
    switch name {
    case "programs": programs = number
    case "returned": returned = number
    case "trapped": trapped = number
    case "unfinished": unfinished = number
    case "refused": refused = number
    case "runs": runs = number
    case "instructions": instructions = number
    case "executed": executed = number
    case "too_long": tooLong = number
    case "mismatches": mismatchCount = number
    default: break
    }
  }

  mutating func add(_ other: DifferentialReport) {
    programs += other.programs
    returned += other.returned
    trapped += other.trapped
    unfinished += other.unfinished
    refused += other.refused
    runs += other.runs
    instructions += other.instructions
    executed += other.executed
    tooLong += other.tooLong
    mismatchCount += other.mismatchCount
    mismatches += other.mismatches
  }

  public var summary: String {
    "\(programs) programs, \(runs) runs, \(refused) refused, \(mismatchCount) mismatches"
  }

  /// Names and numbers for a table.
  public var rows: [[String]] {
    let numbers: [(String, UInt64)] = [
      ("programs", programs), ("returned", returned), ("trapped", trapped), ("unfinished", unfinished),
      ("refused with values", refused), ("too long", tooLong), ("instructions", instructions),
      ("interpreted", executed), ("runs", runs), ("mismatches", mismatchCount),
    ]
    return numbers.map { [$0.0, "\($0.1)"] }
  }
}

/// A program that does not do compiled what it does interpreted.
public struct Mismatch: Sendable, CustomStringConvertible {
  public let seed: UInt64
  /// What differed and how it was compiled, as the board says it.
  public let title: String
  /// How both runs ended, and what the program was given.
  public private(set) var facts: [String] = []
  public private(set) var slots: [UInt64] = []

  init(title: String) {
    let words = title.split(separator: " ", maxSplits: 2)
    seed = words.count > 1 ? UInt64(words[1]) ?? 0 : 0
    self.title = words.count > 2 ? String(words[2]) : title
  }

  mutating func read(_ line: String) {
    if line.hasPrefix("slot "), let slot = UInt64(line.dropFirst(5), radix: 16) {
      slots.append(slot)
    } else {
      facts.append(line)
    }
  }

  /// Everything, with the program disassembled.
  public var description: String {
    let instructions = slots.map { (try? Instruction(slot: $0)) ?? Instruction(.exit) }
    let listing = Disassembler(syntax: .llvm).listing(of: instructions)
    return (["seed \(seed), \(title)"] + facts.map { "  \($0)" } + listing).joined(separator: "\n")
  }
}
