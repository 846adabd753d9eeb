/// Memory as a memory protection unit can tell it from other: a power of two in bytes, at least 1024, at an address
/// divisible by that. A size of 0 is no memory.
public struct MemoryRegion: Equatable, Sendable {
  public let address, size: UInt

  public init(address: UInt, size: UInt) {
    precondition(size == 0 || size >= 1024 && size & (size - 1) == 0 && address & (size - 1) == 0)
    self.address = address
    self.size = size
  }

  public static var none: MemoryRegion { MemoryRegion(address: 0, size: 0) }
}
