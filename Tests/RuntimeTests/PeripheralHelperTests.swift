import Helpers
import Interpreter
import Platform
import SimulatedPeripherals
import Testing

@testable import Runtime

/// Numbers that stand for no sensor and no display.
private let wrongHandles: [UInt64] = [0, 11, 0x7f, 0x81, 0xff, 0x100, 1 << 32, 1 << 32 | 1, 1 << 63, .max]

@Suite struct SensorHelpers {
  @Test func `devices are found by position and by type`() throws {
    var caller = try Caller()
    for position in 0..<10 as Range<UInt64> {
      let handle = try caller.call(.saulFindNth, position)
      #expect(handle != 0)
    }
    for position in [
      10, 127, 0x7fff_ffff, 0xffff_ffff, UInt64(bitPattern: -1), UInt64(bitPattern: -2_147_483_648),
    ] {
      let handle = try caller.call(.saulFindNth, position)
      #expect(handle == 0)
    }
    let second = try caller.call(.saulFindNth, 1)
    let temperature = try caller.call(.saulFindType, UInt64(DeviceType.temperature.rawValue))
    #expect(temperature == second)
    for type in [DeviceType.anySensor, .anyActuator, .pH] {
      let handle = try caller.call(.saulFindType, UInt64(type.rawValue))
      #expect(handle == 0)
    }
  }

  @Test func `a reading has the layout of phydat_t`() throws {
    var caller = try Caller()
    let sensor = try caller.call(.saulFindType, UInt64(DeviceType.temperature.rawValue))
    try caller.write(Array(repeating: 0xaa, count: 16), at: caller.start)
    let count = try caller.call(.saulRead, sensor, caller.start)
    #expect(count == 1)
    let bytes = try caller.read(9, at: caller.start)
    #expect(bytes == [220, 0, 0, 0, 0, 0, PhysicalUnit.celsius.rawValue, 0xff, 0xaa])
    let short = try caller.call(.saulReadTemperature, sensor, caller.start + 8)
    #expect(short == 1)
    let value = try caller.word(at: caller.start + 8)
    #expect(value == 220)
  }

  @Test func `an actuator is set by a phydat_t, and a sensor cannot be`() throws {
    var caller = try Caller()
    let light = try caller.call(.saulFindType, UInt64(DeviceType.switch.rawValue))
    try caller.write([1, 0, 9, 9, 9, 9, 255, 128], at: caller.start)
    let taken = try caller.call(.saulWrite, light, caller.start)
    #expect(taken == 1)
    #expect(caller.services.board.peripherals.leds == 1)
    let refused = try caller.signed(.saulWrite, 2, caller.start)
    #expect(refused == -95)
  }

  @Test(arguments: wrongHandles) func `a wrong handle is no device`(handle: UInt64) throws {
    var caller = try Caller()
    try caller.write(Array(repeating: 7, count: 16), at: caller.start)
    let read = try caller.signed(.saulRead, handle, caller.start)
    #expect(read == -19)
    let untouched = try caller.read(8, at: caller.start)
    #expect(untouched == Array(repeating: 7, count: 8))
    let write = try caller.signed(.saulWrite, handle, caller.start)
    #expect(write == -19)
    let temperature = try caller.signed(.saulReadTemperature, handle, caller.start + 8)
    #expect(temperature == -19)
    let zero = try caller.word(at: caller.start + 8)
    #expect(zero == 0)
  }

  @Test func `a value has to be in the program's memory, whatever the handle`() throws {
    var caller = try Caller()
    for handle in [1, 0] as [UInt64] {
      for (helper, size) in [(Helper.saulRead, 8), (.saulWrite, 8), (.saulReadTemperature, 4)]
        as [(Helper, UInt64)]
      {
        for address in [0, handle, caller.start - 1, caller.end - size + 1, .max] {
          let fault = caller.fault(helper, handle, address)
          #expect(fault == HelperFault(.access, argument: 2, address: address))
        }
      }
    }
    let constant = caller.fault(.saulRead, 1, caller.rodataAddress)
    #expect(constant == HelperFault(.access, argument: 2, address: caller.rodataAddress))
  }
}

@Suite struct PinHelpers {
  @Test func `pins are read as 0 or 1 and written`() throws {
    var caller = try Caller()
    caller.services.board.peripherals.inputs[1] = 1 << 13
    let input = try caller.call(.gpioReadInput, 1, 13)
    #expect(input == 1)
    let written = try caller.call(.gpioWrite, 1, 13, 0)
    #expect(written == 1)
  }

  @Test func `a pin that is written is read back raw`() throws {
    var caller = try Caller()
    for (value, level) in [(5, 1), (0, 0), (1 << 32, 0)] as [(UInt64, UInt64)] {
      _ = try caller.call(.gpioWrite, 0, 3, value)
      let raw = try caller.call(.gpioReadRaw, 0, 3)
      #expect(raw == level)
    }
  }

  @Test(arguments: [(8, 0), (0, 16), (0xffff_ffff, 0), (0, 0xffff_ffff)] as [(UInt64, UInt64)])
  func `a pin that does not exist reads 0 and is not written`(port: UInt64, pin: UInt64) throws {
    var caller = try Caller()
    for helper in [Helper.gpioReadInput, .gpioReadRaw, .gpioWrite] {
      let result = try caller.call(helper, port, pin, 1)
      #expect(result == 0)
    }
  }
}

@Suite struct DisplayHelpers {
  private func row(_ row: Int, of caller: borrowing Caller) -> String {
    let text = caller.services.board.peripherals.display.text(row: row)
    return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
  }

  @Test func `a program writes on both rows`() throws {
    var caller = try Caller()
    let display = try caller.call(.displayInit)
    try caller.write("Temperature", at: caller.start)
    _ = try caller.call(.displayPrint, display, caller.start)
    let moved = try caller.call(.displaySetCursor, display, 0, 1)
    #expect(moved == 0)
    _ = try caller.call(.displayPrint, display, caller.rodataAddress)
    #expect(row(0, of: caller) == "Temperature     ")
    #expect(row(1, of: caller) == "constant        ")
    _ = try caller.call(.displayClear, display)
    #expect(row(0, of: caller) == String(repeating: " ", count: 16))
  }

  @Test(arguments: [(16, 0), (0, 2), (0xffff_ffff, 0), (0, 0xffff_ffff)] as [(UInt64, UInt64)])
  func `a cursor stays on the display`(column: UInt64, row: UInt64) throws {
    var caller = try Caller()
    let display = try caller.call(.displayInit)
    let result = try caller.signed(.displaySetCursor, display, column, row)
    #expect(result == -22)
  }

  @Test(arguments: wrongHandles) func `a wrong handle is no display`(handle: UInt64) throws {
    var caller = try Caller()
    for helper in [Helper.displayClear, .displayPrint, .displaySetCursor] {
      let result = try caller.signed(helper, handle, caller.start, 0)
      #expect(result == -19)
    }
  }

  @Test func `a text has to be the program's, but need not end within what is shown`() throws {
    var caller = try Caller()
    let display = try caller.call(.displayInit)
    let before = caller.start - 1
    let fault = caller.fault(.displayPrint, display, before)
    #expect(fault == HelperFault(.access, argument: 2, address: before))
    try caller.write(Array(repeating: 0x41, count: Caller.size), at: caller.start)
    _ = try caller.call(.displayPrint, display, caller.start)
    #expect(row(0, of: caller) == String(repeating: "A", count: 16))
    let end = caller.end
    let endless = caller.fault(.displayPrint, display, end - 40)
    #expect(endless == HelperFault(.access, argument: 2, address: end))
  }

  @Test func `the keypad tells its key by number`() throws {
    var caller = try Caller()
    let none = try caller.call(.keypadRead, 2)
    #expect(none == 4)
    caller.services.board.peripherals.key = .down
    let down = try caller.call(.keypadRead, 2)
    #expect(down == 2)
    for line in [0, 3, 0xffff_ffff] as [UInt64] {
      let elsewhere = try caller.call(.keypadRead, line)
      #expect(elsewhere == 4)
    }
  }
}
