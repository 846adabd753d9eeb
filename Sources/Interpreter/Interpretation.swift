import BPF
public import Compartment
public import Verifier

/// A program in the form that runs, in memory of whoever keeps it. See `Interpretation.load`.
public struct InterpretedProgram: BitwiseCopyable, Sendable {
  /// Where its steps lie.
  let steps: UInt
  /// The instruction that runs first.
  let entry: Int

  init(steps: UInt, entry: Int) {
    self.steps = steps
    self.entry = entry
  }
}

/// A program that is being interpreted: where it is, and what is left of its budget.
///
/// Plain numbers, so that it may lie in memory that a thread works on which is not trusted with anything else. It stops for
/// each helper; whoever lets it ``advance()`` carries that out and puts the result into ``result``.
@safe
public struct Interpretation: BitwiseCopyable {
  // SAFETY: steps, registers and what `bounds` allows outlive the value: whoever makes one sees to that.
  private let program: InterpretedProgram
  private let bounds: AccessBounds
  private var machine: Machine
  private var cursor: StepCursor
  /// All instructions it was ever allowed.
  private var allowed: Int

  /// Why the program has stopped.
  public enum Pause: Sendable {
    case returned(UInt64)
    /// Of a spent budget, it can go on after ``allow(_:)``.
    case trapped(Trap)
    /// It calls the helper at this position.
    case helper(position: UInt8)
    /// It calls the helper with this number, if there is one and it is granted.
    case numbered(UInt64)
  }

  /// Before the first instruction, with what the registers hold.
  ///
  /// - Parameters:
  ///   - program: what ``load(_:into:registers:dataAddress:rodataAddress:)`` made.
  ///   - registers: where they are, as it was loaded for.
  ///   - frames: stack frames of the arena.
  ///   - bounds: what the program may reach.
  ///   - budget: how many instructions may run. It is looked at whenever a jump is taken, a function or a helper called or
  ///     returned from; so straight code runs to its end and `executed` may exceed the budget by its length.
  ///   - segment: how many of them are counted at a time.
  @unsafe
  init(
    program: InterpretedProgram, registers: UInt, frames: Int, bounds: AccessBounds, budget: Int, segment: Int
  ) {
    var reserve = Budget(instructions: budget, segment: segment)
    self.program = program
    unsafe self.bounds = bounds
    cursor = unsafe StepCursor(
      first: program.steps &+ UInt(bitPattern: program.entry &* MemoryLayout<Step>.stride), budget: &reserve)
    machine = Machine(registers: unsafe Registers(address: registers), frames: frames, budget: reserve)
    allowed = budget
  }

  /// Before the first instruction of a run.
  ///
  /// - Parameters:
  ///   - program: what ``load(_:into:registers:dataAddress:rodataAddress:)`` made.
  ///   - registers: where they are, as it was loaded for.
  ///   - frames: stack frames of the arena.
  ///   - bounds: what the program may reach.
  ///   - context: what r1 starts with, for instance the address of the arena's context window.
  ///   - contextLength: what r2 starts with.
  ///   - stackTop: what r10 starts with.
  ///   - budget: how many instructions may run.
  @unsafe
  public init(
    program: InterpretedProgram, registers: UInt, frames: Int, bounds: AccessBounds, context: UInt64,
    contextLength: UInt64, stackTop: UInt64, budget: Int
  ) {
    // 64 bytes of address range for each counted instruction are more than a step takes.
    unsafe self.init(
      program: program, registers: registers, frames: frames, bounds: bounds, budget: budget,
      segment: .max / 64)
    machine.registers.start(context: context, contextLength: contextLength, stackTop: stackTop)
  }

  /// Runs until the program stops. Allocates nothing.
  public mutating func advance() -> Pause {
    cursor = unsafe execute(cursor, bounds, &machine)
    switch machine.pause {
    case .returned: return .returned(machine.registers[.r0].value)
    case .helper(let position): return .helper(position: position)
    case .helperIn(let register): return .numbered(register.value)
    case .trapped(let rule): return .trapped(Trap(rule, at: index, address: machine.address))
    }
  }

  /// Lets a program whose budget was spent run so many instructions more: that which it stopped at is the first.
  public mutating func allow(_ instructions: Int) {
    allowed = executed &- 1 &+ instructions
    machine.budget = Budget(instructions: instructions, segment: .max / 64)
    cursor = unsafe StepCursor(first: cursor.current, budget: &machine.budget)
  }

  /// The instruction that ran last.
  public var index: Int {
    Int(bitPattern: cursor.current &- program.steps) / MemoryLayout<Step>.stride
  }

  /// Instructions that have run. A wide load counts as one.
  public var executed: Int {
    // The largest budgets, overrun by straight code, would count beyond what `Int` holds.
    let (difference, overflow) = allowed.subtractingReportingOverflow(
      cursor.remaining &+ machine.budget.reserve)
    return overflow ? .max : difference
  }

  /// r1 to r5: what the helper is called with.
  public var arguments: HelperArguments {
    let registers = machine.registers
    return HelperArguments(
      r1: registers[.r1].value, r2: registers[.r2].value, r3: registers[.r3].value, r4: registers[.r4].value,
      r5: registers[.r5].value)
  }

  /// r0.
  public var result: UInt64 {
    get { machine.registers[.r0].value }
    nonmutating set { machine.registers[.r0].value = newValue }
  }
}

extension Interpretation {
  /// Bytes that a program of so many instructions takes in the form that runs.
  public static func programBytes(instructions: Int) -> Int { instructions * MemoryLayout<Step>.stride }

  /// Bytes that the registers take, those of waiting functions included.
  public static var registerBytes: Int { Registers.words * 8 }

  /// Makes the form of a program that runs.
  ///
  /// - Precondition: `memory` has ``programBytes(instructions:)`` bytes at an address divisible by 8.
  /// - Parameters:
  ///   - program: what to run.
  ///   - memory: where to put it. It has to stay there while the program runs.
  ///   - registers: where the registers will be: ``registerBytes`` at an address divisible by 8.
  ///   - dataAddress: where the program's data will be.
  ///   - rodataAddress: where its read-only data will be.
  /// - Returns: what a run takes.
  public static func load(
    _ program: borrowing VerifiedProgram, into memory: inout MutableSpan<UInt8>, registers: UInt,
    dataAddress: UInt64, rodataAddress: UInt64
  ) -> InterpretedProgram {
    precondition(memory.count >= programBytes(instructions: program.instructions.count))
    let translation = Translation(
      registers: registers, dataAddress: dataAddress, rodataAddress: rodataAddress)
    let address = unsafe memory.withUnsafeMutableBytes { bytes in UInt(bitPattern: bytes.baseAddress) }
    precondition(address & 7 == 0)
    // SAFETY: a step is plain numbers, there is room for all, and nobody looks at the memory in its other form.
    var bytes = unsafe memory.mutableBytes
    var steps = unsafe bytes._unsafeMutableView(as: Step.self)
    translation.translate(program.instructions, into: &steps)
    return InterpretedProgram(steps: address, entry: program.entry)
  }
}
