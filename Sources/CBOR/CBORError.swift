/// Why an item was refused, and where.
public struct CBORError: Error, Equatable, Sendable {
  /// Never renumbered: the numbers travel in diagnostics.
  public enum Reason: UInt8, Sendable {
    /// A head or its content leaves the bytes. Expected: bytes (or, for containers, items) announced; found:
    /// bytes left.
    case truncated = 1
    /// Additional information 28, 29 or 30, or a two-byte simple value below 32. Found: the initial byte.
    case reserved = 2
    /// An indefinite length or a break, both outside the deterministic subset. Found: the initial byte.
    case indefiniteLength = 3
    /// More arrays, maps and tags inside each other than allowed. Expected: the limit.
    case tooDeep = 4
    /// A map holds the same key twice; the offset is that of the second.
    case duplicateKey = 5
    /// Something follows the item. Found: how many bytes.
    case trailingBytes = 6
    /// Expected and found are major types, or initial bytes where a simple value was asked for.
    case wrongType = 7
    /// A tag number, an array's length or an integer is not the one asked for.
    case wrongValue = 8
    /// An integer exceeds the type it was read as. Found: its value, clamped.
    case outOfRange = 9
  }

  public let reason: Reason
  /// Offset of the head of the offending item, counted like the reader's.
  public let offset: Int
  /// What does not fit is clamped.
  public let expected: Int
  public let found: Int

  public init(_ reason: Reason, at offset: Int, expected: Int = 0, found: Int = 0) {
    self.reason = reason
    self.offset = offset
    self.expected = expected
    self.found = found
  }
}
