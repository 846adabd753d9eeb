import BPF

/// Reads one statement by comparing it with forms.
struct Matcher {
  /// Why a form does not fit.
  struct Failure: Error {
    enum Reason {
      case expected(String)
      case other(AssemblerError.Reason)
    }

    /// Index of the token that does not fit.
    let position: Int
    let reason: Reason
  }

  private let tokens: ArraySlice<Token>
  private let syntax: Syntax
  private var position: Int
  private var values = FieldValues()

  private init(_ tokens: ArraySlice<Token>, syntax: Syntax) {
    self.tokens = tokens
    self.syntax = syntax
    position = tokens.startIndex
  }

  /// The fields of the statement if it has this form.
  static func match(
    _ tokens: ArraySlice<Token>, _ form: Form, of operation: Operation, syntax: Syntax
  ) throws(Failure) -> FieldValues {
    var matcher = Matcher(tokens, syntax: syntax)
    for part in form.parts {
      switch part {
      case .literal(_, let kinds):
        for kind in kinds { try matcher.literal(kind) }
      case .field(let field):
        try matcher.field(field, of: operation)
      }
    }
    guard matcher.current == .endOfLine else { throw matcher.failure("the end of the line") }
    return matcher.values
  }

  /// The number that the tokens consist of.
  static func number(
    _ tokens: ArraySlice<Token>, minimum: Int64, maximum: UInt64
  ) throws(Failure) -> UInt64 {
    var matcher = Matcher(tokens, syntax: .classic)
    let value = try matcher.number(minimum: minimum, maximum: maximum)
    guard matcher.current == .endOfLine else { throw matcher.failure("the end of the line") }
    return value
  }

  private var current: Token.Kind { position < tokens.endIndex ? tokens[position].kind : .endOfLine }

  private func failure(_ expected: String) -> Failure {
    Failure(position: position, reason: .expected(expected))
  }

  private mutating func literal(_ kind: Token.Kind) throws(Failure) {
    guard current == kind else { throw failure("'\(kind.text)'") }
    position += 1
  }

  private mutating func field(_ field: Form.Field, of operation: Operation) throws(Failure) {
    switch field {
    case .destination(let half): values.destination = try register(half: half, like: values.destination)
    case .source(let half): values.source = try register(half: half, like: values.source)
    case .immediate: values.immediate = try immediate()
    case .offset:
      let number = try displacement(minimum: Int64(Int16.min), maximum: UInt64(Int16.max))
      values.offset = Int16(truncatingIfNeeded: number)
    case .indexImmediate:
      let number = try displacement(minimum: Int64(Int32.min), maximum: UInt64(Int32.max))
      values.immediate = Int32(truncatingIfNeeded: number)
    case .wide: values.wide = try number(minimum: .min, maximum: .max)
    case .distance:
      let range = operation.distanceRange
      values.distance = Int64(bitPattern: try number(minimum: range.minimum, maximum: range.maximum))
    case .label:
      guard case .word = current else { throw failure("a label") }
      values.label = tokens[position]
      position += 1
    }
  }

  /// A register; where the form names the same field twice, the same one again.
  private mutating func register(half: Bool, like earlier: Register?) throws(Failure) -> Register {
    let wanted = earlier.map { syntax.name(of: $0, half: half) }
    guard case .word(let name) = current, let register = syntax.register(named: name, half: half),
      earlier == nil || earlier == register
    else { throw failure(wanted ?? (half ? "a 32-bit register" : "a register")) }
    position += 1
    return register
  }

  private mutating func immediate() throws(Failure) -> Int32 {
    // Written either as the signed number it is or as the 32 bits that hold it.
    Int32(truncatingIfNeeded: try number(minimum: Int64(Int32.min), maximum: UInt64(UInt32.max)))
  }

  /// A number behind an address, which only a sign can start; 0 when there is none.
  private mutating func displacement(minimum: Int64, maximum: UInt64) throws(Failure) -> UInt64 {
    guard current == .symbol("+") || current == .symbol("-") else { return 0 }
    return try number(minimum: minimum, maximum: maximum)
  }

  /// A number with or without a sign, as 64 bits.
  private mutating func number(minimum: Int64, maximum: UInt64) throws(Failure) -> UInt64 {
    let start = position
    let isNegative = current == .symbol("-")
    if isNegative || current == .symbol("+") { position += 1 }
    switch current {
    case .number(let magnitude):
      guard isNegative ? magnitude <= minimum.magnitude : magnitude <= maximum else {
        throw Failure(
          position: start,
          reason: .other(
            .outOfRange(found: "\(isNegative ? "-" : "")\(magnitude)", minimum: minimum, maximum: maximum)))
      }
      position += 1
      return isNegative ? 0 &- magnitude : magnitude
    case .malformedNumber(let text):
      throw Failure(position: position, reason: .other(.malformedNumber(text)))
    default:
      throw failure("a number")
    }
  }
}

extension Syntax {
  func name(of register: Register, half: Bool) -> String {
    switch self {
    case .llvm: "\(half ? "w" : "r")\(register.rawValue)"
    case .classic: "%r\(register.rawValue)"
    }
  }

  /// Whether this is the name of a register or of its lower half.
  func isRegister(_ name: String) -> Bool {
    register(named: name, half: false) != nil || register(named: name, half: true) != nil
  }

  /// The classic syntax is read with and without the percent sign.
  func register(named name: String, half: Bool) -> Register? {
    Register.allCases.first {
      let standard = self.name(of: $0, half: half)
      return name == standard || self == .classic && name == standard.dropFirst()
    }
  }
}

extension Operation {
  /// How far a jump or a local call can go.
  var distanceRange: (minimum: Int64, maximum: UInt64) {
    switch self {
    case .ja32, .callLocal: (Int64(Int32.min), UInt64(Int32.max))
    default: (Int64(Int16.min), UInt64(Int16.max))
    }
  }
}
