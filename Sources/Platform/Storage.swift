/// Memory that keeps its contents without power, as raw NOR flash behaves: it is erased by the block, which sets every
/// bit, and programmed by the unit, which clears bits.
///
/// A value is a handle: its copies lead to the same memory. Whoever writes may be interrupted by the end of power at any
/// place: a unit that was being programmed then holds some of the cleared bits, a block that was being erased any
/// mixture of its old contents and set bits.
public protocol Storage {
  /// Bytes of a block, a multiple of ``programUnit``.
  var blockSize: Int { get }
  /// How many blocks there are.
  var blockCount: Int { get }
  /// Bytes that are programmed together, a power of two. Each unit may be programmed once after its block was erased.
  var programUnit: Int { get }

  /// Fills `bytes` with what is stored from `offset` on.
  func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(StorageError)

  /// Clears the bits that are 0 in `bytes`, from `offset` on. Returns when that is durable.
  ///
  /// - Parameters:
  ///   - offset: where, a multiple of ``programUnit``.
  ///   - bytes: what, a multiple of ``programUnit`` in number.
  /// - Throws: ``StorageError``; any part of it may be programmed then.
  func program(at offset: Int, _ bytes: Span<UInt8>) throws(StorageError)

  /// Sets every bit of a block. Returns when that is durable.
  func erase(block: Int) throws(StorageError)
}

/// The storage did not do what it was asked.
public enum StorageError: Error, Equatable, Sendable {
  /// The place is not there, or not a place where a unit or block begins.
  case range(offset: Int, count: Int, size: Int)
  /// It cannot be read from this offset on.
  case read(offset: Int)
  /// It does not take what is programmed at this offset: it is worn out.
  case program(offset: Int)
  /// This block cannot be erased any more.
  case erase(block: Int)
}

extension Storage {
  /// Bytes of all blocks.
  public var byteCount: Int { blockSize * blockCount }

  /// Refuses a piece that does not lie inside, or does not begin and end where a unit of `unit` bytes does.
  public func check(offset: Int, count: Int, unit: Int = 1) throws(StorageError) {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset,
      offset % unit == 0, count % unit == 0
    else { throw .range(offset: offset, count: count, size: byteCount) }
  }
}

/// Of machines that keep nothing. There is no value of this type.
public enum NoStorage: Storage {
  public var blockSize: Int {
    switch self {}
  }

  public var blockCount: Int {
    switch self {}
  }

  public var programUnit: Int {
    switch self {}
  }

  public func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(StorageError) {
    switch self {}
  }

  public func program(at offset: Int, _ bytes: Span<UInt8>) throws(StorageError) {
    switch self {}
  }

  public func erase(block: Int) throws(StorageError) {
    switch self {}
  }
}
