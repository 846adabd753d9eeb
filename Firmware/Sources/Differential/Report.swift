import BPF
import BoardMPS2
import CCortexM
import CortexM
import RandomPrograms

/// Puts out one figure.
func report(_ name: StaticString, _ number: UInt64) {
  print(name, terminator: ": ")
  print(number)
}

func printHexadecimal(_ number: UInt64, digits: Int) {
  for index in 0..<digits {
    let digit = UInt8(truncatingIfNeeded: number >> UInt64(4 * (digits - 1 - index)) & 15)
    UART.write(UInt8(truncatingIfNeeded: digit < 10 ? 48 + digit : 87 + digit))
  }
}

/// How one run ended.
struct Ending: Equatable {
  var returned: UInt64 = 0
  /// 0 when the program returned.
  var rule: UInt8 = 0
  var address: UInt32 = 0
  /// Of the instruction that was stopped.
  var index = 0
  /// Helpers called, and a digest of which and with what.
  var calls: UInt32 = 0
  var digest: UInt64 = 0

  func print(_ name: StaticString) {
    Swift.print(name, terminator: ": ")
    if rule == 0 {
      Swift.print("returned 0x", terminator: "")
      printHexadecimal(returned, digits: 16)
    } else {
      Swift.print("trap ", terminator: "")
      Swift.print(UInt64(rule), terminator: "")
      Swift.print(" address 0x", terminator: "")
      printHexadecimal(UInt64(address), digits: 8)
      Swift.print(" instruction ", terminator: "")
      Swift.print(index, terminator: "")
    }
    Swift.print(", helper calls ", terminator: "")
    Swift.print(UInt64(calls), terminator: "")
    Swift.print(" digest 0x", terminator: "")
    printHexadecimal(digest, digits: 16)
    Swift.print("")
  }
}

/// What has been seen.
struct Tally {
  var programs: UInt64 = 0
  var runs: UInt64 = 0
  /// Of the analysis of values.
  var refused: UInt64 = 0
  var unfinished: UInt64 = 0
  var returned: UInt64 = 0
  var trapped: UInt64 = 0
  var tooLong: UInt64 = 0
  var instructions: UInt64 = 0
  var executed: UInt64 = 0
  var mismatches: UInt64 = 0

  func print() {
    report("programs", programs)
    report("returned", returned)
    report("trapped", trapped)
    report("unfinished", unfinished)
    report("refused", refused)
    report("too_long", tooLong)
    report("instructions", instructions)
    report("executed", executed)
    report("runs", runs)
    report("mismatches", mismatches)
  }
}

/// What is under way, for whoever has to say so when it goes wrong.
enum Report {
  nonisolated(unsafe) static var seed: UInt64 = 0
  nonisolated(unsafe) static var mode: StaticString = "nothing"
  nonisolated(unsafe) static var instructions: Room<Instruction>?
  nonisolated(unsafe) static var program: GeneratedProgram?

  /// Which program it is, as slots from which it can be disassembled.
  static func printProgram(_ what: StaticString) {
    print("mismatch ", terminator: "")
    print(seed, terminator: " ")
    print(mode, terminator: ": ")
    print(what)
    printSlots()
  }

  static func printSlots() {
    guard let program, let instructions else { return }
    report("entry", UInt64(program.entry))
    report("data", UInt64(program.dataSize))
    report("rodata", UInt64(program.rodataSize))
    report("context", UInt64(program.contextSize))
    for index in 0..<program.instructionCount {
      print("slot ", terminator: "")
      printHexadecimal(instructions[index].slot, digits: 16)
      print("")
    }
  }
}

/// Ends the machine when a program does not end.
enum Watchdog {
  /// No deadline while it is 0.
  nonisolated(unsafe) private static var deadline: UInt64 = 0

  static func watch() { deadline = SysTick.milliseconds + 20_000 }
  static func rest() { deadline = 0 }

  static func look() {
    guard deadline != 0, SysTick.milliseconds > deadline else { return }
    Report.printProgram("never ends")
    print("end")
    semihosting_exit(1)
  }
}

@c(cortexm_watch)
public func lookAfterTick() {
  Watchdog.look()
}
