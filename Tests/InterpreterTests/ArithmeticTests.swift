import BPF
import Testing

@testable import Interpreter

/// `a op b`: an arithmetic operation with its operands and what it leaves in the destination.
struct ArithmeticCase: CustomTestStringConvertible, Sendable {
  let operation: Operation
  let a, b, expected: UInt64

  init(_ operation: Operation, _ a: UInt64, _ b: UInt64, _ expected: UInt64) {
    self.operation = operation
    self.a = a
    self.b = b
    self.expected = expected
  }

  var testDescription: String { "\(operation) \(String(a, radix: 16)) \(String(b, radix: 16))" }
}

private let ones = UInt64.max
private let minimum = UInt64(1) << 63
private let junk: UInt64 = 0xDEAD_BEEF_0000_0000

/// Register forms; the immediate forms are made from those whose right operand an immediate can express.
private let binary: [ArithmeticCase] = [
  .init(.add32Reg, junk | 0xFFFF_FFFF, junk | 2, 1), .init(.add32Reg, 0x7FFF_FFFF, 1, 0x8000_0000),
  .init(.add32Reg, 5, ones, 4),
  .init(.sub32Reg, junk | 1, 2, 0xFFFF_FFFF), .init(.sub32Reg, 1, ones, 2),
  .init(.mul32Reg, 0x1_0001, 0x1_0001, 0x0002_0001), .init(.mul32Reg, 0x8000_0000, ones, 0x8000_0000),
  .init(.div32Reg, junk | 7, 2, 3), .init(.div32Reg, junk | 7, junk, 0),
  .init(.div32Reg, 0xFFFF_FFFF, ones, 1),
  .init(.div32Reg, 0x8000_0000, ones, 0),
  .init(.sdiv32Reg, 0xFFFF_FFF9, 2, 0xFFFF_FFFD), .init(.sdiv32Reg, junk | 7, junk, 0),
  .init(.sdiv32Reg, 0x8000_0000, ones, 0x8000_0000), .init(.sdiv32Reg, 7, ones - 1, 0xFFFF_FFFD),
  .init(.or32Reg, junk | 0xF0, 0x0F, 0xFF), .init(.and32Reg, ones, ones, 0xFFFF_FFFF),
  .init(.and32Reg, junk | 0xF0, 0x3C, 0x30), .init(.xor32Reg, junk | 0xFF, 0x0F, 0xF0),
  .init(.xor32Reg, 0, ones, 0xFFFF_FFFF),
  .init(.lsh32Reg, junk | 1, 31, 0x8000_0000), .init(.lsh32Reg, 1, 32, 1),
  .init(.lsh32Reg, 3, 63, 0x8000_0000),
  .init(.lsh32Reg, 1, ones, 0x8000_0000),
  .init(.rsh32Reg, junk | 0x8000_0000, 31, 1), .init(.rsh32Reg, junk | 8, 33, 4),
  .init(.rsh32Reg, 8, ones - 30, 4),
  .init(.arsh32Reg, 0x8000_0000, 31, 0xFFFF_FFFF), .init(.arsh32Reg, junk | 0x4000_0000, 62, 1),
  .init(.arsh32Reg, 0x8000_0000, 32, 0x8000_0000),
  .init(.mod32Reg, junk | 7, 4, 3), .init(.mod32Reg, junk | 7, junk, 7), .init(.mod32Reg, 0xFFFF_FFFF, 10, 5),
  .init(.smod32Reg, 0xFFFF_FFF9, 4, 0xFFFF_FFFD), .init(.smod32Reg, 7, ones - 3, 3),
  .init(.smod32Reg, junk | 9, junk, 9),
  .init(.smod32Reg, 0x8000_0000, ones, 0),
  .init(.mov32Reg, 1, ones, 0xFFFF_FFFF), .init(.mov32Reg, ones, 5, 5),

  .init(.add64Reg, ones, 2, 1), .init(.add64Reg, 0xFFFF_FFFF, 1, 1 << 32), .init(.add64Reg, 5, ones, 4),
  .init(.sub64Reg, 1, 2, ones), .init(.sub64Reg, 1 << 32, 1, 0xFFFF_FFFF), .init(.sub64Reg, 1, ones, 2),
  .init(.mul64Reg, 0x1_0000_0001, 0x1_0000_0001, 0x2_0000_0001), .init(.mul64Reg, minimum, ones, minimum),
  .init(.mul64Reg, 3, ones, ones - 2),
  .init(.div64Reg, ones, 2, minimum - 1), .init(.div64Reg, 7, 0, 0), .init(.div64Reg, ones, ones, 1),
  .init(.div64Reg, 1 << 40, 1 << 33, 128),
  .init(.sdiv64Reg, ones - 6, 2, ones - 2), .init(.sdiv64Reg, 7, 0, 0),
  .init(.sdiv64Reg, minimum, ones, minimum),
  .init(.sdiv64Reg, 7, ones - 1, ones - 2),
  .init(.or64Reg, minimum, 1, minimum | 1), .init(.or64Reg, 0, ones, ones),
  .init(.and64Reg, ones, junk, junk),
  .init(.and64Reg, junk, ones, junk), .init(.xor64Reg, ones, junk, ~junk), .init(.xor64Reg, 0, ones, ones),
  .init(.lsh64Reg, 1, 63, minimum), .init(.lsh64Reg, 1, 64, 1), .init(.lsh64Reg, 1, ones, minimum),
  .init(.lsh64Reg, 1, 33, 1 << 33),
  .init(.rsh64Reg, minimum, 63, 1), .init(.rsh64Reg, 8, 66, 2), .init(.rsh64Reg, minimum, ones, 1),
  .init(.arsh64Reg, minimum, 63, ones), .init(.arsh64Reg, minimum >> 1, 62, 1),
  .init(.arsh64Reg, minimum, 64, minimum),
  .init(.mod64Reg, ones, 10, 5), .init(.mod64Reg, 7, 0, 7), .init(.mod64Reg, ones - 1, ones, ones - 1),
  .init(.smod64Reg, ones - 6, 4, ones - 2), .init(.smod64Reg, 7, ones - 3, 3), .init(.smod64Reg, 9, 0, 9),
  .init(.smod64Reg, minimum, ones, 0),
  .init(.mov64Reg, 1, ones, ones), .init(.mov64Reg, ones, junk, junk),

  .init(.movsx8to32, ones, junk | 0x80, 0xFFFF_FF80), .init(.movsx8to32, ones, 0xFF7F, 0x7F),
  .init(.movsx16to32, ones, junk | 0x8000, 0xFFFF_8000), .init(.movsx16to32, ones, 0xF_7FFF, 0x7FFF),
  .init(.movsx8to64, 0, 0x80, ones - 0x7F), .init(.movsx8to64, ones, 0xFF7F, 0x7F),
  .init(.movsx16to64, 0, 0x8000, ones - 0x7FFF), .init(.movsx16to64, ones, 0xF_7FFF, 0x7FFF),
  .init(.movsx32to64, 0, 0x8000_0000, ones - 0x7FFF_FFFF),
  .init(.movsx32to64, ones, junk | 0x7FFF_FFFF, 0x7FFF_FFFF),
]

/// Operations on the destination alone.
private let unary: [ArithmeticCase] = [
  .init(.neg32, junk | 1, 0, 0xFFFF_FFFF), .init(.neg32, 0x8000_0000, 0, 0x8000_0000),
  .init(.neg32, junk, 0, 0),
  .init(.neg64, 1, 0, ones), .init(.neg64, minimum, 0, minimum),
  .init(.le16, 0x1122_3344_5566_7788, 0, 0x7788), .init(.le32, 0x1122_3344_5566_7788, 0, 0x5566_7788),
  .init(.le64, 0x1122_3344_5566_7788, 0, 0x1122_3344_5566_7788),
  .init(.be16, 0x1122_3344_5566_7788, 0, 0x8877), .init(.be32, 0x1122_3344_5566_7788, 0, 0x8877_6655),
  .init(.be64, 0x1122_3344_5566_7788, 0, 0x8877_6655_4433_2211),
  .init(.bswap16, 0x1122_3344_5566_7788, 0, 0x8877), .init(.bswap32, 0x1122_3344_5566_7788, 0, 0x8877_6655),
  .init(.bswap64, 0x1122_3344_5566_7788, 0, 0x8877_6655_4433_2211),
]

/// The same with the right operand as an immediate, where it is the sign extension of 32 bits.
private let immediate: [ArithmeticCase] = binary.compactMap { arithmetic in
  guard
    let form = Operation.allCases.first(where: {
      "\($0)" == "\(arithmetic.operation)".replacing("Reg", with: "Imm")
    }),
    form != arithmetic.operation, Int32(exactly: Int64(bitPattern: arithmetic.b)) != nil
  else { return nil }
  return .init(form, arithmetic.a, arithmetic.b, arithmetic.expected)
}

@Suite struct ArithmeticTests {
  @Test(arguments: binary + immediate + unary)
  func `an operation leaves what RFC 9669 says`(arithmetic: ArithmeticCase) throws {
    let operation = Instruction(
      arithmetic.operation, destination: .r0, source: .r1, immediate: Int32(truncatingIfNeeded: arithmetic.b))
    let found = try result(load(.r0, arithmetic.a) + load(.r1, arithmetic.b) + [operation, exit])
    #expect(found == .returned(arithmetic.expected))
  }

  @Test func `every arithmetic operation has a case`() {
    let covered = Set((binary + immediate + unary).map(\.operation))
    for operation in Operation.allCases
    where operation.instructionClass == .alu || operation.instructionClass == .alu64 {
      #expect(covered.contains(operation), "\(operation)")
    }
  }

  @Test func `an operation with itself reads before it writes`() throws {
    #expect(
      try result(load(.r0, 6) + [Instruction(.mul64Reg, destination: .r0, source: .r0), exit])
        == .returned(36))
    #expect(
      try result(load(.r0, 6) + [Instruction(.sub32Reg, destination: .r0, source: .r0), exit]) == .returned(0)
    )
    #expect(
      try result(load(.r0, 0x80) + [Instruction(.movsx8to64, destination: .r0, source: .r0), exit])
        == .returned(ones - 0x7F))
  }

  @Test func `a wide load takes both halves as they are`() throws {
    #expect(try result(load(.r0, 0x8000_0000) + [exit]) == .returned(0x8000_0000))
    #expect(try result(load(.r0, ones) + [exit]) == .returned(ones))
    #expect(try result(load(.r0, 0x1122_3344_5566_7788) + [exit]) == .returned(0x1122_3344_5566_7788))
  }
}
