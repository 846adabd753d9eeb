import BPF
public import Compartment
import Helpers
public import Verifier

/// Runs a program until it returns, does what it may not, or has spent its budget. Allocates nothing.
///
/// - Parameters:
///   - program: what to run.
///   - memory: the compartment to run in, its arena prepared for the program.
///   - context: what r1 holds at the start, for instance the address of the arena's context window.
///   - contextLength: what r2 holds at the start.
///   - budget: how many instructions may run. It is looked at whenever a jump is taken, a function or a helper called or returned
///     from; so straight code runs to its end and `executed` may exceed the budget by its length.
///   - host: who carries out the helpers.
/// - Returns: the result or the trap, and how many instructions ran.
public func interpret<Host: HelperHost & ~Copyable>(
  _ program: borrowing VerifiedProgram, memory: inout CompartmentMemory, context: UInt64,
  contextLength: UInt64,
  budget: Int, host: inout Host
) -> Outcome {
  // 64 bytes of address range for each counted instruction are more than the 12 it takes.
  interpret(
    program, memory: &memory, context: context, contextLength: contextLength, budget: budget,
    segment: .max / 64,
    host: &host)
}

func interpret<Host: HelperHost & ~Copyable>(
  _ program: borrowing VerifiedProgram, memory: inout CompartmentMemory, context: UInt64,
  contextLength: UInt64,
  budget: Int, segment: Int, host: inout Host
) -> Outcome {
  let budget = max(budget, 0)
  let entry = program.entry
  let granted = program.granted
  var block = RegisterBlock()
  var words = block.words.mutableSpan
  return unsafe words.withUnsafeMutableBufferPointer { words in
    unsafe program.instructions.withUnsafeBufferPointer { instructions in
      // SAFETY: neither buffer is empty, both outlive the run, and the verifier found `entry` to be an instruction.
      let registers = unsafe Registers(block: words.baseAddress.unsafelyUnwrapped)
      let base = unsafe instructions.baseAddress.unsafelyUnwrapped
      let first = unsafe InstructionCursor(first: base + entry, budget: budget, segment: segment)
      registers[.r1].value = context
      registers[.r2].value = contextLength
      registers[.r10].value = memory.stackTop
      var stop = Stop()
      let cursor = execute(
        registers, from: first, granted: granted, memory: &memory, host: &host, stop: &stop)
      // The largest budgets, overrun by straight code, would count beyond what `Int` holds.
      let (difference, overflow) = budget.subtractingReportingOverflow(cursor.remaining)
      let executed = overflow ? .max : difference
      guard let rule = stop.rule else {
        return Outcome(result: .returned(registers[.r0].value), executed: executed)
      }
      let index =
        (Int(bitPattern: cursor.address) - Int(bitPattern: base)) / MemoryLayout<Instruction>.stride - 1
      return Outcome(
        result: .trapped(Trap(rule, at: index, address: stop.address, helperFault: stop.fault)),
        executed: executed)
    }
  }
}

/// Why the loop ended.
struct Stop {
  /// `nil` after the return of the first function.
  var rule: Trap.Rule?
  var address: UInt64 = 0
  var fault: HelperFault?
}
