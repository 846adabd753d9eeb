import BPF
import Bytes
import Compartment
import CortexM
import Helpers
import Interpreter
import JIT
import Measurement
import NativeCode
import Platform
import ProgramImage
import Runtime
import Verifier

/// Compiles the kernel's image and runs it.
///
/// - Returns: whether it gave the right result and left the right context, the first time and the last.
func measureCompiled(_ it: borrowing BenchmarkCase, _ isolation: Isolation) -> Bool {
  guard let image = try? ProgramImage(it.program) else { return false }
  let count = image.instructionCount
  var decoded = FixedArray(repeating: Instruction(.exit), count: count)
  var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
  var arena = Arena(size: Limits.arenaBytes)
  return measureCode(it, image, isolation, &arena, decoded.mutableSpan, cells.mutableSpan)
}

private func measureCode(
  _ it: borrowing BenchmarkCase, _ image: borrowing ProgramImage, _ isolation: Isolation,
  _ arena: inout Arena, _ decoded: consuming MutableSpan<Instruction>,
  _ cells: consuming MutableSpan<AnalysisCell>
) -> Bool {
  var regions = Regions(
    dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: it.context.count)
  regions.addressesFitWord = true
  guard let processor = ThumbProcessor.current, (try? image.decode(into: &decoded)) != nil,
    let program = try? verify(
      decoded, entry: image.entry, granting: .empty, regions: regions, using: cells),
    (try? arena.prepare(
      frames: program.maximumDepth, dataSize: image.dataSize + image.bssSize, bssSize: 0,
      contextSize: it.context.count)) != nil
  else { return false }
  var window = arena.context
  for index in it.context.indices { window[index] = it.context[index] }
  let rodata = image.rodata.withUnsafeBytes { bytes in UInt32(UInt(bitPattern: bytes.baseAddress)) }
  let environment = NativeEnvironment(
    isolation: isolation, arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
    data: UInt32(arena.dataAddress), rodata: rodata, routines: processor.routines)
  var code = FixedArray<UInt16>(repeating: 0, count: 16 * 1024)
  var workspace = FixedArray(repeating: CompilerCell(), count: program.instructions.count)
  var span = workspace.mutableSpan
  var compiled: CompiledCode?
  let cost = Stopwatch.instructions {
    compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &span)
  }
  guard let compiled else { return false }
  processor.synchronize()
  report("compile_instructions", cost)
  report("code_bytes", UInt64(compiled.size))
  report("checked_accesses", UInt64(compiled.checkedAccesses))
  report("accesses", UInt64(compiled.accesses))
  let run = NativeRun(
    code: UInt32(code.address), codeSize: UInt32(compiled.size), entry: UInt32(compiled.entry),
    context: UInt32(arena.contextAddress), contextLength: UInt32(it.context.count),
    stackTop: UInt32(arena.stackTop), arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
    rodata: rodata, rodataSize: UInt32(image.rodata.count), milliseconds: 10_000)
  var outcome = processor.run(run, call: refuse)
  if case .stopped(let rule, let site, let address) = outcome {
    report("trap_rule", UInt64(rule.rawValue))
    report("trap_site", UInt64(site))
    report("trap_address", address)
  }
  guard isRight(it, outcome, &arena) else { return false }
  let all = Stopwatch.instructions { outcome = processor.run(run, call: refuse) }
  let call = measureEmptyRun(processor, isolation, run)
  report("call_instructions", call)
  // As for native code, what calling takes is told apart: an empty program's three instructions stand for the kernel's own
  // way out.
  report("instructions", all - call + 3)
  return isRight(it, outcome, &arena)
}

private func isRight(_ it: borrowing BenchmarkCase, _ outcome: NativeOutcome, _ arena: inout Arena) -> Bool {
  guard case .returned(let result) = outcome else { return false }
  return isRight(it, result, &arena)
}

/// What entering and leaving a compiled program takes, its three instructions included.
private func measureEmptyRun(
  _ processor: ThumbProcessor, _ isolation: Isolation, _ like: NativeRun
) -> UInt64 {
  var instructions: InlineArray<2, Instruction> = [
    Instruction(.mov64Imm, destination: .r0), Instruction(.exit),
  ]
  guard let program = try? verify(instructions.mutableSpan, entry: 0, granting: .empty) else { return 0 }
  let environment = NativeEnvironment(
    isolation: isolation, arena: like.arena, arenaSize: like.arenaSize, data: like.stackTop, rodata: 0,
    routines: processor.routines)
  var code = FixedArray<UInt16>(repeating: 0, count: 64)
  var workspace = InlineArray<2, CompilerCell>(repeating: CompilerCell())
  var cells = workspace.mutableSpan
  guard let compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &cells) else {
    return 0
  }
  processor.synchronize()
  let run = NativeRun(
    code: UInt32(code.address), codeSize: UInt32(compiled.size), entry: UInt32(compiled.entry),
    context: like.context, contextLength: like.contextLength, stackTop: like.stackTop, arena: like.arena,
    arenaSize: like.arenaSize, rodata: like.rodata, rodataSize: like.rodataSize, milliseconds: 10_000)
  return Stopwatch.instructions { _ = processor.run(run, call: refuse) }
}

/// Kernels call nothing.
private func refuse(_ call: NativeCall) -> NativeReply {
  .stop(.invalidOperation, address: 0)
}
