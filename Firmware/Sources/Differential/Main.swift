import BoardMPS2
import CCortexM
import CortexM

/// Runs programs made at random in the interpreter and compiled, and compares what comes of them. The emulator's command line says
/// which: the seed of the first one and how many, in decimal. Program n has the seed of the first one plus n. Programs that the
/// emulator has laid into memory (`ProgramBlock`) come first.
///
/// The machine ends with status 0 when there was no difference, 1 when there was, 2 when the command line says nothing, and 3
/// after a fault.
@main struct Main {
  static func main() {
    UART.start()
    faultConsole = UART.write
    afterFault = {
      Report.printProgram("fault")
      print("end")
      semihosting_exit(3)
    }
    SysTick.start(frequency: 25_000_000)
    var arguments = CommandLineNumbers()
    guard let seed = arguments.next(), let count = arguments.next() else {
      print("the command line has to be: SEED COUNT")
      semihosting_exit(2)
    }
    var comparison = Comparison()
    var arenas = Arenas()
    comparison.isTalkative = count == 1
    guard (try? comparison.runLoaded(&arenas)) != nil else {
      print("what has been loaded is no program")
      semihosting_exit(2)
    }
    for index in 0..<count {
      comparison.run(seed: seed &+ index, &arenas)
      if (index + 1) % 1000 == 0 { report("progress", index + 1) }
    }
    comparison.tally.print()
    semihosting_exit(comparison.tally.mismatches == 0 ? 0 : 1)
  }
}

/// The decimal numbers on the emulator's command line.
struct CommandLineNumbers {
  private var text = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0
  private var position = 0

  init() {
    var span = text.mutableSpan
    count = span.withUnsafeMutableBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return Int(semihosting_command_line(start, UInt32(bytes.count)))
    }
  }

  mutating func next() -> UInt64? {
    while position < count, text[position] == UInt8(ascii: " ") { position += 1 }
    var number: UInt64?
    while position < count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 {
      number = (number ?? 0) &* 10 &+ UInt64(digit)
      position += 1
    }
    return number
  }
}
