import BoardMPS2
import CCortexM
import CortexM

/// Puts forged code where compiled code belongs, so that nothing but the memory protection is left between it and the system:
/// first what somebody who knows the processor would write, then code made at random. The emulator's command line says which:
/// the seed of the first and how many, in decimal. Number n has the seed of the first one plus n.
///
/// The machine ends with status 0 when nothing was touched that should not be, 1 otherwise, 2 when the command line says
/// nothing, and 3 after a fault of the system.
@main struct Main {
  /// Ticks a second: slices of 40 µs, so that endless code costs little.
  private static var frequency: UInt32 { 1_000_000 }

  static func main() {
    UART.start()
    faultConsole = UART.write
    afterFault = {
      Report.printViolation("the system faulted")
      semihosting_exit(3)
    }
    SysTick.start(frequency: frequency)
    var arguments = CommandLineNumbers()
    guard let seed = arguments.next(), let count = arguments.next() else {
      print("the command line has to be: SEED COUNT")
      semihosting_exit(2)
    }
    var assault = Assault()
    assault.begin()
    if count != 1 { assault.runSnippets() }
    for index in 0..<count {
      assault.run(seed: seed &+ index)
      if (index + 1) % 1000 == 0 {
        assault.lookAround()
        report("progress", index + 1)
      }
    }
    assault.lookAround()
    assault.tally.print()
    semihosting_exit(assault.tally.violations == 0 ? 0 : 1)
  }
}
