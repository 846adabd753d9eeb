import BPF
import Verifier

/// How what is needed behind an instruction leads to what is needed before it. Found out once, applied in each round.
///
/// An instruction names at most two registers, so four halves: lower and upper half of the destination, lower and upper half
/// of the source. For each of the four three bits tell whether the instruction reads it if the lower half of its result is
/// needed, if the upper half is, and whatever is needed. A bit for the upper half stands 11 above that for the lower one, as
/// in a `CellSet`, so that a shift by a register's number makes a set of what it is applied to.
struct Transfer {
  private var bits: UInt32

  /// Something that is asked of an instruction besides what it reads.
  enum Property: UInt32 {
    /// It writes both halves of its destination register.
    case writesDestination = 10
    /// It jumps on a condition.
    case branch = 21
    /// What it reads and writes is more than a transfer can say.
    case irregular = 22
    /// It takes a third register for intermediate values when its operands live on the stack.
    case needsSpare = 23
    /// It does when the upper half of its result is needed.
    case needsSpareForUpperHalf = 24
    /// It reads operands after it has written something.
    case worksInSteps = 25
    /// It does when the upper half of its result is needed.
    case worksInStepsForUpperHalf = 26
    /// It copies a register.
    case copiesLowerHalf = 27
    case copiesUpperHalf = 28
  }

  private enum Need: UInt32 {
    case forLowerHalf = 0
    case forUpperHalf = 1
    case always = 2
  }

  private static var ofSource: UInt32 { 3 }
  private static var upperHalf: UInt32 { 11 }
  private static var halves: UInt32 { 1 | 1 << upperHalf }
  private static var destinationShift: UInt32 { 6 }
  private static var sourceShift: UInt32 { 17 }

  init(rawValue: UInt32) {
    bits = rawValue
  }

  var rawValue: UInt32 {
    @inline(__always) get { bits }
  }

  @inline(__always)
  func contains(_ property: Property) -> Bool { bits >> property.rawValue & 1 != 0 }

  /// Whether it goes on with the next instruction, and a transfer says all that it reads and writes.
  var isRegular: Bool {
    @inline(__always)
    get { bits & 0x60_0000 == 0 }
  }

  /// Whether it has no property that says how its lower half may be computed.
  var isSimple: Bool {
    @inline(__always)
    get { bits & 0x0AC0_0000 == 0 }
  }

  private var destination: UInt32 {
    @inline(__always) get { bits >> Self.destinationShift & 0xF }
  }
  private var source: UInt32 {
    @inline(__always) get { bits >> Self.sourceShift & 0xF }
  }

  /// What the instruction reads, when `live` is needed behind it.
  @inline(__always)
  func uses(liveAfter live: CellSet) -> CellSet {
    let results = live.bits &>> destination
    var needed = bits &>> Need.always.rawValue
    if results & 1 != 0 { needed |= bits }
    if results &>> Self.upperHalf & 1 != 0 { needed |= bits &>> Need.forUpperHalf.rawValue }
    return CellSet(
      bits: (needed & Self.halves) &<< destination
        | (needed &>> Self.ofSource & Self.halves) &<< source)
  }

  /// What is needed before the instruction, when `live` is behind it.
  @inline(__always)
  func live(before live: CellSet) -> CellSet {
    live.subtracting(definitions).union(uses(liveAfter: live))
  }

  /// What it writes.
  var definitions: CellSet {
    @inline(__always)
    get { CellSet(bits: contains(.writesDestination) ? Self.halves &<< destination : 0) }
  }

  // MARK: Finding it out

  init(of instruction: Instruction) {
    bits =
      UInt32(instruction.destination.rawValue) &<< Self.destinationShift
      | UInt32(instruction.source.rawValue) &<< Self.sourceShift
    let opcode = instruction.operation.opcode
    switch opcode & 7 {
    case 4: setArithmetic32(instruction, opcode)
    case 7: setArithmetic64(instruction, opcode)
    case 5, 6: setJump(instruction, opcode)
    case 1:
      setSource(.always, 1)
      set(.writesDestination)
    case 2:
      setDestination(.always, 1)
    case 3:
      setStore(instruction, opcode)
    default:
      if instruction.operation != .wideUpperHalf { set(.writesDestination) }
    }
  }

  private mutating func set(_ property: Property) {
    bits |= 1 &<< property.rawValue
  }

  private mutating func setDestination(_ need: Need, _ halves: UInt32) {
    bits |= halves &<< need.rawValue
  }

  private mutating func setSource(_ need: Need, _ halves: UInt32) {
    bits |= halves &<< (need.rawValue &+ Self.ofSource)
  }

  private mutating func setStore(_ instruction: Instruction, _ opcode: UInt8) {
    guard !instruction.operation.isAtomic else {
      set(.irregular)
      set(.needsSpare)
      return set(.worksInSteps)
    }
    setBoth(.always, 1, 1)
    if opcode & 0x18 == 0x18, !instruction.proven.contains(.sourceFitsWord) {
      setSource(.always, 1 << Self.upperHalf)
    }
  }

  private mutating func setArithmetic32(_ instruction: Instruction, _ opcode: UInt8) {
    let code = opcode & 0xF0
    if code == 0xD0 { return setSwap(instruction, isIdentity: opcode == 0xD4) }
    set(.writesDestination)
    if code == 0x90 { set(.needsSpare) }
    if code != 0xB0 { setDestination(.forLowerHalf, 1) }
    guard opcode & 8 != 0 else { return }
    setSource(.forLowerHalf, 1)
    if instruction.operation == .mov32Reg { set(.copiesLowerHalf) }
  }

  private mutating func setSwap(_ instruction: Instruction, isIdentity: Bool) {
    set(.worksInSteps)
    if instruction.immediate != 64 {
      set(.writesDestination)
      setDestination(.forLowerHalf, 1)
    } else if !isIdentity {
      set(.writesDestination)
      setDestination(.forLowerHalf, 1 << Self.upperHalf)
      setDestination(.forUpperHalf, 1)
    }
  }

  private mutating func setArithmetic64(_ instruction: Instruction, _ opcode: UInt8) {
    let code = opcode & 0xF0
    if code == 0xD0 { return setSwap(instruction, isIdentity: false) }
    set(.writesDestination)
    set(.worksInStepsForUpperHalf)
    let proofs = instruction.proven
    let isRegister = opcode & 8 != 0
    // The halves of an operand that count for the upper half of the result, and for the whole.
    let upper: UInt32 = proofs.contains(.destinationFitsWord) ? 0 : 1 << Self.upperHalf
    let sourceUpper: UInt32 = proofs.contains(.sourceFitsWord) ? 0 : 1 << Self.upperHalf
    let distance = instruction.immediate & 63
    let needsUpperHalf = !proofs.contains(.resultFitsWord)
    switch code {
    case 0xB0:
      guard isRegister else { return }
      setSource(.forLowerHalf, 1)
      if instruction.offset == 0 {
        set(.copiesLowerHalf)
        set(.copiesUpperHalf)
        if needsUpperHalf { setSource(.forUpperHalf, sourceUpper) }
      } else if needsUpperHalf {
        setSource(.forUpperHalf, 1)
      }
    case 0x40, 0x50, 0xA0:
      // Or, and, exclusive or: half by half.
      setBoth(.forLowerHalf, 1, isRegister ? 1 : 0)
      if needsUpperHalf { setBoth(.forUpperHalf, upper, isRegister ? sourceUpper : 0) }
    case 0x00, 0x10, 0x20, 0x80:
      // Add, subtract, multiply, negate: the upper half depends on all, the lower on the lower.
      if code == 0x20 { set(.needsSpareForUpperHalf) }
      setBoth(.forLowerHalf, 1, isRegister ? 1 : 0)
      if needsUpperHalf { setBoth(.forUpperHalf, upper | 1, isRegister ? sourceUpper | 1 : 0) }
    case 0x60 where !isRegister:
      // To the left: the lower half moves up.
      if distance < 32 { setDestination(.forLowerHalf, 1) }
      if needsUpperHalf { setDestination(.forUpperHalf, distance < 32 ? upper | 1 : 1) }
    case 0x70 where !isRegister, 0xC0 where !isRegister:
      setDestination(.forLowerHalf, (distance < 32 ? 1 : 0) | (distance > 0 ? upper : 0))
      if needsUpperHalf { setDestination(.forUpperHalf, upper) }
    default:
      // Shifts by a register, divisions.
      let isDivision = code == 0x30 || code == 0x90
      if code == 0x90 { set(.needsSpare) }
      let source = isRegister ? isDivision ? sourceUpper | 1 : 1 : 0
      setBoth(.forLowerHalf, upper | 1, source)
      if needsUpperHalf { setBoth(.forUpperHalf, upper | 1, source) }
    }
  }

  private mutating func setBoth(_ need: Need, _ destination: UInt32, _ source: UInt32) {
    setDestination(need, destination)
    setSource(need, source)
  }

  private mutating func setJump(_ instruction: Instruction, _ opcode: UInt8) {
    guard instruction.operation.isConditionalJump else { return set(.irregular) }
    set(.branch)
    let isRegister = opcode & 8 != 0
    setBoth(.always, 1, isRegister ? 1 : 0)
    guard opcode & 7 == 5 else { return }
    let proofs = instruction.proven
    let upper: UInt32 = proofs.contains(.destinationFitsWord) ? 0 : 1 << Self.upperHalf
    let sourceUpper: UInt32 = proofs.contains(.sourceFitsWord) ? 0 : 1 << Self.upperHalf
    setBoth(.always, upper, isRegister ? sourceUpper : 0)
    // Equality and single bits: both halves together.
    switch opcode & 0xF0 {
    case 0x10, 0x40, 0x50: if upper | sourceUpper != 0 { set(.needsSpare) }
    default: break
    }
  }
}
