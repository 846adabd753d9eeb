import Bytes
public import CoAP

/// What a request may choose, each in a query option (RFC 7252 §5.10.1) of its own.
public enum Choice: UInt8, CaseIterable, Sendable {
  /// What runs the program. Without a choice it is the interpreter.
  case interpreter, jit
  /// Who keeps a compiled program within its compartment. Without a choice it is the code itself.
  case checked, hardware
  /// An erased slot shall keep its compiled program.
  case keepCode

  /// How it stands in a request's query.
  public var text: StaticString {
    switch self {
    case .interpreter: "engine=interpreter"
    case .jit: "engine=jit"
    case .checked: "isolation=checked"
    case .hardware: "isolation=hardware"
    case .keepCode: "keep=code"
    }
  }

  /// Where it is one of several, of which a request takes one.
  fileprivate var alternatives: ChoiceSet {
    switch self {
    case .interpreter, .jit: [ChoiceSet(.interpreter), ChoiceSet(.jit)]
    case .checked, .hardware: [ChoiceSet(.checked), ChoiceSet(.hardware)]
    case .keepCode: ChoiceSet(.keepCode)
    }
  }
}

/// What a request chooses, or what a resource lets it choose.
public struct ChoiceSet: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public init(_ choice: Choice) {
    self.init(rawValue: 1 << choice.rawValue)
  }

  public static var none: ChoiceSet { ChoiceSet(rawValue: 0) }

  public func contains(_ choice: Choice) -> Bool {
    contains(ChoiceSet(choice))
  }

  /// A query option that the resource does not know, or that contradicts one before it.
  public struct Unknown: Error, Equatable, Sendable {
    /// Which of the query options, counted from 0.
    public let index: Int
  }

  /// What a request to `resource` chooses.
  public init(_ request: borrowing Message, on resource: Resource) throws(Unknown) {
    self = .none
    // There a query is a filter, not a choice (RFC 6690 §4.1).
    guard resource != .wellKnownCore else { return }
    var index = 0
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriQuery else { continue }
      var chosen: Choice?
      for choice in Choice.allCases where choice.text.bytes.holdsSameBytes(as: option.value) {
        chosen = choice
      }
      guard let chosen, resource.row.choices.contains(chosen),
        intersection(chosen.alternatives).subtracting(ChoiceSet(chosen)).isEmpty
      else { throw Unknown(index: index) }
      insert(ChoiceSet(chosen))
      index += 1
    }
  }
}
