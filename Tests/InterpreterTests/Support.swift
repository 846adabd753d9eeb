import BPF
import Compartment
import Helpers
import Verifier

@testable import Interpreter

/// Records calls; `strlen` and `memcpy` work, `nowMilliseconds` returns 77, everything else returns its first argument.
struct RecordingHost: HelperHost {
  var calls: [(Helper, HelperArguments)] = []

  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    calls.append((helper, arguments))
    do throws(AccessFault) {
      switch helper {
      case .nowMilliseconds: return 77
      case .strlen: return UInt64(try memory.cString(at: arguments.r1, limit: 100).count)
      case .memcpy:
        try memory.copy(from: arguments.r2, to: arguments.r1, count: arguments.r3)
        return arguments.r1
      default: return arguments.r1
      }
    } catch {
      throw HelperFault(error, argument: helper == .memcpy && !error.isWrite ? 2 : 1)
    }
  }
}

/// A compartment of 8 KiB with all frames, 16 bytes of data, and a context window.
struct Bench {
  var rodata: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 0x88]
  var context: [UInt8] = []
  var frames = 8
  var granting = HelperSet.all
  var entry = 0
  var budget = 10_000
  var segment = 1_000_000
  var host = RecordingHost()
  /// What the data section holds after the run.
  var data: [UInt8] = []
  /// Where the arena started.
  var arena: UInt64 = 0
  /// Where the read-only data lay.
  var rodataAddress: UInt64 = 0

  mutating func run(_ program: [Instruction]) throws(VerifierError) -> Outcome {
    var program = program
    let verified = try verify(program.mutableSpan, entry: entry, granting: granting)
    var arena = Arena(size: 8192)
    do throws(ArenaError) {
      try arena.prepare(frames: frames, dataSize: 16, bssSize: 8, contextSize: context.count)
    } catch {
      fatalError("the bench's own arena: \(error)")
    }
    var window = arena.context
    for index in context.indices { window[index] = context[index] }
    self.arena = arena.address
    let address = arena.contextAddress
    let length = UInt64(context.count)
    let constants = rodata
    var memory = arena.memory(rodata: constants.span)
    rodataAddress = memory.rodataAddress
    var interpreter = Interpreter(capacity: verified.instructions.count)
    interpreter.load(verified, for: memory)
    let outcome = interpreter.run(
      memory: &memory, context: address, contextLength: length, budget: budget, segment: segment, host: &host)
    let left = arena.data
    data = left.indices.map { left[$0] }
    return outcome
  }
}

/// Loads a number of 64 bits: two slots.
func load(_ register: Register, _ value: UInt64) -> [Instruction] {
  [
    Instruction(.lddw, destination: register, immediate: Int32(truncatingIfNeeded: value)),
    Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32)),
  ]
}

let exit = Instruction(.exit)

/// Runs a program whose result alone matters.
func result(_ program: [Instruction]) throws -> Outcome.Result {
  var bench = Bench()
  return try bench.run(program).result
}
