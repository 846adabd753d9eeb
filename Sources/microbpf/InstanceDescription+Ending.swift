import CoAP
import DeviceClient
import DeviceProtocol
import DeviceServer
import Interpreter
import Platform

extension InstanceDescription {
  /// How the last run ended, in a few words.
  var endingSentence: String {
    let place = index.map { " at instruction \($0)" } ?? ""
    return switch ending {
    case "returned": "returned \(result ?? 0)"
    case "trapped": "trap \(trapRule.map { "\($0)" } ?? "\(rule ?? 0)")\(place)"
    case "faulted": "fault \(faultKind.map { "\($0)" } ?? "\(rule ?? 0)")\(place)"
    case "killed": "killed\(place)"
    default: ending ?? ""
    }
  }

  /// Why the last run was stopped; `nil` unless it was.
  var stop: Refusal? {
    if ending == "trapped", let trapRule {
      return Refusal(
        Problem(Trap(trapRule, at: index ?? 0, address: UInt64(bitPattern: address ?? 0))))
    }
    if ending == "faulted", let faultKind {
      return Refusal(
        Problem(
          .internalServerError, .execution, rule: ExecutionRule.fault + faultKind.rawValue,
          title: "Program stopped by the processor", detail: faultKind.sentence,
          index: index.map { Int64($0) }, address: address.map { UInt64(bitPattern: $0) }))
    }
    if ending == "killed" {
      return Refusal(
        Problem(
          .serviceUnavailable, .execution, rule: ExecutionRule.killed, title: "Run was ended",
          detail: "somebody ended it", index: index.map { Int64($0) }))
    }
    return nil
  }

  private var trapRule: Trap.Rule? {
    rule.flatMap { UInt8(exactly: $0) }.flatMap(Trap.Rule.init(rawValue:))
  }

  private var faultKind: ThreadFault.Kind? {
    rule.flatMap { UInt8(exactly: $0 - Int(ExecutionRule.fault)) }.flatMap(ThreadFault.Kind.init(rawValue:))
  }
}

extension ThreadFault.Kind {
  fileprivate var sentence: StaticString {
    switch self {
    case .load: "it read memory that is not its own"
    case .store: "it wrote memory that is not its own"
    case .fetch: "it jumped to where there is no code of its own"
    case .stack: "its stack left its memory"
    case .bus: "it touched the system's registers, or an address where nothing is"
    case .instruction: "it came to an instruction that programs may not use"
    case .hard: "it came to a breakpoint or the like"
    case .systemCall: "it called the system in a way that there is not"
    }
  }
}
