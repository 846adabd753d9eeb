import BoardMPS2
import CCortexM
import CSnippets
import CortexM
import Interpreter
import Platform

/// Puts out one figure.
func report(_ name: StaticString, _ number: UInt64) {
  print(name, terminator: ": ")
  print(number)
}

extension ThreadEnding {
  /// As snippets.h numbers endings.
  var code: UInt32 {
    switch self {
    case .returned: UInt32(snippet_returns)
    case .stopped(let rule, _, _): UInt32(snippet_is_trapped) + UInt32(rule.rawValue)
    case .faulted(let fault): UInt32(snippet_faults) + UInt32(fault.kind.rawValue)
    }
  }
}

/// "returned", "trap 3" or "fault 4".
func printEnding(_ code: UInt32) {
  switch code {
  case UInt32(snippet_returns): print("returned", terminator: "")
  case UInt32(snippet_is_trapped)..<UInt32(snippet_faults):
    print("trap ", terminator: "")
    print(UInt64(code & 0xFF), terminator: "")
  default:
    print("fault ", terminator: "")
    print(UInt64(code & 0xFF), terminator: "")
  }
}

/// What has been seen.
struct Tally {
  var runs: UInt64 = 0
  var calls: UInt64 = 0
  var returned: UInt64 = 0
  var trapped = InlineArray<16, UInt64>(repeating: 0)
  var faulted = InlineArray<16, UInt64>(repeating: 0)
  /// Runs of the neighbour with the right result.
  var neighbours: UInt64 = 0
  var violations: UInt64 = 0

  mutating func count(_ code: UInt32) {
    runs += 1
    let number = Int(code & 15)
    switch code {
    case UInt32(snippet_returns): returned += 1
    case UInt32(snippet_is_trapped)..<UInt32(snippet_faults): trapped[number] += 1
    default: faulted[number] += 1
    }
  }

  func print() {
    report("ending returned", returned)
    for number in trapped.indices where trapped[number] != 0 {
      printRow("ending trap ", number, trapped[number])
    }
    for number in faulted.indices where faulted[number] != 0 {
      printRow("ending fault ", number, faulted[number])
    }
    report("runs", runs)
    report("calls", calls)
    report("neighbours", neighbours)
    report("violations", violations)
  }

  private func printRow(_ name: StaticString, _ number: Int, _ count: UInt64) {
    Swift.print(name, terminator: "")
    Swift.print(number, terminator: ": ")
    Swift.print(count)
  }
}

/// What is under way, for whoever has to say so when it goes wrong.
enum Report {
  nonisolated(unsafe) static var seed: UInt64?
  nonisolated(unsafe) static var snippet: UnsafePointer<CChar>?

  static func printViolation(_ what: StaticString) {
    print("violation ", terminator: "")
    if let seed { print(seed, terminator: " ") } else { print("- ", terminator: "") }
    if let snippet { unsafe printText(snippet) }
    print(": ", terminator: "")
    print(what)
  }

  /// A C string.
  static func printText(_ text: UnsafePointer<CChar>) {
    var character = text
    while case let byte = UInt8(bitPattern: unsafe character.pointee), byte != 0 {
      UART.write(byte)
      unsafe character += 1
    }
  }
}

/// Ends the machine when a run does not end.
enum Watchdog {
  /// No deadline while it is 0.
  nonisolated(unsafe) private static var deadline: UInt64 = 0

  static func watch() { deadline = SysTick.milliseconds + 100_000 }
  static func rest() { deadline = 0 }

  static func look() {
    guard deadline != 0, SysTick.milliseconds > deadline else { return }
    Report.printViolation("the system hangs")
    semihosting_exit(1)
  }
}

@c(cortexm_watch)
public func lookAfterTick() {
  Watchdog.look()
}
