import BPF
import Bytes
public import Compartment
import Helpers
public import Verifier

/// Runs programs, one at a time: takes one in with ``load(_:for:)`` and runs it as often as wanted.
///
/// The program is kept in a form of its own, so what it was loaded from may change afterwards.
public struct Interpreter: ~Copyable {
  private var steps: FixedArray<Step>
  private var registers: FixedArray<UInt64>
  private var entry = 0
  private var granted = HelperSet.empty

  /// Takes the memory for programs of up to `capacity` instructions: 12 bytes for each on a machine of 32 bits, and 368.
  ///
  /// Until a program is loaded, a run returns 0.
  public init(capacity: Int) {
    registers = FixedArray(repeating: 0, count: Registers.words)
    let exit = Step(
      handler: .exit, operation: .exit, offset: 0, destination: registers.address, operand: 0)
    steps = FixedArray(repeating: exit, count: capacity)
  }

  /// The most instructions a program may have.
  public var capacity: Int { steps.count }

  /// Takes a program in. Allocates nothing.
  ///
  /// - Precondition: it has at most ``capacity`` instructions.
  /// - Parameters:
  ///   - program: what to run.
  ///   - memory: the compartment it will run in. Only where its regions are matters here.
  public mutating func load(_ program: borrowing VerifiedProgram, for memory: borrowing CompartmentMemory) {
    load(program.instructions, entry: program.entry, granted: program.granted, for: memory)
  }

  /// Takes in instructions that keep what the verifier promises.
  mutating func load(
    _ instructions: Span<Instruction>, entry: Int, granted: HelperSet, for memory: borrowing CompartmentMemory
  ) {
    precondition(instructions.count <= capacity)
    self.entry = entry
    self.granted = granted
    let translation = Translation(
      registers: registers.address, dataAddress: memory.dataAddress, rodataAddress: memory.rodataAddress)
    var span = steps.mutableSpan
    translation.translate(instructions, into: &span)
  }

  /// Runs the program until it returns, does what it may not, or has spent its budget. Allocates nothing.
  ///
  /// - Parameters:
  ///   - memory: the compartment to run in, its arena prepared for the program.
  ///   - context: what r1 holds at the start, for instance the address of the arena's context window.
  ///   - contextLength: what r2 holds at the start.
  ///   - budget: how many instructions may run. It is looked at whenever a jump is taken, a function or a helper called or
  ///     returned from; so straight code runs to its end and `executed` may exceed the budget by its length.
  ///   - host: who carries out the helpers.
  /// - Returns: the result or the trap, and how many instructions ran.
  public mutating func run<Host: HelperHost & ~Copyable>(
    memory: inout CompartmentMemory, context: UInt64, contextLength: UInt64, budget: Int, host: inout Host
  ) -> Outcome {
    // 64 bytes of address range for each counted instruction are more than a step takes.
    run(
      memory: &memory, context: context, contextLength: contextLength, budget: budget, segment: .max / 64,
      host: &host)
  }

  mutating func run<Host: HelperHost & ~Copyable>(
    memory: inout CompartmentMemory, context: UInt64, contextLength: UInt64, budget: Int, segment: Int,
    host: inout Host
  ) -> Outcome {
    var words = registers.mutableSpan
    // One by one: a loop would take as long as an empty program.
    words[0] = 0
    words[1] = context
    words[2] = contextLength
    words[3] = 0
    words[4] = 0
    words[5] = 0
    words[6] = 0
    words[7] = 0
    words[8] = 0
    words[9] = 0
    words[10] = memory.stackTop
    return run(memory: &memory, budget: budget, segment: segment, host: &host)
  }

  /// A register of the program, between runs.
  subscript(register: Register) -> UInt64 {
    get { registers.span[Int(register.rawValue)] }
    set {
      var words = registers.mutableSpan
      words[Int(register.rawValue)] = newValue
    }
  }

  /// Runs with what the registers hold.
  mutating func run<Host: HelperHost & ~Copyable>(
    memory: inout CompartmentMemory, budget: Int, segment: Int, host: inout Host
  ) -> Outcome {
    // SAFETY: both arrays are `self`'s and stay where they are; the verifier found `entry` to be an instruction. The bounds
    // are those of `memory`, which is borrowed for the whole run.
    var run = unsafe Interpretation(
      program: InterpretedProgram(steps: steps.address, entry: entry), registers: registers.address,
      frames: memory.frames, bounds: memory.bounds, budget: max(budget, 0), segment: segment)
    while true {
      let called: Helper?
      switch run.advance() {
      case .returned(let value): return Outcome(result: .returned(value), executed: run.executed)
      case .trapped(let trap): return Outcome(result: .trapped(trap), executed: run.executed)
      case .helper(let position): called = Helper(position: position)
      case .numbered(let number):
        called = UInt8(exactly: number).flatMap { Helper(rawValue: $0) }
        guard let called else { return trapped(run, .unknownHelper, number) }
        guard granted.contains(called) else { return trapped(run, .helperNotGranted, number) }
      }
      guard let called else { return trapped(run, .invalidOperation) }
      do throws(HelperFault) {
        run.result = try host.call(called, run.arguments, &memory)
      } catch {
        return trapped(run, .helperFault, error.address, error)
      }
    }
  }

  @inline(never)
  private func trapped(
    _ run: borrowing Interpretation, _ rule: Trap.Rule, _ address: UInt64 = 0, _ fault: HelperFault? = nil
  ) -> Outcome {
    let trap = Trap(rule, at: run.index, address: address, helperFault: fault)
    return Outcome(result: .trapped(trap), executed: run.executed)
  }
}
