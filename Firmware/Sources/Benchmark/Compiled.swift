import BPF
import Bytes
import CCortexM
import Compartment
import CortexM
import Helpers
import Interpreter
import JIT
import Measurement
import NativeCode
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
  guard (try? image.decode(into: &decoded)) != nil,
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
    data: UInt32(arena.dataAddress), rodata: rodata, routines: NativeProcessor.routines)
  var code = FixedArray<UInt16>(repeating: 0, count: 16 * 1024)
  var workspace = FixedArray(repeating: CompilerCell(), count: program.instructions.count)
  var span = workspace.mutableSpan
  var compiled: CompiledCode?
  let cost = Stopwatch.instructions {
    compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &span)
  }
  guard let compiled else { return false }
  NativeProcessor.synchronize()
  report("compile_instructions", cost)
  report("code_bytes", UInt64(compiled.size))
  report("checked_accesses", UInt64(compiled.checkedAccesses))
  report("accesses", UInt64(compiled.accesses))
  let start = NativeStart(
    context: UInt32(arena.contextAddress), contextLength: UInt32(it.context.count),
    stackTop: UInt32(arena.stackTop), arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
    rodata: rodata, rodataSize: UInt32(image.rodata.count))
  let address = UInt32(code.address)
  var outcome = runNative(
    code: address + UInt32(compiled.entry), start, call: refuseCall, callNumbered: refuseCall)
  if let rule = outcome.rule {
    report("trap_rule", UInt64(rule.rawValue))
    report("trap_site", UInt64(outcome.site))
    report("trap_address", UInt64(outcome.address))
    return false
  }
  report("returned", outcome.returned)
  guard outcome.returned == it.result, holdsContext(&arena, it.contextAfter) else { return false }
  report(
    "instructions",
    Stopwatch.instructions {
      outcome = runNative(
        code: address + UInt32(compiled.entry), start, call: refuseCall, callNumbered: refuseCall)
    })
  return outcome.returned == it.result && holdsContext(&arena, it.contextAfter)
}

/// Kernels call nothing.
private let refuseCall:
  @convention(c) (UnsafeMutablePointer<native_run>, UInt32, UnsafePointer<UInt64>) -> UInt64 = { run, _, _ in
    unsafe run.pointee.rule = 5
    return 0
  }
