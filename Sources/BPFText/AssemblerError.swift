/// Why a text is no program, and where.
public struct AssemblerError: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    /// Something else stands here than any instruction that begins like this one could have. `expected` is
    /// sorted; it names fields ("a number") and quotes text ("'goto'").
    case unexpected(found: String, expected: [String])
    /// No instruction begins with this.
    case unknownInstruction(String)
    /// What starts with a digit is no decimal or hexadecimal number of at most 64 bits.
    case malformedNumber(String)
    /// The number does not fit its field.
    case outOfRange(found: String, minimum: Int64, maximum: UInt64)
    /// No line has this label.
    case unknownLabel(String)
    /// An earlier line has the same label.
    case repeatedLabel(String, firstLine: Int)
    /// The target is further away, in slots, than the instruction can say.
    case targetTooFar(String, distance: Int, minimum: Int64, maximum: UInt64)
  }

  /// Counted from 1.
  public let line: Int
  /// Counted in characters from 1.
  public let column: Int
  public let reason: Reason

  public init(line: Int, column: Int, _ reason: Reason) {
    self.line = line
    self.column = column
    self.reason = reason
  }
}

extension AssemblerError: CustomStringConvertible {
  public var description: String { "line \(line), column \(column): \(reason)" }
}

extension AssemblerError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpected(let found, let expected):
      "expected \(expected.joined(separator: " or ")), found \(found)"
    case .unknownInstruction(let word): "no instruction begins with \(word)"
    case .malformedNumber(let text): "\(text) is no number of at most 64 bits"
    case .outOfRange(let found, let minimum, let maximum): "\(found) is not within \(minimum)...\(maximum)"
    case .unknownLabel(let name): "there is no label \(name)"
    case .repeatedLabel(let name, let line): "line \(line) has the label \(name) already"
    case .targetTooFar(let name, let distance, let minimum, let maximum):
      "\(name) is \(distance) slots away, which is not within \(minimum)...\(maximum)"
    }
  }
}
