public import DeviceClient
import DeviceProtocol
public import Interpreter
public import Platform

/// What came of a hostile program, or has to: a word or two, as in the first line of its source.
public struct Verdict: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  private init(_ description: String) {
    self.description = description
  }

  /// The verifier refuses it, or there is no room for it: it does not run.
  public static let refused = Verdict("refused")
  /// Whatever the program does, it ends and touches nothing else.
  public static let harmless = Verdict("harmless")
  /// Left to itself, it would still run, and was ended.
  public static let killed = Verdict("killed")
  /// It answered a request, with a response that is one.
  public static let answered = Verdict("answered")
  public static let noResponse = Verdict("no-response")
  public static let responseTooLong = Verdict("response-too-long")
  public static let wrongResponse = Verdict("wrong-response")
  public static let wrongOption = Verdict("wrong-option")
  /// The device did not answer, or not in a way that can be understood.
  public static let lost = Verdict("lost")

  public static func returned(_ result: Int64) -> Verdict { Verdict("returned \(result)") }

  public static func trapped(_ rule: Trap.Rule) -> Verdict {
    switch rule {
    case .readOutside: Verdict("read-outside")
    case .writeOutside: Verdict("write-outside")
    case .budgetSpent: Verdict("budget-spent")
    case .callTooDeep: Verdict("call-too-deep")
    case .unknownHelper: Verdict("unknown-helper")
    case .helperNotGranted: Verdict("helper-not-granted")
    case .helperFault: Verdict("helper-fault")
    case .invalidOperation: Verdict("invalid-operation")
    case .checkFailed: Verdict("check-failed")
    }
  }

  public static func faulted(_ kind: ThreadFault.Kind) -> Verdict {
    switch kind {
    case .load: Verdict("load-fault")
    case .store: Verdict("store-fault")
    case .fetch: Verdict("fetch-fault")
    case .stack: Verdict("stack-fault")
    case .bus: Verdict("bus-fault")
    case .instruction: Verdict("instruction-fault")
    case .hard: Verdict("hard-fault")
    case .systemCall: Verdict("system-call-fault")
    }
  }

  private static let fixed: [Verdict] = [
    .refused, .harmless, .killed, .answered, .noResponse, .responseTooLong, .wrongResponse, .wrongOption,
  ]

  private static let known = Set(
    fixed + Trap.Rule.allCases.map(trapped) + ThreadFault.Kind.allCases.map(faulted))

  /// Reads a verdict; `nil` when there is none of that name.
  public init?(parsing text: some StringProtocol) {
    let words = text.split(separator: " ")
    if words.count == 2, words[0] == "returned", let result = Int64(words[1]) {
      self = .returned(result)
    } else if words.count == 1, Self.known.contains(Verdict(String(words[0]))) {
      self.init(String(words[0]))
    } else {
      return nil
    }
  }

  /// What the device says of a run that gave no result.
  ///
  /// - Returns: `lost` when that is nothing about a run.
  public init(_ refusal: Refusal) {
    guard let rule = refusal.rule.flatMap({ UInt8(exactly: $0) }) else {
      self = .lost
      return
    }
    switch (refusal.stage, rule) {
    case (.verifier, _), (.image, _), (.compilation, CompilationRule.tooLittleRoom.rawValue): self = .refused
    case (.execution, ExecutionRule.noResponse): self = .noResponse
    case (.execution, ExecutionRule.responseTooLong): self = .responseTooLong
    case (.execution, ExecutionRule.wrongResponse): self = .wrongResponse
    case (.execution, ExecutionRule.wrongOption): self = .wrongOption
    case (.execution, ExecutionRule.killed): self = .killed
    case (.execution, _):
      if let trap = Trap.Rule(rawValue: rule) {
        self = .trapped(trap)
      } else if rule > ExecutionRule.fault,
        let fault = ThreadFault.Kind(rawValue: rule - ExecutionRule.fault)
      {
        self = .faulted(fault)
      } else {
        self = .lost
      }
    default: self = .lost
    }
  }

  /// What a device knows of a run that nobody waited for.
  public init(_ instance: InstanceDescription) {
    let rule = instance.rule.flatMap { UInt8(exactly: $0) } ?? 0
    switch instance.ending {
    case "returned": self = .returned(instance.result ?? 0)
    case "trapped": self = Trap.Rule(rawValue: rule).map(Self.trapped) ?? .lost
    case "faulted":
      self =
        rule > ExecutionRule.fault
        ? ThreadFault.Kind(rawValue: rule - ExecutionRule.fault).map(Self.faulted) ?? .lost
        : ThreadFault.Kind(rawValue: rule).map(Self.faulted) ?? .lost
    case "killed": self = .killed
    default: self = .lost
    }
  }

  /// As firmware without a network tells it: `returned`, or `trap` or `fault` and the number.
  init?(numbered text: some StringProtocol) {
    let words = text.split(separator: " ")
    let number = words.count == 2 ? UInt8(words[1]) ?? 0 : 0
    switch words.first {
    case "returned" where words.count == 1: self.init("returned")
    case "trap":
      guard let rule = Trap.Rule(rawValue: number) else { return nil }
      self = .trapped(rule)
    case "fault":
      guard let kind = ThreadFault.Kind(rawValue: number) else { return nil }
      self = .faulted(kind)
    default: return nil
    }
  }

  /// Whether the program ended in a way that `harmless` stands for.
  var isHarmless: Bool { self != .lost && self != .killed }
}

extension Verdict: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Verdict: CodingKeyRepresentable {
  /// Its words, so that numbers by verdict are an object in JSON.
  public var codingKey: any CodingKey { Key(stringValue: description) }

  public init?(codingKey: some CodingKey) {
    self.init(codingKey.stringValue)
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
