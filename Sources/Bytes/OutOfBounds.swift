/// An access that would leave its buffer. Nothing was read or written.
public struct OutOfBounds: Error, Equatable, Sendable {
  /// Where the access would have begun, in bytes from the start of the buffer.
  public let offset: Int
  /// How many bytes it wanted.
  public let count: Int
  /// How many bytes the buffer holds.
  public let available: Int

  public init(offset: Int, count: Int, available: Int) {
    self.offset = offset
    self.count = count
    self.available = available
  }
}
