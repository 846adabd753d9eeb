import Bytes
public import CoAP
public import Helpers

/// What a request may choose, each in a query option (RFC 7252 §5.10.1) of its own.
public enum Choice: UInt8, CaseIterable, Sendable {
  /// What runs the program. Without a choice it is the interpreter.
  case interpreter, jit
  /// Who keeps a compiled program within its compartment. Without a choice it is the code itself.
  case checked, hardware
  /// An erased slot shall keep its compiled program.
  case keepCode
  /// When a long-running program that has ended is started again. Without a choice it is not.
  case restartOnFailure, restartAlways
  /// Whether the program is also started whenever the device has. Without a choice that stays as it is.
  case atBoot, notAtBoot
  /// A button is pressed: its value comes to be above 0.
  case pressed
  /// The program is compiled before it runs, once more if it was.
  case compileNow

  /// How it stands in a request's query.
  public var text: StaticString {
    switch self {
    case .interpreter: "engine=interpreter"
    case .jit: "engine=jit"
    case .checked: "isolation=checked"
    case .hardware: "isolation=hardware"
    case .keepCode: "keep=code"
    case .restartOnFailure: "restart=on-failure"
    case .restartAlways: "restart=always"
    case .atBoot: "boot=start"
    case .notAtBoot: "boot=no"
    case .pressed: "pressed"
    case .compileNow: "compile=now"
    }
  }

  /// Where it is one of several, of which a request takes one.
  fileprivate var alternatives: ChoiceSet {
    switch self {
    case .interpreter, .jit: [ChoiceSet(.interpreter), ChoiceSet(.jit)]
    case .checked, .hardware: [ChoiceSet(.checked), ChoiceSet(.hardware)]
    case .keepCode: ChoiceSet(.keepCode)
    case .restartOnFailure, .restartAlways: [ChoiceSet(.restartOnFailure), ChoiceSet(.restartAlways)]
    case .atBoot, .notAtBoot: .boot
    case .pressed: ChoiceSet(.pressed)
    case .compileNow: ChoiceSet(.compileNow)
    }
  }
}

/// What a request chooses, or what a resource lets it choose.
public struct ChoiceSet: OptionSet, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inline(__always)
  public init(_ choice: Choice) {
    self.init(rawValue: 1 &<< UInt16(choice.rawValue))
  }

  public static var none: ChoiceSet { ChoiceSet(rawValue: 0) }
  // Not as literals of arrays, which would be laid out on the heap each time.
  public static var engine: ChoiceSet {
    ChoiceSet(.interpreter).union(ChoiceSet(.jit)).union(ChoiceSet(.compileNow))
  }
  public static var boot: ChoiceSet { ChoiceSet(.atBoot).union(ChoiceSet(.notAtBoot)) }

  public func contains(_ choice: Choice) -> Bool {
    contains(ChoiceSet(choice))
  }
}

/// A number that a request may give in a query option, behind its name and `=`.
public enum Parameter: UInt8, CaseIterable, Sendable {
  /// Milliseconds between two runs of a triggered program.
  case every
  /// Milliseconds of the processor's time that a run may take, 0 for as long as it likes.
  case milliseconds
  /// Instructions that a run may take, 0 for as many as it likes; where they are counted.
  case instructions
  /// The number of the device whose event runs a program.
  case device
  /// What the first number of the device's value has to come above, or below: a signed number of 16 bits.
  case above, below
  /// Bytes of its arena that a run may use.
  case arena
  /// Bytes that a run may print in one second.
  case log

  /// How it stands in a request's query, before its number.
  public var text: StaticString {
    switch self {
    case .every: "every="
    case .milliseconds: "milliseconds="
    case .instructions: "instructions="
    case .device: "device="
    case .above: "above="
    case .below: "below="
    case .arena: "arena="
    case .log: "log="
    }
  }

  /// The number that the text stands for, if the parameter takes it.
  fileprivate func value(of text: Span<UInt8>) -> Int32? {
    switch self {
    case .every, .milliseconds, .instructions, .arena, .log: decimal(text, digits: 9).map { Int32($0) }
    case .device: decimal(text).flatMap { $0 <= UInt8.max ? Int32($0) : nil }
    case .above, .below: decimalNumber(text).flatMap(Int16.init(exactly:)).map { Int32($0) }
    }
  }
}

/// The parameters that a resource takes.
public struct ParameterSet: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  @inline(__always)
  public init(_ parameter: Parameter) {
    self.init(rawValue: 1 &<< parameter.rawValue)
  }

  public static var none: ParameterSet { ParameterSet(rawValue: 0) }
  /// What a run may take.
  public static var limits: ParameterSet {
    ParameterSet(.milliseconds).union(ParameterSet(.instructions)).union(ParameterSet(.arena))
      .union(ParameterSet(.log))
  }
  /// Which event of the board.
  public static var event: ParameterSet {
    ParameterSet(.device).union(ParameterSet(.above)).union(ParameterSet(.below))
  }
}

/// What a request says in its query.
public struct Query: Sendable {
  public private(set) var choices = ChoiceSet.none
  /// The only helpers that a run may call, of those that the program is granted: `helpers=` and two hexadecimal digits for
  /// each number. `nil` when the request does not say.
  public private(set) var helpers: HelperSet?
  public static let helpersName: StaticString = "helpers="
  /// Which of the numbers are given.
  private var parameters = ParameterSet.none
  private var numbers = InlineArray<8, Int32>(repeating: 0)

  /// A query option that the resource does not know, or that contradicts one before it.
  public struct Unknown: Error, Equatable, Sendable {
    /// Which of the query options, counted from 0.
    public let index: Int
  }

  /// What a request to `resource` says.
  @_optimize(speed)
  public init(_ request: borrowing Message, on resource: Resource) throws(Unknown) {
    // There a query is a filter, not a choice (RFC 6690 §4.1).
    guard resource != .wellKnownCore, request.mayHold(.uriQuery) else { return }
    var index = 0
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriQuery else { continue }
      guard
        choose(option.value, on: resource) || set(option.value, on: resource)
          || narrow(option.value, on: resource)
          // What else stands there may be for the program that answers.
          || resource == .request
      else {
        throw Unknown(index: index)
      }
      index += 1
    }
  }

  public func contains(_ choice: Choice) -> Bool { choices.contains(choice) }

  /// Whether any parameter is given.
  public var givesNumbers: Bool { parameters.rawValue != 0 }

  public subscript(parameter: Parameter) -> Int32? {
    parameters.contains(ParameterSet(parameter)) ? number(parameter) : nil
  }

  // Out of line: looking into the array copies it, and hardly any request gives a number.
  @inline(never)
  private func number(_ parameter: Parameter) -> Int32 { numbers.span[Int(parameter.rawValue)] }

  /// A parameter that is never negative.
  public func unsigned(_ parameter: Parameter) -> UInt32? { self[parameter].map { UInt32(clamping: $0) } }

  @_optimize(speed)
  private mutating func choose(_ text: Span<UInt8>, on resource: Resource) -> Bool {
    for choice in Choice.allCases where choice.text.bytes.holdsSameBytes(as: text) {
      guard resource.row.choices.contains(choice),
        choices.intersection(choice.alternatives).subtracting(ChoiceSet(choice)).isEmpty
      else { return false }
      choices.insert(ChoiceSet(choice))
      return true
    }
    return false
  }

  private mutating func narrow(_ text: Span<UInt8>, on resource: Resource) -> Bool {
    let name = Self.helpersName.bytes
    guard text.count >= name.count, name.holdsSameBytes(as: text.extracting(0..<name.count)),
      (text.count - name.count) & 1 == 0, helpers == nil, resource.row.parameters.contains(.limits)
    else { return false }
    var set = HelperSet.empty
    var index = name.count
    while index < text.count {
      guard let high = digit(text[index]), let low = digit(text[index + 1]) else { return false }
      if let helper = Helper(rawValue: high << 4 | low) { set.insert(helper) }
      index += 2
    }
    helpers = set
    return true
  }

  private func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private mutating func set(_ text: Span<UInt8>, on resource: Resource) -> Bool {
    for parameter in Parameter.allCases {
      let name = parameter.text.bytes
      guard text.count > name.count, name.holdsSameBytes(as: text.extracting(0..<name.count)) else {
        continue
      }
      guard resource.row.parameters.contains(ParameterSet(parameter)), self[parameter] == nil,
        let number = parameter.value(of: text.extracting(name.count..<text.count))
      else { return false }
      parameters.insert(ParameterSet(parameter))
      numbers[Int(parameter.rawValue)] = number
      return true
    }
    return false
  }
}
