import DeviceProtocol
import Helpers
import Interpreter
import Runtime
import TestSupport
import Testing

@testable import DeviceClient

/// A value for a conversion.
enum Printed {
  case number(UInt64)
  /// The address of this byte of the context.
  case context(Int32)

  static func signed(_ value: Int64) -> Printed { .number(UInt64(bitPattern: value)) }
}

@Suite struct PrintfRules {
  /// Runs `printf(format, values...)`, the format and what follows it in the context; returns what came out.
  private func output(_ format: String, _ values: [Printed] = [], more: [UInt8] = []) throws -> String {
    try run(format, values, more: more).console
  }

  private func run(_ format: String, _ values: [Printed], more: [UInt8] = []) throws -> (
    console: String, answer: Parsed
  ) {
    var device = try Device()
    var program: [UInt8] = []
    for (index, value) in values.enumerated() {
      let register = UInt8(2 + index)
      switch value {
      case .number(let number): program += Assembly.wide(register, number)
      case .context(let offset):
        program += Assembly.copy(register, from: 1) + Assembly.add(register, offset)
      }
    }
    program += Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit
    let installed = try device.install(program)
    #expect(installed.code == .changed)
    let answer = try device.request(.post, "slots/1/run", payload: Array(format.utf8) + [0] + more)
    return (String(decoding: device.world.console, as: UTF8.self), answer)
  }

  @Test(
    arguments: [
      ("plain", [], "plain"), ("", [], ""), ("100%%", [], "100%"),
      ("%d", [.signed(-5)], "-5"), ("%i", [.number(5)], "5"), ("%d", [.number(0xffff_ffff)], "-1"),
      ("%d", [.number(0x1_0000_0007)], "7"), ("%ld", [.number(0x1_0000_0007)], "4294967303"),
      ("%lld", [.signed(.min)], "-9223372036854775808"), ("%d", [.number(0x8000_0000)], "-2147483648"),
      ("%u", [.signed(-1)], "4294967295"), ("%lu", [.signed(-1)], "18446744073709551615"),
      ("%llu", [.signed(-1)], "18446744073709551615"), ("%zu", [.number(1 << 40)], "1099511627776"),
      ("%x", [.number(0xbeef)], "beef"), ("%X", [.number(0xbeef)], "BEEF"), ("%x", [.signed(-1)], "ffffffff"),
      ("%lx", [.signed(-1)], "ffffffffffffffff"), ("%x", [.number(0)], "0"),
      ("%p", [.number(0x2000_0000)], "0x20000000"), ("%c%c", [.number(0x41), .number(0x142)], "AB"),
      ("%5d|%-5d|%05d", [.signed(-42), .signed(-42), .signed(-42)], "  -42|-42  |-0042"),
      ("%2x|%8lx|%08x", [.number(0xabc), .number(0xabc), .number(0xabc)], "abc|     abc|00000abc"),
      ("%-8u|%3c|%-3c|", [.number(7), .number(0x41), .number(0x42)], "7       |  A|B  |"),
      ("%12p|%-12p|", [.number(0xabc), .number(0xabc)], "       0xabc|0xabc       |"),
      ("%d %d %d %d", [.number(1), .number(2), .number(3), .number(4)], "1 2 3 4"),
      ("%d %d %d %d %d", [.number(1), .number(2), .number(3), .number(4)], "1 2 3 4 0"),
      (
        "%.3d|%.0d|%6.3d|%-6.3x|", [.signed(-5), .number(0), .number(5), .number(15)], "-005||   005|00f   |"
      ),
      ("%hd %hhu", [.number(0x1_0005), .number(0x107)], "5 7"),
      ("%y %", [], "%y "),
    ] as [(String, [Printed], String)])
  func `conversions come out as C has them`(format: String, values: [Printed], expected: String) throws {
    let text = try output(format, values)
    #expect(text == expected)
  }

  @Test func `strings are padded and cut as C does it`() throws {
    let format = "%s|%6s|%-6s|%.2s|"
    let start = Int32(format.utf8.count + 1)
    let values = Array(repeating: Printed.context(start), count: 4)
    let text = try output(format, values, more: Array("abcd".utf8))
    #expect(text == "abcd|  abcd|abcd  |ab|")
  }

  @Test func `what is longer than the buffer is cut off`() throws {
    let long = String(repeating: "x", count: 300)
    let plain = try output(long)
    #expect(plain == String(repeating: "x", count: Limits.printedBytes))
    let padded = try output("%999999999999999999999999d", [.number(1)])
    #expect(padded.utf8.count == Limits.printedBytes)
    let string = try output("%s", [.context(3)], more: Array(long.utf8))
    #expect(string == String(repeating: "x", count: Limits.printedBytes))
  }

  @Test func `a string outside the arena stops the program and names the argument`() throws {
    let (console, answer) = try run("%d %s", [.number(1), .number(0x10)])
    #expect(console.isEmpty)
    let refusal = Refusal(answer)
    #expect(refusal.code == .internalServerError)
    #expect(refusal.stage == .execution)
    #expect(refusal.rule == Int(Trap.Rule.helperFault.rawValue))
    #expect(refusal.found == 3)
    #expect(refusal.address == 0x10)
    #expect(
      refusal.description
        == "Program stopped (5.00): it gave a helper an address outside its compartment (instruction 4, argument 3, address 0x10)"
    )
  }

  @Test func `a format outside the arena stops the program`() throws {
    var device = try Device()
    _ = try device.install(
      Assembly.move(1, 64) + Assembly.blur(1) + Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit)
    let refusal = Refusal(try device.request(.post, "slots/1/run"))
    #expect(refusal.rule == Int(Trap.Rule.helperFault.rawValue))
    #expect(refusal.found == 1)
    #expect(refusal.address == 64)
  }

  @Test func `a string that ends with its precision needs no zero`() throws {
    var device = try Device()
    // The last four bytes of the arena are the string: it lies behind 512 bytes of stack, which r10 is the end of.
    let format = Array("%.4s\0".utf8)
    let last = Int32(Limits.arenaBytes - 512 - 4)
    // The verifier does not know that r2 is the length of the format.
    var program = Assembly.copy(3, from: 10) + Assembly.add(3, last - Int32(format.count)) + Assembly.blur(3)
    program += Assembly.copy(2, from: 3)
    for (index, byte) in "last".utf8.enumerated() {
      program += Assembly.storeByte(Int32(byte), to: 2, Int16(index))
    }
    program += Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit
    _ = try device.install(program)
    let answer = try device.request(.post, "slots/1/run", payload: format)
    #expect(answer.code == .changed)
    #expect(String(decoding: device.world.console, as: UTF8.self) == "last")
  }
}
