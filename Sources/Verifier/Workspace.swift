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

/// The cells that the caller lends, for as long as the analysis takes.
@safe
struct AnalysisCells {
  // SAFETY: made from the caller's cells by `verify` alone, which keeps them from everybody else until the analysis is over.
  // A span in its place would make the compiler copy what holds it at every call.
  private let start: UnsafeMutablePointer<AnalysisCell>
  let count: Int

  @unsafe
  init?(_ cells: UnsafeMutableBufferPointer<AnalysisCell>) {
    guard let start = cells.baseAddress else { return nil }
    unsafe self.start = start
    count = cells.count
  }

  subscript(index: Int) -> AnalysisCell {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe start[index]
    }
    nonmutating set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      unsafe start[index] = newValue
    }
  }

  /// What is known about slot `index`, the eight bytes from r10 - 512 + 8 * `index` on, when something is about those in `known`.
  func slot(_ index: Int, of known: UInt64) -> AbstractValue {
    known >> UInt64(index) & 1 != 0 ? AbstractValue(self[Workspace.slotBase + index]) : .unknown
  }

  subscript(register: Register) -> AbstractValue {
    get { AbstractValue(self[Int(register.rawValue)]) }
    nonmutating set { self[Int(register.rawValue)] = newValue.cell }
  }

  // What an instruction uses is read here and not by who follows the program, because the compiler copies that for
  // whoever only reads it.

  /// The value of a register that the instruction uses.
  func operand(_ register: Register) throws(Breach) -> AbstractValue {
    let value = self[register]
    guard value.kind != .uninitialised else {
      throw Breach(.uninitialisedRegister, found: Int64(register.rawValue))
    }
    return value
  }

  /// The value of a register that decides where the program goes or what it touches.
  func decisive(_ register: Register) throws(Breach) -> AbstractValue {
    let value = try operand(register)
    guard value.kind != .indeterminate else {
      throw Breach(.uninitialisedStack, found: Int64(register.rawValue))
    }
    return value
  }
}

/// What the analysis knows, in cells of the caller: the state it is following the program with, and what it keeps for later.
///
/// The state is what is known before an instruction. It stays where it is, as copying it would be most of the work.
struct Workspace: ~Copyable {
  // Cells: 11 for the registers, 64 for the slots of the stack frame, 16 for likely bounds, 8 for the join points that
  // wait; then one for each join point, then what is known there.
  static var slotBase: Int { 11 }
  static var boundBase: Int { slotBase + 64 }
  static var boundCapacity: Int { 16 }
  static var waitingBase: Int { boundBase + boundCapacity }
  static var joinBase: Int { waitingBase + 8 }

  let cells: AnalysisCells
  /// Bit n: something is known about slot n, which is bytes 8n to 8n + 7 of the stack frame.
  var knownSlots: UInt64 = 0
  /// Bit n: something may have been written to slot n since the function began.
  var writtenSlots: UInt64 = ~0
  /// Whether this may be the function the program starts with.
  var mayBeFirst = true
  /// Whether this may be a function that was called.
  var mayBeCalled = true

  /// How many likely bounds there are, and the next to be replaced.
  var boundCount = 0
  var nextBound = 0
  /// The join point that was followed last.
  var lastJoin = 0
  /// The first cell that is not in use.
  var used: Int

  /// Takes `cells` for a program with `joinCount` join points, for which it has room.
  init(_ cells: AnalysisCells, joinCount: Int) {
    used = Self.joinBase + joinCount
    self.cells = cells
    for index in Self.waitingBase..<used { cells[index] = AnalysisCell() }
    set(Int(Register.r10.rawValue), AbstractValue(.stack, low: 0, extent: 0, shift: 32))
  }

  // MARK: Registers

  mutating func set(_ number: Int, _ value: AbstractValue) {
    cells[number] = value.cell
  }

  // MARK: The stack frame

  mutating func setSlot(_ index: Int, _ value: AbstractValue) {
    if value.isUnknown {
      knownSlots &= ~(1 << UInt64(index))
    } else {
      knownSlots |= 1 << UInt64(index)
      cells[Self.slotBase + index] = value.cell
    }
  }

  /// A bit for each slot that has one of the bytes at offsets `low` to `high` from r10, which are within the frame.
  static func slots(_ low: Int32, through high: Int32) -> UInt64 {
    let first = UInt64(UInt32(truncatingIfNeeded: low &+ Int32(Arena.frameSize)) >> 3)
    let last = UInt64(UInt32(truncatingIfNeeded: high &+ Int32(Arena.frameSize)) >> 3)
    return first == last ? 1 &<< first : ~0 &<< first & ~0 &>> (63 &- last)
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

  // MARK: Functions

  /// Nothing is known any more but r10.
  mutating func forgetAll() {
    for number in 0..<10 { set(number, .unknown) }
    writeAnything()
    mayBeFirst = true
    mayBeCalled = true
  }

  /// Goes on with what is known when the program starts.
  mutating func beginProgram(contextSize size: Int32) {
    beginFunction()
    mayBeCalled = false
    for number in 3...5 { set(number, .uninitialised) }
    guard size != RegionLimits.unknown else { return }
    if size > 0 { cells[.r1] = AbstractValue(.context, low: 0, extent: 0, shift: 32) }
    cells[.r2] = AbstractValue(constant: Int64(size))
  }

  private mutating func beginFunction() {
    forgetAll()
    cells[.r0] = .uninitialised
    for number in 6...9 { set(number, .uninitialised) }
    writtenSlots = 0
  }

  /// What a local call preserves.
  struct Caller {
    fileprivate let registers: (AnalysisCell, AnalysisCell, AnalysisCell, AnalysisCell)
    fileprivate let mayBeFirst: Bool
    fileprivate let mayBeCalled: Bool
  }

  /// Goes on with what is known when any function starts that is called: r1 to r5 may be arguments, the frame is its own.
  mutating func beginCall() -> Caller {
    let caller = Caller(
      registers: (cells[6], cells[7], cells[8], cells[9]), mayBeFirst: mayBeFirst, mayBeCalled: mayBeCalled)
    beginFunction()
    mayBeFirst = false
    return caller
  }

  /// Goes on with what is known after the call. The function may have written to its caller's frame.
  mutating func endCall(_ caller: Caller) {
    (cells[6], cells[7], cells[8], cells[9]) = caller.registers
    (mayBeFirst, mayBeCalled) = (caller.mayBeFirst, caller.mayBeCalled)
    writeAnything()
    endCall(result: .unknown)
  }

  /// A call is over: r1 to r5 belong to the function that was called.
  mutating func endCall(result: AbstractValue) {
    cells[.r0] = result
    for number in 1...5 { set(number, .uninitialised) }
  }
}
