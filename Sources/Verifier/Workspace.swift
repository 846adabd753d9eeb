import BPF
import Compartment

/// A piece of the working memory of the analysis of values: 12 bytes.
public struct AnalysisCell: BitwiseCopyable, Equatable, Sendable {
  var first: UInt32
  var second: UInt32
  var third: UInt32

  public init() {
    self.init(0, 0, 0)
  }

  init(_ first: UInt32, _ second: UInt32, _ third: UInt32) {
    self.first = first
    self.second = second
    self.third = third
  }
}

/// The number of a value in the table of all that came up. Equal values have the same, so states are compared and copied by
/// numbers of eight bits.
typealias ValueNumber = UInt8

extension ValueNumber {
  static var unknown: ValueNumber { 0 }
  static var uninitialised: ValueNumber { 1 }
  static var indeterminate: ValueNumber { 2 }
  /// Any number of 32 bits.
  static var word: ValueNumber { 3 }
  /// No value has it.
  static var none: ValueNumber { 255 }
}

/// What the analysis knows, in cells that the caller lends for as long as it takes.
///
/// The state is what is known before an instruction: of the registers and of the slots of the stack frame the numbers of
/// their values. It stays where it is, as do the states that are kept where jumps lead (`JoinPoints`).
@safe
struct Workspace {
  // SAFETY: the memory is the caller's, `count` cells of it and at least `minimumCells`; `verify` makes this value and keeps the
  // memory from everybody else until the analysis is over. Below `valueBase` each access is to a place of fixed number, or to
  // one of an array by an index that its type or a mask keeps inside; in the table of values a mask does; what lies above
  // it is reached by `word`, which checks.
  private let start: UnsafeMutableRawPointer
  let count: Int

  // Bytes: a number for each of r0 to r10, and flags; masks of slots written and known, 8 each; a number for each of the 64
  // slots; bits for the join points that wait; likely bounds; what else has to be remembered. Then cells: the values; one
  // for each join point; what is known there.
  private static var flagsAt: Int { 11 }
  private static var writtenAt: Int { 12 }
  private static var knownAt: Int { 20 }
  private static var slotsAt: Int { 28 }
  private static var waitingAt: Int { 92 }
  private static var boundsAt: Int { 124 }
  private static var roomAt: Int { 252 }
  private static var byteAt: Int { 256 }
  private static var halfwordAt: Int { 257 }
  private static var addressesFitAt: Int { 258 }
  private static var valueMaskAt: Int { 259 }
  private static var rodataAt: Int { 260 }
  /// In the third word of a value: its upper half is zero.
  private static var fitsBit: UInt32 { 1 << 16 }
  private static var valueBase: Int { 22 }
  /// With fewer cells nothing can be analysed.
  static var minimumCells: Int { valueBase + 32 }
  /// Bytes of a state without its slots.
  static var stateBytes: Int { slotsAt }
  static var boundCapacity: Int { 16 }

  @unsafe
  init?(_ cells: UnsafeMutableBufferPointer<AnalysisCell>, _ regions: RegionLimits) {
    guard let start = cells.baseAddress, cells.count >= Self.minimumCells else { return nil }
    unsafe self.start = UnsafeMutableRawPointer(start)
    count = cells.count
    // Half of the memory is for values, but for no more than have numbers.
    var places: UInt32 = 32
    while places < 256, Int(places) * 4 <= count - Self.valueBase { places *= 2 }
    store(byte: UInt8(truncatingIfNeeded: places &- 1), at: Self.valueMaskAt)
    for offset in stride(from: Self.waitingAt, to: Self.waitingAt + 32, by: 4) { store(0, at: offset) }
    var place = Self.valueBase &* 12 &+ 8
    let end = place &+ Int(places) &* 12
    while place < end {
      store(0, at: place)
      store(0, at: place &+ 12)
      store(0, at: place &+ 24)
      store(0, at: place &+ 36)
      place &+= 48
    }
    setCell(of: 0, AbstractValue.unknown.cell)
    setCell(of: 1, AbstractValue.uninitialised.cell)
    setCell(of: 2, AbstractValue.indeterminate.cell)
    setCell(of: 3, AnalysisCell(0, .max, AbstractValue.word.cell.third | Self.fitsBit))
    store(byte: regions.addressesFitWord ? 1 : 0, at: Self.addressesFitAt)
    store(UInt32(bitPattern: max(regions.rodata, 0)), at: Self.rodataAt)
    // The last number is nobody's.
    if places == 256 { setCell(of: 255, AnalysisCell(0, 0, .max)) }
    // Some places stay free, so that a search ends.
    store(places - places / 8 - 5, at: Self.roomAt)
    store(byte: number(of: AbstractValue(as: .zeroExtended, 0, 0xFF, 0)), at: Self.byteAt)
    store(byte: number(of: AbstractValue(as: .zeroExtended, 0, 0xFFFF, 0)), at: Self.halfwordAt)
    self[.r10] = number(of: AbstractValue(.stack, low: 0, extent: 0, shift: 32))
  }

  /// Places in the table of values, a power of two, less one.
  private var valueMask: UInt32 { @inline(__always) get { UInt32(byte(Self.valueMaskAt)) } }

  /// The first cell behind the values.
  var joinBase: Int { Self.valueBase + Int(valueMask) + 1 }

  // MARK: Memory

  @inline(__always)
  private func load(_ offset: Int) -> UInt32 { unsafe start.load(fromByteOffset: offset, as: UInt32.self) }

  @inline(__always)
  private func store(_ word: UInt32, at offset: Int) {
    unsafe start.advanced(by: offset).assumingMemoryBound(to: UInt32.self).pointee = word
  }

  @inline(__always)
  private func byte(_ offset: Int) -> UInt8 { unsafe start.load(fromByteOffset: offset, as: UInt8.self) }

  @inline(__always)
  private func store(byte: UInt8, at offset: Int) {
    unsafe start.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
  }

  @inline(__always)
  private func setCell(of number: UInt32, _ cell: AnalysisCell) {
    let offset = (Self.valueBase &+ Int(number & valueMask)) &* 12
    store(cell.first, at: offset)
    store(cell.second, at: offset &+ 4)
    store(cell.third, at: offset &+ 8)
  }

  /// A word of cell `cell`, for what lies behind the values.
  subscript(cell: Int, word: Int) -> UInt32 {
    @inline(__always) get {
      precondition(UInt(bitPattern: cell) < UInt(bitPattern: count))
      return load(cell &* 12 &+ word &* 4)
    }
    @inline(__always) nonmutating set {
      precondition(UInt(bitPattern: cell) < UInt(bitPattern: count))
      store(newValue, at: cell &* 12 &+ word &* 4)
    }
  }

  /// Byte `index` of what begins with cell `cell`.
  subscript(cell: Int, byte index: Int) -> UInt8 {
    @inline(__always) get {
      let offset = cell &* 12 &+ index
      precondition(UInt(bitPattern: offset) < UInt(bitPattern: count &* 12))
      return byte(offset)
    }
    @inline(__always) nonmutating set {
      let offset = cell &* 12 &+ index
      precondition(UInt(bitPattern: offset) < UInt(bitPattern: count &* 12))
      store(byte: newValue, at: offset)
    }
  }

  /// The state that is kept from cell `cell` on.
  @inline(__always)
  func record(at cell: Int) -> StateRecord {
    precondition(UInt(bitPattern: cell) < UInt(bitPattern: count &- 2))
    return unsafe StateRecord(start.advanced(by: cell &* 12))
  }

  /// The state itself.
  var current: StateRecord { @inline(__always) get { unsafe StateRecord(start) } }

  // MARK: Values

  /// The value with this number.
  @inline(__always)
  func value(_ number: ValueNumber) -> AbstractValue {
    let offset = (Self.valueBase &+ Int(UInt32(number) & valueMask)) &* 12
    return AbstractValue(AnalysisCell(load(offset), load(offset &+ 4), load(offset &+ 8) & ~Self.fitsBit))
  }

  /// 1 if the upper half of the value is zero: that is known of the number, or addresses have 32 bits. Else 0.
  @inline(__always)
  func fitsWord(_ number: ValueNumber) -> UInt8 {
    byte((Self.valueBase &+ Int(UInt32(number) & valueMask)) &* 12 &+ 10)
  }

  /// Whether the value is a number whose upper half is zero.
  @inline(__always)
  func upperHalfIsZero(_ number: ValueNumber) -> Bool {
    byte((Self.valueBase &+ Int(UInt32(number) & valueMask)) &* 12 &+ 8)
      == AbstractValue.Kind.zeroExtended.rawValue
  }

  /// The number of a value. When the table is full, of something that holds of it.
  @inline(never) @_optimize(speed)
  func number(of value: AbstractValue) -> ValueNumber {
    let cell = value.cell
    if cell.second == .max {
      if value.kind == .any { return .unknown }
      if value.kind == .zeroExtended { return .word }
    }
    if !value.hasValue { return value.kind == .uninitialised ? .uninitialised : .indeterminate }
    // The highest bits of a product with the golden ratio spread best.
    let hash = (cell.first ^ cell.second &<< 3 ^ cell.third) &* 0x9E37_79B1
    let mask = valueMask
    var place = hash.multipliedFullWidth(by: mask &+ 1).high
    while true {
      place &= mask
      let offset = (Self.valueBase &+ Int(place)) &* 12
      let third = load(offset &+ 8)
      // No value has a third word of zero.
      if third == 0 { return add(cell, at: place) }
      if third & ~Self.fitsBit == cell.third, load(offset) == cell.first, load(offset &+ 4) == cell.second {
        return ValueNumber(truncatingIfNeeded: place)
      }
      place &+= 1
    }
  }

  /// Adds a value. Some places stay free.
  @inline(never)
  private func add(_ cell: AnalysisCell, at place: UInt32) -> ValueNumber {
    let room = load(Self.roomAt)
    let value = AbstractValue(cell)
    guard room > 0 else { return value.upperHalfIsZero ? .word : .unknown }
    store(room &- 1, at: Self.roomAt)
    let fits =
      value.upperHalfIsZero
      || byte(Self.addressesFitAt) != 0 && value.addressFitsWord(rodataSize: load(Self.rodataAt))
    setCell(of: place, AnalysisCell(cell.first, cell.second, cell.third | (fits ? Self.fitsBit : 0)))
    return ValueNumber(truncatingIfNeeded: place)
  }

  /// The number of any number of 8 bits.
  var anyByte: ValueNumber { byte(Self.byteAt) }
  /// The number of any number of 16 bits.
  var anyHalfword: ValueNumber { byte(Self.halfwordAt) }

  // MARK: The state

  /// The number of a register's value.
  subscript(register: Register) -> ValueNumber {
    @inline(__always) get { byte(Int(register.rawValue)) }
    @inline(__always) nonmutating set { store(byte: newValue, at: Int(register.rawValue)) }
  }

  func value(_ register: Register) -> AbstractValue { value(self[register]) }

  /// Bit n: something may have been written to slot n since the function began.
  var writtenSlots: UInt64 {
    get { mask(Self.writtenAt) }
    nonmutating set { setMask(newValue, Self.writtenAt) }
  }

  /// Bit n: something is known about slot n, which is bytes 8n to 8n + 7 of the stack frame.
  var knownSlots: UInt64 {
    get { mask(Self.knownAt) }
    nonmutating set { setMask(newValue, Self.knownAt) }
  }

  private func mask(_ offset: Int) -> UInt64 { UInt64(load(offset)) | UInt64(load(offset + 4)) << 32 }

  private func setMask(_ mask: UInt64, _ offset: Int) {
    store(UInt32(truncatingIfNeeded: mask), at: offset)
    store(UInt32(truncatingIfNeeded: mask >> 32), at: offset + 4)
  }

  /// The number of what is known about slot `index`, the eight bytes from r10 - 512 + 8 * `index` on.
  func slot(_ index: Int) -> ValueNumber {
    let known = load(Self.knownAt &+ (index & 32) >> 3)
    return known &>> UInt32(truncatingIfNeeded: index & 31) & 1 != 0 ? self.known(index) : .unknown
  }

  func setSlot(_ index: Int, _ number: ValueNumber) {
    let half = Self.knownAt &+ (index & 32) >> 3
    let bit = 1 as UInt32 &<< UInt32(truncatingIfNeeded: index & 31)
    store(byte: number, at: Self.slotsAt &+ index & 63)
    store(number == .unknown ? load(half) & ~bit : load(half) | bit, at: half)
  }

  /// The number of slot `index`, about which something is known.
  @inline(__always)
  func known(_ index: Int) -> ValueNumber { byte(Self.slotsAt &+ index & 63) }

  /// Keeps the number of slot `index`, which is said to be known already.
  @inline(__always)
  func keep(_ index: Int, _ number: ValueNumber) { store(byte: number, at: Self.slotsAt &+ index & 63) }

  /// A bit for each slot that has one of the bytes at offsets `low` to `high` from r10, which are within the frame.
  static func slots(_ low: Int32, through high: Int32) -> UInt64 {
    let first = UInt64(UInt32(truncatingIfNeeded: low &+ Int32(Arena.frameSize)) >> 3)
    let last = UInt64(UInt32(truncatingIfNeeded: high &+ Int32(Arena.frameSize)) >> 3)
    return first == last ? 1 &<< first : ~0 &<< first & ~0 &>> (63 &- last)
  }

  /// Bytes of these slots may have been written.
  func write(slots mask: UInt64) {
    knownSlots &= ~mask
    writtenSlots |= mask
  }

  /// Any byte of the frame may have been written.
  func writeAnything() {
    knownSlots = 0
    writtenSlots = ~0
  }

  // MARK: Functions

  /// Bit 0: this may be the function the program starts with. Bit 1: it may be a function that was called.
  private var flags: UInt8 {
    get { byte(Self.flagsAt) }
    nonmutating set { store(byte: newValue, at: Self.flagsAt) }
  }

  var mayBeFirst: Bool { flags & 1 != 0 }
  var mayBeCalled: Bool { flags & 2 != 0 }

  /// Nothing is known any more but r10.
  func forgetAll() {
    current[0] = 0
    current[1] = 0
    // r8 and r9, then r10 as it is, and both flags.
    current[2] = current[2] & 0xFF_0000 | 3 << 24
    writeAnything()
  }

  /// Goes on with what is known when the program starts.
  func beginProgram(contextSize size: Int32) {
    beginFunction(1)
    uninitialise(0x38)
    guard size != RegionLimits.unknown else { return }
    if size > 0 { self[.r1] = number(of: AbstractValue(.context, low: 0, extent: 0, shift: 32)) }
    self[.r2] = number(of: AbstractValue(constant: Int64(size)))
  }

  private func beginFunction(_ flags: UInt8) {
    forgetAll()
    self.flags = flags
    self[.r0] = .uninitialised
    uninitialise(0x3C0)
    writtenSlots = 0
  }

  /// Nothing was written to the registers with a bit in `mask`.
  private func uninitialise(_ mask: UInt32) {
    for number in 0..<10 where mask >> UInt32(number) & 1 != 0 { store(byte: .uninitialised, at: number) }
  }

  /// What a local call preserves: r6 to r9, and the flags.
  typealias Caller = (UInt32, UInt32)

  /// Goes on with what is known when any function starts that is called: r1 to r5 may be arguments, the frame is its own.
  func beginCall() -> Caller {
    let caller = (current[1], current[2])
    beginFunction(2)
    return caller
  }

  /// Goes on with what is known after the call. The function may have written to its caller's frame.
  func endCall(_ caller: Caller) {
    (current[1], current[2]) = caller
    writeAnything()
    endCall(result: .unknown)
  }

  /// A call is over: r1 to r5 belong to the function that was called.
  func endCall(result: ValueNumber) {
    self[.r0] = result
    uninitialise(0x3E)
  }

  // MARK: Join points that have changed

  func setWaiting(join number: Int) {
    let offset = Self.waitingAt &+ (number & 255) >> 5 &* 4
    store(load(offset) | 1 &<< UInt32(number & 31), at: offset)
  }

  /// Takes one of those that wait: the next in the text after `last`, from the end on to the start.
  func takeWaitingJoin(after last: Int) -> Int? {
    var index = (last & 255) >> 5
    // What stands before the one taken last is looked at in the end, when the way leads here again.
    var mask = ~0 as UInt32 &<< UInt32(last & 31)
    for _ in 0...8 {
      let offset = Self.waitingAt &+ index &* 4
      let bits = load(offset)
      let next = bits & mask
      if next != 0 {
        store(bits & ~(next & (0 &- next)), at: offset)
        return index &* 32 &+ next.trailingZeroBitCount
      }
      index = (index &+ 1) & 7
      mask = ~0
    }
    return nil
  }

  // MARK: Likely bounds

  func bound(_ index: Int) -> Int64 {
    let offset = Self.boundsAt &+ (index & 15) &* 8
    return Int64(truncatingIfNeeded: UInt64(load(offset &+ 4)) << 32 | UInt64(load(offset)))
  }

  func setBound(_ index: Int, _ number: Int64) {
    let offset = Self.boundsAt &+ (index & 15) &* 8
    store(UInt32(truncatingIfNeeded: number), at: offset)
    store(UInt32(truncatingIfNeeded: number >> 32), at: offset &+ 4)
  }
}

/// A state without its slots: seven words.
@safe
struct StateRecord {
  // SAFETY: three cells of a workspace, which outlives this; a mask keeps each access inside.
  private let start: UnsafeMutableRawPointer

  @unsafe @inline(__always)
  init(_ start: UnsafeMutableRawPointer) {
    unsafe self.start = start
  }

  /// Three words with the registers and flags, then two each with the slots written and known.
  subscript(word: Int) -> UInt32 {
    @inline(__always) get { unsafe start.load(fromByteOffset: (word & 7) &* 4, as: UInt32.self) }
    @inline(__always) nonmutating set {
      unsafe start.advanced(by: (word & 7) &* 4).assumingMemoryBound(to: UInt32.self).pointee = newValue
    }
  }

  subscript(register register: Int) -> ValueNumber {
    @inline(__always) get { unsafe start.load(fromByteOffset: register & 15, as: UInt8.self) }
    @inline(__always) nonmutating set {
      unsafe start.storeBytes(of: newValue, toByteOffset: register & 15, as: UInt8.self)
    }
  }
}
