public import BPF
import Compartment

/// What is known before an instruction, on all the ways there that the analysis has found.
public struct AnalysisState: Sendable {
  static var slotCount: Int { 64 }

  private var registers = InlineArray<11, AbstractValue>(repeating: .unknown)
  private var slots = InlineArray<64, AbstractValue>(repeating: .unknown)
  /// Bit n: `slots` knows something about slot n, which is bytes 8n to 8n + 7 of the stack frame.
  private(set) var knownSlots: UInt64 = 0
  /// Bit n: something may have been written to slot n since the function began.
  var writtenSlots: UInt64 = ~0
  /// Whether this may be the function the program starts with; whether it may be one that was called.
  var mayBeFirst = true
  var mayBeCalled = true

  /// Nothing is known but r10.
  init() {
    registers[Int(Register.r10.rawValue)] = AbstractValue(.stack, low: 0, extent: 0, shift: 32)
  }

  /// What is known when the program starts.
  init(start regions: Regions) {
    self.init()
    beginFunction()
    mayBeCalled = false
    for number in 3...5 { registers[number] = .uninitialised }
    guard let size = regions.contextSize else { return }
    if size > 0 { self[.r1] = AbstractValue(.context, low: 0, extent: 0, shift: 32) }
    self[.r2] = AbstractValue(constant: Int64(size))
  }

  private mutating func beginFunction() {
    self[.r0] = .uninitialised
    for number in 6...9 { registers[number] = .uninitialised }
    writtenSlots = 0
  }

  /// What a local call preserves.
  struct Caller {
    fileprivate let registers: (AbstractValue, AbstractValue, AbstractValue, AbstractValue)
    fileprivate let mayBeFirst: Bool
    fileprivate let mayBeCalled: Bool
  }

  /// Goes on with what is known when any function starts that is called: r1 to r5 may be arguments, the frame is its own.
  mutating func beginCall() -> Caller {
    let caller = Caller(
      registers: (registers[6], registers[7], registers[8], registers[9]), mayBeFirst: mayBeFirst,
      mayBeCalled: mayBeCalled)
    forgetAll()
    beginFunction()
    mayBeFirst = false
    return caller
  }

  /// Goes on with what is known after the call. The function may have written to its caller's frame.
  mutating func endCall(_ caller: Caller) {
    (registers[6], registers[7], registers[8], registers[9]) = caller.registers
    (mayBeFirst, mayBeCalled) = (caller.mayBeFirst, caller.mayBeCalled)
    writeAnything()
    endCall(result: .unknown)
  }

  /// Nothing is known any more but r10.
  mutating func forgetAll() {
    for number in 0..<10 { registers[number] = .unknown }
    writeAnything()
    mayBeFirst = true
    mayBeCalled = true
  }

  public internal(set) subscript(register: Register) -> AbstractValue {
    @inline(__always) get { registers[Int(register.rawValue)] }
    @inline(__always) set { registers[Int(register.rawValue)] = newValue }
  }

  /// The register with this number, 0 to 10.
  subscript(number: Int) -> AbstractValue {
    get { registers[number] }
    set { registers[number] = newValue }
  }

  // MARK: The stack frame

  /// What is known about slot `index`: the eight bytes from r10 - 512 + 8 * `index` on.
  public func slot(_ index: Int) -> AbstractValue {
    knownSlots >> UInt64(index) & 1 != 0 ? slots[index] : .unknown
  }

  mutating func setSlot(_ index: Int, _ value: AbstractValue) {
    slots[index] = value
    if value.isUnknown { knownSlots &= ~(1 << UInt64(index)) } else { knownSlots |= 1 << UInt64(index) }
  }

  /// Whether nothing was written to slot `index`.
  public func isUnwritten(_ index: Int) -> Bool { writtenSlots >> UInt64(index) & 1 == 0 }

  /// A bit for each slot that has one of the bytes at offsets `low` to `high` from r10, which are within the frame.
  static func slots(_ low: Int64, through high: Int64) -> UInt64 {
    let first = UInt64(bitPattern: (low + Int64(Arena.frameSize)) >> 3)
    let last = UInt64(bitPattern: (high + Int64(Arena.frameSize)) >> 3)
    return ~0 &<< first & ~0 &>> (63 &- last)
  }

  /// Bytes of these slots may have been written.
  mutating func write(slots mask: UInt64) {
    knownSlots &= ~mask
    writtenSlots |= mask
  }

  /// Any byte of the frame may have been written.
  mutating func writeAnything() {
    knownSlots = 0
    writtenSlots = ~0
  }

  mutating func forgetSlots() { knownSlots = 0 }

  /// A call is over: r1 to r5 belong to the function that was called.
  mutating func endCall(result: AbstractValue) {
    self[.r0] = result
    for number in 1...5 { registers[number] = .uninitialised }
  }
}
