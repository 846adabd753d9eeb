import BoardMPS2
import Bytes
import CCortexM
import CortexM

/// Checks of the firmware on the board itself. The emulator's command line chooses what to do:
///
/// - `checks`: every check once, reported as TAP;
/// - `echo`: a UDP echo server on port 7, until a datagram says `quit`;
/// - the name of a ``DeliberateFault``: runs into that fault.
///
/// The machine ends with an ``ExitStatus``.
@main struct Main {
  static func main() {
    UART.start()
    faultConsole = UART.write
    afterFault = { semihosting_exit(ExitStatus.fault.rawValue) }
    SysTick.start(frequency: 25_000_000)
    let command = CommandLine()
    if command.says("checks") { exit(runChecks() ? .success : .failure) }
    if command.says("echo") { exit(serveEcho() ? .success : .failure) }
    for index in DeliberateFault.all.indices where command.says(DeliberateFault.all[index].name) {
      DeliberateFault.all[index].run()
      exit(.failure)
    }
    print("the command line has to say what to do: checks, echo, or the name of a fault")
    exit(.usage)
  }

  static func exit(_ status: ExitStatus) -> Never {
    semihosting_exit(status.rawValue)
  }
}

/// How the machine ends.
enum ExitStatus: UInt32 {
  case success = 0
  case failure = 1
  /// The command line says nothing that is known.
  case usage = 2
  /// The core took a fault, which has been reported on the console.
  case fault = 3
}

/// What the emulator was told to pass to the program.
struct CommandLine {
  private var text = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  init() {
    var span = text.mutableSpan
    count = span.withUnsafeMutableBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return Int(semihosting_command_line(start, UInt32(bytes.count)))
    }
  }

  func says(_ word: StaticString) -> Bool {
    text.span.extracting(0..<count).holdsSameBytes(as: word)
  }
}
