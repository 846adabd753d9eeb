import BPF
import Compartment

/// Registers of all functions that are running, in one block: the 11 of the innermost, then for each call that waits for
/// its return r6 to r9 and the place to return to.
struct RegisterBlock {
  static let registers = 11
  static let wordsPerCall = 5
  static let words = registers + wordsPerCall * (Arena.maximumFrames - 1)

  var words = InlineArray<46, UInt64>(repeating: 0)
}

/// A register of the running program.
@safe
struct RegisterReference {
  // SAFETY: made by `Registers` alone, which points it into a block that outlives the run.
  fileprivate let pointer: UnsafeMutablePointer<UInt64>

  var value: UInt64 {
    @inline(__always) get { unsafe pointer.pointee }
    @inline(__always) nonmutating set { unsafe pointer.pointee = newValue }
  }

  var signed: Int64 {
    @inline(__always) get { Int64(bitPattern: value) }
    @inline(__always) nonmutating set { value = UInt64(bitPattern: newValue) }
  }

  /// The lower half; writing it clears the upper half. RFC 9669 §4.1
  var word: UInt32 {
    @inline(__always) get { UInt32(truncatingIfNeeded: value) }
    @inline(__always) nonmutating set { value = UInt64(newValue) }
  }

  var signedWord: Int32 {
    @inline(__always) get { Int32(bitPattern: word) }
    @inline(__always) nonmutating set { word = UInt32(bitPattern: newValue) }
  }

  /// The lower half, its sign extended.
  @inline(__always)
  func truncated<T: FixedWidthInteger>(to: T.Type) -> T { T(truncatingIfNeeded: value) }
}

/// The registers of the running program and the stack of those it will return to.
@safe
struct Registers {
  // SAFETY: `block` points to the words of a `RegisterBlock` for the whole run. A register's number is at most 10; at
  // most `Arena.maximumFrames` - 1 calls wait, which `push`'s callers check with `depth`.
  private let block: UnsafeMutablePointer<UInt64>
  /// Functions running, the innermost included.
  private(set) var depth = 1

  @unsafe
  init(block: UnsafeMutablePointer<UInt64>) {
    unsafe self.block = block
  }

  subscript(register: Register) -> RegisterReference {
    @inline(__always) get { unsafe RegisterReference(pointer: block + Int(register.rawValue)) }
  }

  /// Keeps what a local call has to preserve and moves r10 to a frame of its own. `depth` is below the maximum.
  @inline(__always)
  mutating func push(returnTo address: UInt) {
    let saved = unsafe block + (RegisterBlock.registers + (depth - 1) * RegisterBlock.wordsPerCall)
    for index in 0..<4 { unsafe saved[index] = block[6 + index] }
    unsafe saved[4] = UInt64(address)
    self[.r10].value &-= UInt64(Arena.frameSize)
    depth += 1
  }

  /// Restores what `push` kept and returns the address to return to. `depth` is above 1.
  @inline(__always)
  mutating func pop() -> UInt {
    depth -= 1
    let saved = unsafe block + (RegisterBlock.registers + (depth - 1) * RegisterBlock.wordsPerCall)
    for index in 0..<4 { unsafe block[6 + index] = saved[index] }
    self[.r10].value &+= UInt64(Arena.frameSize)
    return unsafe UInt(truncatingIfNeeded: saved[4])
  }
}

/// One instruction of the running program, read in place.
@safe
struct InstructionReference {
  // SAFETY: made by `InstructionCursor` alone, see there.
  fileprivate let pointer: UnsafePointer<Instruction>

  var operation: Operation { @inline(__always) get { unsafe pointer.pointee.operation } }
  var destination: Register { @inline(__always) get { unsafe pointer.pointee.destination } }
  var source: Register { @inline(__always) get { unsafe pointer.pointee.source } }
  var offset: Int { @inline(__always) get { Int(unsafe pointer.pointee.offset) } }
  var immediate: Int32 { @inline(__always) get { unsafe pointer.pointee.immediate } }
  var resolved: UInt8 { @inline(__always) get { unsafe pointer.pointee.resolved } }

  /// The immediate as an operand of 64 bits, its sign extended.
  var extended: UInt64 { @inline(__always) get { UInt64(bitPattern: Int64(immediate)) } }
  /// The immediate as an operand of 32 bits.
  var word: UInt32 { @inline(__always) get { UInt32(bitPattern: immediate) } }
}

/// Where the program is, and how far it may go.
@safe
struct InstructionCursor {
  // SAFETY: `next` points into the instructions of a verified program or right behind them. The verifier's promises keep it
  // there: execution goes on behind an instruction, to the target of a jump or call, or to where a call came from, and
  // all of these are instructions of the program.
  private var next: UnsafePointer<Instruction>
  /// The address `next` would reach if all that is left of the budget were spent on a straight line. Only its distance
  /// to `next` has a meaning: it moves along with every jump, so counting costs straight code nothing.
  private var deadline: Int
  /// What is left of the budget beyond `deadline`.
  private var reserve: Int
  private let segment: Int

  private static let stride = MemoryLayout<Instruction>.stride

  /// - Parameters:
  ///   - first: the instruction to start at.
  ///   - budget: how many may run, at least 0.
  ///   - segment: how many of them are counted by one `deadline`.
  @unsafe
  init(first: UnsafePointer<Instruction>, budget: Int, segment: Int) {
    unsafe next = first
    self.segment = segment
    let now = min(budget, segment)
    reserve = budget - now
    deadline = Int(bitPattern: first) &+ now * Self.stride
  }

  var address: UInt { unsafe UInt(bitPattern: next) }

  private var left: Int { unsafe deadline &- Int(bitPattern: next) }

  /// What is left of the budget, in instructions; negative when more have run.
  var remaining: Int { left / Self.stride + reserve }

  /// Whether more instructions have run than the budget allows.
  @inline(__always)
  mutating func isSpent() -> Bool {
    if left >= 0 { return false }
    let more = Self.refill(missing: -left, reserve: reserve, segment: segment)
    reserve -= more
    deadline &+= more * Self.stride
    return left < 0
  }

  /// How much of `reserve` to move to the deadline when `missing` bytes of instructions have run beyond it.
  // Takes no `inout self`, which would keep the cursor out of the processor's registers.
  @inline(never)
  private static func refill(missing: Int, reserve: Int, segment: Int) -> Int {
    min(reserve, missing / stride + segment)
  }

  /// The next instruction, and on to the one behind it.
  @inline(__always)
  mutating func take() -> InstructionReference {
    let instruction = unsafe InstructionReference(pointer: next)
    unsafe next += 1
    return instruction
  }

  /// The immediate of the slot ahead, and on to the one behind it; that slot is no instruction and costs nothing.
  @inline(__always)
  mutating func takeUpperHalf() -> UInt32 {
    let half = unsafe UInt32(bitPattern: next.pointee.immediate)
    skip(1)
    return half
  }

  /// Goes on `distance` slots from here.
  @inline(__always)
  mutating func skip(_ distance: Int) {
    unsafe next += distance
    deadline &+= distance &* Self.stride
  }

  /// Goes on at `address`, which `address` returned earlier.
  @inline(__always)
  mutating func go(to address: UInt) {
    skip(unsafe (Int(bitPattern: address) &- Int(bitPattern: next)) / Self.stride)
  }
}
