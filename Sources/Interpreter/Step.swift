import BPF

/// An instruction in the form the loop reads: everything that can be known before the program runs has been worked out.
///
/// Three words of the machine, so that one instruction of the processor fetches both operands. A step stands at the index
/// of its slot.
struct Step: BitwiseCopyable {
  var handler: Handler
  /// What the instruction was, for the handlers that many of them share.
  var operation: Operation
  /// As in the instruction.
  var offset: Int16
  /// The address of the destination register.
  var destination: UInt
  /// The address of the source register, or the immediate with its sign extended.
  var operand: UInt
}

/// One step of the running program, read in place.
@safe
struct StepReference {
  // SAFETY: points into the steps of a program, see `StepCursor`. `Translation` has put the addresses of registers into `destination` and,
  // of an instruction with a source, `operand`.
  private let pointer: UnsafePointer<Step>

  @unsafe @inline(__always)
  init(_ pointer: UnsafePointer<Step>) {
    unsafe self.pointer = pointer
  }

  var handler: Handler { @inline(__always) get { unsafe pointer.pointee.handler } }
  var operation: Operation { @inline(__always) get { unsafe pointer.pointee.operation } }
  var offset: Int { @inline(__always) get { Int(unsafe pointer.pointee.offset) } }

  var destination: RegisterReference {
    @inline(__always) get { unsafe RegisterReference(address: pointer.pointee.destination) }
  }

  /// The source register or the immediate.
  var operand: Operand { @inline(__always) get { unsafe Operand(bits: pointer.pointee.operand) } }
}

/// The second operand of a step. Which of its meanings it has, the handler says.
@safe
struct Operand {
  // SAFETY: the address of a register where `register` is asked for, as `Translation` has seen to.
  private let bits: UInt

  @unsafe @inline(__always)
  init(bits: UInt) {
    self.bits = bits
  }

  /// The source register.
  var register: RegisterReference { @inline(__always) get { unsafe RegisterReference(address: bits) } }

  /// The immediate as an operand of 32 bits.
  var word: UInt32 { @inline(__always) get { UInt32(truncatingIfNeeded: bits) } }
  var signedWord: Int32 { @inline(__always) get { Int32(bitPattern: word) } }
  /// The immediate as an operand of 64 bits, its sign extended.
  var extended: UInt64 { @inline(__always) get { UInt64(bitPattern: Int64(signedWord)) } }

  /// How far a jump without a condition, or a call, goes: in bytes.
  var distance: Int { @inline(__always) get { Int(bitPattern: bits) } }
}

/// Where the program is, and how far it may go.
@safe
struct StepCursor {
  // SAFETY: `current` is the address of a step of the program, or, before the first `take`, one step less. The verifier's
  // promises keep it there: execution goes on behind an instruction, to the target of a jump or call, or to behind where a
  // call came from, and all of these are instructions of the program.
  /// The address of the step taken last.
  private(set) var current: UInt
  /// The address that `current` would reach if all that may run ran on a straight line. Only its distance to `current` has a
  /// meaning: it moves along with every jump, so counting costs straight code nothing.
  private var deadline: UInt

  private static let stride = UInt(MemoryLayout<Step>.stride)

  /// - Parameters:
  ///   - first: the address of the step to start at.
  ///   - budget: how many may run.
  @unsafe
  init(first: UInt, budget: inout Budget) {
    current = first &- Self.stride
    deadline = current
    grant(budget.take(missing: 0))
  }

  private var left: Int { Int(bitPattern: deadline &- current) }

  /// What is left of the instructions this cursor may take; negative when more have been taken.
  var remaining: Int { left / Int(Self.stride) }

  private mutating func grant(_ instructions: Int) {
    deadline &+= UInt(bitPattern: instructions) &* Self.stride
  }

  /// Whether more instructions have run than the budget allows.
  @inline(__always)
  mutating func isSpent(_ budget: inout Budget) -> Bool {
    if left >= 0 { return false }
    grant(budget.take(missing: 0 &- remaining))
    return left < 0
  }

  /// On to the step behind, and that one.
  @inline(__always)
  mutating func take() -> StepReference {
    current &+= Self.stride
    return unsafe StepReference(UnsafePointer(bitPattern: current).unsafelyUnwrapped)
  }

  /// The immediate of the slot behind, and on to that; it is no instruction and costs nothing. `distance` is 1.
  // Not a constant: added up with that of `take`, it would keep two addresses alive all over the loop.
  @inline(__always)
  mutating func takeUpperHalf(at distance: Int) -> UInt32 {
    skip(distance)
    return unsafe StepReference(UnsafePointer(bitPattern: current).unsafelyUnwrapped).operand.word
  }

  /// Jumps so many slots, counted from the one behind.
  @inline(__always)
  mutating func skip(_ distance: Int) {
    skip(bytes: distance &* Int(Self.stride))
  }

  /// Jumps so many bytes of steps.
  @inline(__always)
  mutating func skip(bytes distance: Int) {
    current &+= UInt(bitPattern: distance)
    deadline &+= UInt(bitPattern: distance)
  }
}
