/// An access of a program outside the memory it may use. Nothing was read or written.
public struct AccessFault: Error, Equatable, Sendable {
  /// The address as the program had it.
  public let address: UInt64
  /// Bytes wanted.
  public let size: Int
  public let isWrite: Bool

  public init(address: UInt64, size: Int, isWrite: Bool) {
    self.address = address
    self.size = size
    self.isWrite = isWrite
  }
}
