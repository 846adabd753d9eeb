/// The two ranges of memory a program can reach, and the check of every access against them.
///
/// An address is as many bits of a register as the machine's addresses have: on the device the lower 32, on which it alone
/// depends what an access reaches. See docs/jit.md. Where addresses are wider, a program may also leave out the upper half
/// of one in its arena, as those do that keep addresses in 32 bits because devices have such.
///
/// A copy of plain numbers, so that a loop can keep them in the processor's registers.
@unsafe
public struct AccessBounds: BitwiseCopyable {
  // SAFETY: `arena` and `rodata` are valid for `arenaSize` and `rodataSize` bytes while the `CompartmentMemory` lives that
  // these bounds come from.
  let arena: UnsafeMutableRawPointer
  let arenaSize: UInt
  let rodata: UnsafeRawPointer?
  let rodataSize: UInt

  /// How far an arena keeps from both ends of the address space: no offset of an instruction reaches over that.
  private static let margin: UInt = 1 << 15
  private static var hasWideAddresses: Bool {
    @inline(__always) get { UInt.bitWidth > 32 }
  }

  /// - Precondition: the arena has at least `Arena.minimumSize` bytes and lies far enough from both ends.
  init(arena: UnsafeMutableRawBufferPointer, rodata: UnsafeRawBufferPointer) {
    precondition(arena.count >= Arena.minimumSize)
    unsafe self.arena = arena.baseAddress.unsafelyUnwrapped
    unsafe arenaSize = UInt(arena.count)
    unsafe self.rodata = rodata.baseAddress
    unsafe rodataSize = UInt(rodata.count)
    let start = unsafe UInt(bitPattern: self.arena)
    precondition(unsafe start >= Self.margin && start <= UInt.max - Self.margin - arenaSize)
  }

  /// The bounds of memory known by its addresses.
  ///
  /// - Precondition: as above; and both ranges stay what they are while the bounds are used.
  public init(arena: Range<UInt>, rodata: Range<UInt>) {
    unsafe self.init(
      arena: UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: arena.lowerBound), count: arena.count),
      rodata: UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: rodata.lowerBound), count: rodata.count))
  }

  /// The memory of `count` bytes at `address` if the program may read it all. `count` is 1 to `Arena.minimumSize`.
  @inline(__always)
  public func readable(at address: UInt64, count: UInt) -> UnsafeRawPointer? {
    unsafe readable(from: address, offset: 0, count: count)
  }

  /// The memory of `count` bytes at `address` if the program may write it all. `count` is 1 to `Arena.minimumSize`.
  @inline(__always)
  public func writable(at address: UInt64, count: UInt) -> UnsafeMutableRawPointer? {
    unsafe writable(from: address, offset: 0, count: count)
  }

  /// The memory of `count` bytes at `base` plus `offset`, which has 16 bits, if the program may read it all.
  @inline(__always)
  public func readable(from base: UInt64, offset: Int, count: UInt) -> UnsafeRawPointer? {
    if let pointer = unsafe writable(from: base, offset: offset, count: count) {
      return UnsafeRawPointer(pointer)
    }
    let address = UInt(truncatingIfNeeded: base) &+ UInt(bitPattern: offset)
    let index = unsafe address &- UInt(bitPattern: rodata)
    guard unsafe index < rodataSize, unsafe count <= rodataSize &- index else { return nil }
    return unsafe rodata.unsafelyUnwrapped + Int(bitPattern: index)
  }

  /// The memory of `count` bytes at `base` plus `offset`, which has 16 bits, if the program may write it all.
  @inline(__always)
  public func writable(from base: UInt64, offset: Int, count: UInt) -> UnsafeMutableRawPointer? {
    var address = UInt(truncatingIfNeeded: base) &+ UInt(bitPattern: offset)
    if unsafe Self.hasWideAddresses && address <= UInt(UInt32.max) && address >= Self.margin {
      unsafe address |= UInt(bitPattern: arena) & ~UInt(UInt32.max)
    }
    // An address below the arena wraps to a large index; no arena is smaller than `count`, so the right side does not.
    let index = unsafe address &- UInt(bitPattern: arena)
    guard unsafe index <= arenaSize &- count else { return nil }
    return unsafe arena + Int(bitPattern: index)
  }
}
