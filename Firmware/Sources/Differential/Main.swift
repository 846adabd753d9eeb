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
