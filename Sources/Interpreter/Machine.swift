import BPF
import Compartment

/// A register of the running program.
@safe
struct RegisterReference {
  // SAFETY: points to a register, aligned to 8 bytes, of a block that outlives the run. The halves lie as on a machine that puts
  // the least significant byte first, as all do that Swift runs on.
  private let pointer: UnsafeMutablePointer<UInt64>

  @unsafe @inline(__always)
  init(address: UInt) {
    unsafe pointer = UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
  }

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
    @inline(__always) get { unsafe UnsafeRawPointer(pointer).load(as: UInt32.self) }
    @inline(__always) nonmutating set { set(upper: 0, lower: newValue) }
  }

  var signedWord: Int32 {
    @inline(__always) get { Int32(bitPattern: word) }
    @inline(__always) nonmutating set { word = UInt32(bitPattern: newValue) }
  }

  var upperWord: UInt32 {
    @inline(__always) get { unsafe UnsafeRawPointer(pointer).load(fromByteOffset: 4, as: UInt32.self) }
  }

  @inline(__always)
  func set(upper: UInt32, lower: UInt32) {
    value = UInt64(truncatingIfNeeded: upper) << 32 | UInt64(truncatingIfNeeded: lower)
  }

  /// The lowest bits.
  @inline(__always)
  func truncated<T: FixedWidthInteger>(to: T.Type) -> T { T(truncatingIfNeeded: word) }
}

/// The registers of the running program and the stack of those it will return to.
@safe
struct Registers {
  // SAFETY: `address` is that of `words` words, aligned to 8 bytes, for the whole run. A register's number is at most 10; at
  // most `Arena.maximumFrames` - 1 calls wait, which `push`'s callers check with `depth`.
  private let address: UInt
  /// Functions running, the innermost included.
  private(set) var depth = 1

  private static let count = 11
  private static let wordsPerCall = 5
  /// Registers of all functions that are running, in one block: the 11 of the innermost, then for each call that waits for
  /// its return r6 to r9 and the place of the call.
  static let words = count + wordsPerCall * (Arena.maximumFrames - 1)

  @unsafe
  init(address: UInt) {
    self.address = address
  }

  /// What a run starts with; the other registers are 0.
  func start(context: UInt64, contextLength: UInt64, stackTop: UInt64) {
    for index in 0..<Self.count { self[index].value = 0 }
    self[.r1].value = context
    self[.r2].value = contextLength
    self[.r10].value = stackTop
  }

  subscript(register: Register) -> RegisterReference {
    @inline(__always) get { self[Int(register.rawValue)] }
  }

  private subscript(word: Int) -> RegisterReference {
    @inline(__always) get { unsafe RegisterReference(address: address &+ UInt(bitPattern: word &* 8)) }
  }

  /// Keeps what a local call has to preserve and moves r10 to a frame of its own. `depth` is below the maximum.
  @inline(never) @_optimize(speed)
  mutating func push(calledFrom place: UInt) {
    let saved = Self.count + (depth - 1) * Self.wordsPerCall
    for index in 0..<4 { self[saved + index].value = self[6 + index].value }
    self[saved + 4].value = UInt64(place)
    self[.r10].value &-= UInt64(Arena.frameSize)
    depth += 1
  }

  /// Restores what `push` kept. `depth` is above 1.
  ///
  /// - Returns: how far the call is from `place`, in bytes.
  // Not inlined, as adding up addresses with those of the cursor would keep more of them alive all over the loop.
  @inline(never) @_optimize(speed)
  mutating func pop(from place: UInt) -> Int {
    depth -= 1
    let saved = Self.count + (depth - 1) * Self.wordsPerCall
    for index in 0..<4 { self[6 + index].value = self[saved + index].value }
    self[.r10].value &+= UInt64(Arena.frameSize)
    return Int(bitPattern: UInt(truncatingIfNeeded: self[saved + 4].value) &- place)
  }
}

/// What a run needs now and then, apart from what the loop keeps in the processor's registers.
struct Machine {
  var registers: Registers
  /// Stack frames of the arena.
  let frames: Int
  var budget: Budget
  var pause = Pause.returned
  /// Of a trap, see `Trap.address`.
  var address: UInt64 = 0

  /// An access to `base` plus `offset` was refused.
  @inline(never)
  mutating func refuse(_ rule: Trap.Rule, _ base: UInt64, _ offset: Int) {
    trap(rule, UInt64(UInt(truncatingIfNeeded: base) &+ UInt(bitPattern: offset)))
  }

  @inline(never)
  mutating func trap(_ rule: Trap.Rule, _ address: UInt64 = 0) {
    pause = .trapped(rule)
    self.address = address
  }
}

/// Why the loop ended.
enum Pause {
  /// The first function returned.
  case returned
  case trapped(Trap.Rule)
  /// The helper at this position is called; the loop goes on when it has returned.
  case helper(position: UInt8)
  /// The helper whose number is in this register is called, likewise.
  case helperIn(RegisterReference)
}

/// What is left of a budget beyond what a cursor counts.
struct Budget {
  private(set) var reserve: Int
  /// How many instructions a cursor counts at most.
  private let segment: Int

  /// - Parameters:
  ///   - instructions: how many may run, at least 0.
  ///   - segment: how many of them are counted at a time.
  init(instructions: Int, segment: Int) {
    reserve = instructions
    self.segment = segment
  }

  /// Gives out what may run next, after so many instructions that nothing was given out for.
  @inline(never)
  mutating func take(missing: Int) -> Int {
    let more = min(reserve, missing &+ segment)
    reserve &-= more
    return more
  }
}
