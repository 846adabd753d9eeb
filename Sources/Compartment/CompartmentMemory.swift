/// What a program can reach: its arena to read and write, its read-only data to read, and nothing else.
///
/// The one place that turns an address of a program into memory. Addresses are those of the machine, on the device
/// zero-extended from 32 bits; any number may come in.
@safe
public struct CompartmentMemory: ~Copyable, ~Escapable {
  // SAFETY: the bounds are those of memory that lives, as its lifetime says, as long as this value: the arena is borrowed
  // mutably, so nobody else reads or writes it. Pointers leave this value through `bounds` alone, for ranges found to
  // lie within one of the two.
  /// What may be reached, for an engine that checks by itself.
  @unsafe public let bounds: AccessBounds

  /// Stack frames at the bottom of the arena.
  public let frames: Int
  /// The end of the first function's frame.
  public let stackTop: UInt64
  /// Where the data section starts.
  public let dataAddress: UInt64

  @_lifetime(copy arena, copy rodata)
  init(
    arena: consuming MutableSpan<UInt8>, rodata: Span<UInt8>, frames: Int, stackTop: UInt64,
    dataAddress: UInt64
  ) {
    // SAFETY: an arena is never empty, so it has an address; that it outlives the closure is `self`'s lifetime.
    unsafe bounds = AccessBounds(
      arena: arena.withUnsafeMutableBytes { bytes in unsafe bytes },
      rodata: rodata.withUnsafeBytes { bytes in unsafe bytes })
    self.frames = frames
    self.stackTop = stackTop
    self.dataAddress = dataAddress
  }

  /// Where the read-only data starts; 0 when there is none.
  public var rodataAddress: UInt64 { unsafe UInt64(UInt(bitPattern: bounds.rodata)) }

  // MARK: Numbers

  /// The little-endian number at `address`, which need not be aligned.
  public func load<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    at address: UInt64, as: T.Type = T.self
  ) throws(AccessFault) -> T {
    let size = T.bitWidth / 8
    guard let pointer = unsafe bounds.readable(at: address, count: UInt(size)) else {
      throw AccessFault(address: address, size: size, isWrite: false)
    }
    return unsafe T(littleEndian: pointer.loadUnaligned(as: T.self))
  }

  /// Writes the number in little-endian order at `address`, which need not be aligned.
  public mutating func store<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ value: T, at address: UInt64
  ) throws(AccessFault) {
    let size = T.bitWidth / 8
    guard let pointer = unsafe bounds.writable(at: address, count: UInt(size)) else {
      throw AccessFault(address: address, size: size, isWrite: true)
    }
    unsafe pointer.storeBytes(of: value.littleEndian, as: T.self)
  }

  // MARK: Ranges

  /// `count` bytes to read. An empty range may be anywhere.
  @_lifetime(borrow self)
  public func bytes(at address: UInt64, count: UInt64) throws(AccessFault) -> Span<UInt8> {
    let available = unsafe readableBytes(from: address)
    guard let size = Int(exactly: count), size <= available.count else {
      throw AccessFault(address: address, size: Int(clamping: count), isWrite: false)
    }
    // SAFETY: the bytes are the program's, and the borrow of `self` keeps others from writing them.
    let bytes = unsafe Span<UInt8>(_unsafeBytes: UnsafeRawBufferPointer(rebasing: available[..<size]))
    return unsafe _overrideLifetime(bytes, borrowing: self)
  }

  /// `count` bytes to write. An empty range may be anywhere.
  @_lifetime(&self)
  public mutating func mutableBytes(at address: UInt64, count: UInt64) throws(AccessFault) -> MutableSpan<
    UInt8
  > {
    let available = unsafe writableBytes(from: address)
    guard let size = Int(exactly: count), size <= available.count else {
      throw AccessFault(address: address, size: Int(clamping: count), isWrite: true)
    }
    // SAFETY: the bytes are the arena's, and the mutable borrow of `self` keeps others from them.
    let bytes = unsafe MutableSpan<UInt8>(
      _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: available[..<size]))
    return unsafe _overrideLifetime(bytes, mutating: &self)
  }

  /// The bytes from `address` up to a zero byte, without it, or the first `limit` of them. Faults at the first byte that
  /// may not be read.
  @_lifetime(borrow self)
  public func cString(at address: UInt64, limit: Int) throws(AccessFault) -> Span<UInt8> {
    let available = unsafe readableBytes(from: address)
    var length = 0
    while length < limit {
      guard length < available.count else {
        throw AccessFault(address: address &+ UInt64(length), size: 1, isWrite: false)
      }
      if unsafe available[length] == 0 { break }
      length += 1
    }
    return try bytes(at: address, count: UInt64(length))
  }

  /// Copies `count` bytes, right also when both ranges overlap. Checks the source first, then the destination.
  public mutating func copy(from source: UInt64, to destination: UInt64, count: UInt64) throws(AccessFault) {
    guard count != 0 else { return }
    let from = unsafe readableBytes(from: source)
    let to = unsafe writableBytes(from: destination)
    guard let size = Int(exactly: count), size <= from.count else {
      throw AccessFault(address: source, size: Int(clamping: count), isWrite: false)
    }
    guard size <= to.count else { throw AccessFault(address: destination, size: size, isWrite: true) }
    unsafe to.copyMemory(from: UnsafeRawBufferPointer(rebasing: from[..<size]))
  }

  /// All that may be read from `address` on; empty when `address` itself may not.
  @unsafe
  private func readableBytes(from address: UInt64) -> UnsafeRawBufferPointer {
    guard let pointer = unsafe bounds.readable(at: address, count: 1) else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let inArena = unsafe UInt(bitPattern: pointer) &- UInt(bitPattern: bounds.arena)
    if unsafe inArena < bounds.arenaSize {
      return unsafe UnsafeRawBufferPointer(
        start: pointer, count: Int(bitPattern: bounds.arenaSize &- inArena))
    }
    let inRodata = unsafe UInt(bitPattern: pointer) &- UInt(bitPattern: bounds.rodata)
    return unsafe UnsafeRawBufferPointer(
      start: pointer, count: Int(bitPattern: bounds.rodataSize &- inRodata))
  }

  /// All that may be written from `address` on; empty when `address` itself may not.
  @unsafe
  private func writableBytes(from address: UInt64) -> UnsafeMutableRawBufferPointer {
    guard let pointer = unsafe bounds.writable(at: address, count: 1) else {
      return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
    let offset = unsafe UInt(bitPattern: pointer) &- UInt(bitPattern: bounds.arena)
    return unsafe UnsafeMutableRawBufferPointer(
      start: pointer, count: Int(bitPattern: bounds.arenaSize &- offset))
  }
}
