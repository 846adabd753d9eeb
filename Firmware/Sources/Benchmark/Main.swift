import BoardMPS2
import CCortexM
import CortexM
import JIT
import Measurement

/// Runs the case that the emulator has loaded, many times, and says what it cost: a line `name: number` for each figure.
///
/// Counts are right under `-icount shift=0` alone, where the timer moves on with each instruction.
@main struct Main {
  static func main() {
    UART.start()
    faultConsole = UART.write
    afterFault = { semihosting_exit(3) }
    SysTick.start(frequency: 25_000_000)
    do throws(BenchmarkCaseError) {
      report("correct", try measure() ? 1 : 0)
      semihosting_exit(0)
    } catch {
      print("no case has been loaded")
      semihosting_exit(2)
    }
  }

  private static func measure() throws(BenchmarkCaseError) -> Bool {
    // SAFETY: the region is code memory that nothing else uses, and nobody writes while the program runs.
    let region = unsafe UnsafeBufferPointer<UInt8>(
      start: UnsafePointer(bitPattern: BenchmarkMemory.caseAddress), count: BenchmarkMemory.caseBytes)
    let it = try BenchmarkCase(unsafe region.span)
    return switch it.engine {
    case .native: measureNative(it)
    case .interpreter: measureInterpreter(it)
    case .checked: measureCompiled(it, .checked)
    case .hardware: measureCompiled(it, .hardware)
    case .threads: measureThreads()
    }
  }
}

/// Puts out what a run gave: its result, and its context as a number that another context hardly has (FNV-1a).
func report(result: UInt64, context: Span<UInt8>) {
  report("returned", result)
  var hash: UInt32 = 0x811C_9DC5
  for index in context.indices { hash = (hash ^ UInt32(context[index])) &* 0x0100_0193 }
  report("context", UInt64(hash))
}

/// Puts out one figure.
func report(_ name: StaticString, _ number: UInt64) {
  print(name, terminator: ": ")
  print(number)
}
