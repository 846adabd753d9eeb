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
  switch outcome {
  case .returned(let result): report("returned", result)
  case .stopped(let rule, let site, let address):
    report("trap_rule", UInt64(rule.rawValue))
    report("trap_site", UInt64(site))
    report("trap_address", address)
  }
  guard outcome == .returned(it.result), holdsContext(&arena, it.contextAfter) else { return false }
  report(
    "instructions",
    Stopwatch.instructions { outcome = processor.run(run, call: refuse) })
  return outcome == .returned(it.result) && holdsContext(&arena, it.contextAfter)
}

/// Kernels call nothing.
private func refuse(_ call: NativeCall) -> NativeReply {
  .stop(.invalidOperation, address: 0)
}
