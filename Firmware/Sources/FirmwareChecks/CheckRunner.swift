import CCortexM
import Checks
import CortexM
import SodiumCryptography

/// Runs every check of the portable modules and of the board, and reports in the Test Anything Protocol.
///
/// - Returns: whether all of them passed.
func runChecks() -> Bool {
  cortexm_fill_stack()
  var report = TAPReport()
  for group in checkGroups { report.run(group) }
  report.run(cryptographyChecks(Sodium.self))
  report.run(manifestChecks)
  report.run(boardChecks)
  report.finish()
  TAPReport.note(UInt64(cortexm_stack_used()), "bytes of stack used")
  TAPReport.note(UInt64(cortexm_heap_used()), "bytes of heap taken")
  return report.failures == 0
}

/// Verdicts in the Test Anything Protocol, version 12: a line for each, the plan at the end.
struct TAPReport {
  private var count = 0
  private(set) var failures = 0

  mutating func run(_ checks: [Check]) {
    for check in checks { run(check) }
  }

  private mutating func run(_ check: Check) {
    count += 1
    let start = SysTick.ticks
    do throws(CheckFailure) {
      try check.body()
      let end = SysTick.ticks
      verdict("ok ", check)
      // As the emulator counts with `-icount shift=0`; else a measure of time.
      Self.note((end - start) * 40, "instructions")
    } catch {
      failures += 1
      verdict("not ok ", check)
      print("# ", terminator: "")
      print(error.file, terminator: ":")
      print(error.line, terminator: ": ")
      print(error.message)
    }
  }

  private func verdict(_ word: StaticString, _ check: Check) {
    print(word, terminator: "")
    print(count, terminator: " - ")
    print(check.name)
  }

  func finish() {
    print("1..", terminator: "")
    print(count)
  }

  /// A line that is no verdict: a number and what it counts.
  static func note(_ number: UInt64, _ what: StaticString) {
    print("# ", terminator: "")
    print(number, terminator: " ")
    print(what)
  }
}
