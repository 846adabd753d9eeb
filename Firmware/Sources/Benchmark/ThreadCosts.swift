import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
import JIT
import Platform
import Runtime
import Threads
import Verifier

/// Counts what calling helpers and switching between programs take, with two compiled programs that call a helper in a loop
/// and do nothing else.
///
/// - Returns: whether the programs ran as they should.
func measureThreads() -> Bool {
  var threads = ThumbThreads(count: 2)
  var first = CallingProgram(calls: 1000)
  var second = CallingProgram(calls: 1000)
  guard let a = first.prepare(), let b = second.prepare() else { return false }
  let empty = CallingProgram.measureEmptyLoop(&threads)
  // One program alone: each call goes to the system and back.
  threads.start(0, a)
  var calls = 0
  let alone = Stopwatch.once {
    while let event = threads.next(), event.kind == .call {
      take(threads.call(of: event.thread))
      threads.resume(event.thread, returning: 0)
      calls += 1
    }
  }
  threads.end(0)
  guard calls == 1000 else { return false }
  report("helper_call", (alone - empty) / 1000)
  report("empty_loop", empty / 1000)
  // Two programs in turn: while the one waits for its answer, the other runs.
  threads.start(0, a)
  threads.start(1, b)
  var last = 1
  calls = 0
  let both = Stopwatch.once {
    while let event = threads.next(), event.kind == .call, event.thread != last {
      take(threads.call(of: event.thread))
      calls += 1
      if calls == 1000 { break }
      threads.resume(last, returning: 0)
      last = event.thread
    }
  }
  threads.end(0)
  threads.end(1)
  guard calls == 1000 else { return false }
  // What leaving one program and entering another takes.
  report("switch", both / 1000)
  report("start", Stopwatch.instructions { threads.start(0, a) })
  threads.end(0)
  report("thread_bytes", UInt64(ThumbThreads.bytesPerThread))
  return true
}

/// A compiled program that calls a helper so many times.
private struct CallingProgram: ~Copyable {
  private var arena = Arena(size: Limits.blockBytes, stackSize: Limits.threadStackBytes)
  private var code = FixedArray<UInt16>(repeating: 0, count: 512, alignment: 1024)
  private let calls: Int32
  private let isCalling: Bool

  init(calls: Int32, isCalling: Bool = true) {
    self.calls = calls
    self.isCalling = isCalling
  }

  mutating func prepare() -> ThreadProgram? {
    var instructions: InlineArray<5, Instruction> = [
      Instruction(.mov64Imm, destination: .r6, immediate: calls),
      isCalling
        ? Instruction(.callHelper, immediate: Int32(Helper.nowMilliseconds.rawValue))
        : Instruction(.mov64Imm, destination: .r0),
      Instruction(.sub64Imm, destination: .r6, immediate: 1),
      Instruction(.jne32Imm, destination: .r6, offset: -3),
      Instruction(.exit),
    ]
    guard let routines = ThumbThreads.routines,
      let program = try? verify(
        instructions.mutableSpan, entry: 0, granting: HelperSet(.nowMilliseconds)),
      (try? arena.prepare(frames: 1, dataSize: 0, bssSize: 0, contextSize: 0)) != nil
    else { return nil }
    let environment = NativeEnvironment(
      isolation: .hardware, arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
      data: UInt32(arena.dataAddress), rodata: 0, routines: routines)
    var workspace = InlineArray<5, CompilerCell>(repeating: CompilerCell())
    var cells = workspace.mutableSpan
    guard let compiled = try? compile(program, for: environment, into: code.mutableSpan, using: &cells) else {
      return nil
    }
    ThumbThreads.synchronize()
    let start = UInt(arena.address)
    return ThreadProgram(
      code: .compiled(address: code.address, size: UInt(compiled.size), entry: UInt(compiled.entry)),
      engineMemory: MemoryRegion(address: code.address, size: 1024), imageMemory: .none, block: arena.block,
      arena: start..<start + UInt(arena.size), rodata: 0..<0, frames: 1, context: 0, contextLength: 0,
      stackTop: UInt(arena.stackTop), milliseconds: 0, instructions: 0)
  }

  /// What the loop takes without a call, entering and leaving included.
  static func measureEmptyLoop(_ threads: inout ThumbThreads) -> UInt64 {
    var program = CallingProgram(calls: 1000, isCalling: false)
    guard let run = program.prepare() else { return 0 }
    threads.start(0, run)
    return Stopwatch.once { _ = threads.next() }
  }
}

nonisolated(unsafe) private var digest: UInt64 = 0

/// Stands for the helper: looks at each of its arguments.
@inline(__always)
private func take(_ call: NativeCall) {
  if case .helper(_, let arguments) = call {
    unsafe digest =
      arguments.r1 ^ arguments.r2 ^ arguments.r3 ^ arguments.r4 ^ arguments.r5
  }
}
