import BPF
import Bytes
import Compartment
import CortexM
import Helpers
import Interpreter
import JIT
import Measurement
import Platform
import ProgramImage
import Runtime
import Threads
import Verifier

/// Compiles the kernel's image and runs it.
///
/// - Returns: whether it gave the right result and left the right context, the first time and the last.
func measureCompiled(_ it: borrowing BenchmarkCase, _ isolation: Isolation) -> Bool {
  guard let image = try? ProgramImage(it.program) else { return false }
  let count = image.instructionCount
  var decoded = FixedArray(repeating: Instruction(.exit), count: count)
  var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
  var arena = Arena(size: Limits.blockBytes, stackSize: Limits.threadStackBytes)
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
  guard let routines = ThumbThreads.routines, (try? image.decode(into: &decoded)) != nil,
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
    data: UInt32(arena.dataAddress), rodata: rodata, routines: routines)
  var code = FixedArray<UInt16>(repeating: 0, count: 16 * 1024, alignment: 32 * 1024)
  var workspace = FixedArray(repeating: CompilerCell(), count: program.instructions.count)
  var span = workspace.mutableSpan
  var compiled: CompiledCode?
  let cost = Stopwatch.instructions {
    compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &span)
  }
  guard let compiled else { return false }
  ThumbThreads.synchronize()
  report("compile_instructions", cost)
  report("code_bytes", UInt64(compiled.size))
  report("checked_accesses", UInt64(compiled.checkedAccesses))
  report("accesses", UInt64(compiled.accesses))
  let arenaStart = UInt(arena.address)
  let run = ThreadProgram(
    code: .compiled(address: code.address, size: UInt(compiled.size), entry: UInt(compiled.entry)),
    engineMemory: MemoryRegion(address: code.address, size: 32 * 1024), imageMemory: Memory.image,
    block: arena.block, arena: arenaStart..<arenaStart + UInt(arena.size),
    rodata: UInt(rodata)..<UInt(rodata) + UInt(image.rodata.count), frames: arena.frames,
    context: UInt(arena.contextAddress), contextLength: UInt(it.context.count),
    stackTop: UInt(arena.stackTop),
    milliseconds: 10_000, instructions: 0)
  var threads = ThumbThreads(count: 1)
  let outcome = threads.run(run, call: refuse)
  if case .stopped(let rule, let place, let address) = outcome {
    report("trap_rule", UInt64(rule.rawValue))
    if case .code(let site) = place { report("trap_site", UInt64(site)) }
    report("trap_address", address)
  }
  guard isRight(it, outcome, &arena) else { return false }
  var result: UInt64 = 0
  var failures = 0
  let all = Stopwatch.instructions { runAgain(&threads, &result, &failures) }
  let call = measureEmptyRun(&threads, routines, isolation, run)
  report("call_instructions", call)
  // As for native code, what calling takes is told apart: an empty program's three instructions stand for the kernel's own
  // way out.
  report("instructions", max(all + 3, call) - call)
  return failures == 0 && isRight(it, result, &arena)
}

/// Enters the thread's program anew, and leaves it with its result.
@inline(__always)
private func runAgain(_ threads: inout ThumbThreads, _ result: inout UInt64, _ failures: inout Int) {
  _ = threads.restart(0)
  if case .returned(let value) = threads.finish(0, call: refuse) { result = value } else { failures += 1 }
}

private func isRight(_ it: borrowing BenchmarkCase, _ outcome: ThreadEnding, _ arena: inout Arena) -> Bool {
  guard case .returned(let result) = outcome else { return false }
  return isRight(it, result, &arena)
}

/// What entering and leaving a compiled program takes, its three instructions included.
private func measureEmptyRun(
  _ threads: inout ThumbThreads, _ routines: NativeRoutines, _ isolation: Isolation, _ like: ThreadProgram
) -> UInt64 {
  var instructions: InlineArray<2, Instruction> = [
    Instruction(.mov64Imm, destination: .r0), Instruction(.exit),
  ]
  guard let program = try? verify(instructions.mutableSpan, entry: 0, granting: .empty) else { return 0 }
  let environment = NativeEnvironment(
    isolation: isolation, arena: UInt32(like.arena.lowerBound), arenaSize: UInt32(like.arena.count),
    data: UInt32(like.stackTop), rodata: 0, routines: routines)
  var code = FixedArray<UInt16>(repeating: 0, count: 512, alignment: 1024)
  var workspace = InlineArray<2, CompilerCell>(repeating: CompilerCell())
  var cells = workspace.mutableSpan
  guard let compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &cells) else {
    return 0
  }
  ThumbThreads.synchronize()
  var run = like
  run.code = .compiled(address: code.address, size: UInt(compiled.size), entry: UInt(compiled.entry))
  run.engineMemory = MemoryRegion(address: code.address, size: 1024)
  threads.start(0, run)
  var result: UInt64 = 1
  var failures = 0
  let cost = Stopwatch.instructions { runAgain(&threads, &result, &failures) }
  return result == 0 && failures == 0 ? cost : 0
}

/// Where the case lies whose image holds the kernels' read-only data: code memory.
private enum Memory {
  static var image: MemoryRegion {
    MemoryRegion(address: UInt(BenchmarkMemory.caseAddress), size: UInt(BenchmarkMemory.caseBytes))
  }
}

/// Kernels call nothing.
private func refuse(_ call: NativeCall) -> NativeReply {
  .stop(.invalidOperation, address: 0)
}
