import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
import Measurement
import ProgramImage
import Runtime
import Verifier

/// Loads, verifies and interprets the kernel's image.
///
/// - Returns: whether it gave the right result and left the right context, the first time and the last.
func measureInterpreter(_ it: borrowing BenchmarkCase) -> Bool {
  guard let image = try? ProgramImage(it.program) else { return false }
  let count = image.instructionCount
  var decoded = FixedArray(repeating: Instruction(.exit), count: count)
  var arena = Arena(size: Limits.blockBytes, stackSize: Limits.threadStackBytes)
  report(
    "load_instructions", Stopwatch.instructions { _ = load(it.program, into: decoded.mutableSpan) })
  var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
  report(
    "verify_instructions",
    Stopwatch.instructions {
      _ = load(
        it.program, contextSize: it.context.count, into: decoded.mutableSpan, using: cells.mutableSpan)
    })
  report("slots", UInt64(count))
  return measureRuns(it, image, &arena, decoded.mutableSpan)
}

private func measureRuns(
  _ it: borrowing BenchmarkCase, _ image: borrowing ProgramImage, _ arena: inout Arena,
  _ decoded: consuming MutableSpan<Instruction>
) -> Bool {
  guard (try? image.decode(into: &decoded)) != nil,
    let program = try? verify(decoded, entry: image.entry, granting: .empty),
    (try? arena.prepare(
      frames: program.maximumDepth, dataSize: image.dataSize + image.bssSize, bssSize: 0,
      contextSize: it.context.count)) != nil
  else { return false }
  var window = arena.context
  for index in it.context.indices { window[index] = it.context[index] }
  let context = arena.contextAddress
  let length = UInt64(it.context.count)
  var interpreter = Interpreter(capacity: program.instructions.count)
  var outcome: Outcome
  do {
    var memory = arena.memory(rodata: image.rodata)
    var host = NoHelpers()
    interpreter.load(program, for: memory)
    outcome = interpreter.run(
      memory: &memory, context: context, contextLength: length, budget: .max, host: &host)
    report("executed", UInt64(outcome.executed ?? 0))
    report(
      "translate_instructions", Stopwatch.instructions { interpreter.load(program, for: memory) })
  }
  guard isRight(it, outcome, &arena) else { return false }
  do {
    var memory = arena.memory(rodata: image.rodata)
    var host = NoHelpers()
    report(
      "instructions",
      Stopwatch.instructions {
        outcome = interpreter.run(
          memory: &memory, context: context, contextLength: length, budget: .max, host: &host)
      })
  }
  return isRight(it, outcome, &arena)
}

private func isRight(_ it: borrowing BenchmarkCase, _ outcome: Outcome, _ arena: inout Arena) -> Bool {
  guard case .returned(let result) = outcome.result else { return false }
  return isRight(it, result, &arena)
}

/// Whether a run gave what it should; tells it, too.
func isRight(_ it: borrowing BenchmarkCase, _ result: UInt64, _ arena: inout Arena) -> Bool {
  let context = arena.context
  report(result: result, context: context.span)
  return it.accepts(result, context.span)
}

@inline(never)
private func load(_ bytes: Span<UInt8>, into decoded: consuming MutableSpan<Instruction>) -> Bool {
  guard let image = try? ProgramImage(bytes), (try? image.decode(into: &decoded)) != nil else { return false }
  guard let program = try? verify(decoded, entry: image.entry, granting: .empty) else { return false }
  return program.instructions.count > 0
}

/// The same with both storeys of the verifier.
@inline(never)
private func load(
  _ bytes: Span<UInt8>, contextSize: Int, into decoded: consuming MutableSpan<Instruction>,
  using cells: consuming MutableSpan<AnalysisCell>
) -> Bool {
  guard let image = try? ProgramImage(bytes), (try? image.decode(into: &decoded)) != nil else { return false }
  let regions = Regions(
    dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: contextSize)
  guard
    let program = try? verify(
      decoded, entry: image.entry, granting: .empty, regions: regions, using: cells)
  else { return false }
  return program.areValuesKnown
}

/// A host for programs that call nothing.
struct NoHelpers: HelperHost {
  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    0
  }
}
