import BPF
import Testing

@testable import Interpreter

/// The two sides of a comparison.
struct Operands: Sendable {
  let a, b: UInt64

  init(_ a: UInt64, _ b: UInt64) {
    self.a = a
    self.b = b
  }
}

/// A comparison with operands for which it holds and for which it does not.
struct JumpCase: Sendable {
  let name: String
  let taken, ignored: [Operands]
}

private let ones = UInt64.max

/// Operands whose lower halves decide alike under both widths.
private let comparisons: [JumpCase] = [
  .init(
    name: "jeq", taken: [Operands(5, 5), Operands(ones, ones)], ignored: [Operands(5, 6), Operands(0, ones)]),
  .init(
    name: "jne", taken: [Operands(5, 6), Operands(0, ones)], ignored: [Operands(5, 5), Operands(ones, ones)]),
  .init(
    name: "jgt", taken: [Operands(6, 5), Operands(ones, 5)],
    ignored: [Operands(5, 5), Operands(5, 6), Operands(5, ones)]),
  .init(
    name: "jge", taken: [Operands(6, 5), Operands(5, 5), Operands(ones, 5)],
    ignored: [Operands(5, 6), Operands(5, ones)]),
  .init(
    name: "jlt", taken: [Operands(5, 6), Operands(5, ones)],
    ignored: [Operands(5, 5), Operands(6, 5), Operands(ones, 5)]),
  .init(
    name: "jle", taken: [Operands(5, 6), Operands(5, 5), Operands(5, ones)],
    ignored: [Operands(6, 5), Operands(ones, 5)]),
  .init(
    name: "jset", taken: [Operands(6, 2), Operands(ones, 1)], ignored: [Operands(5, 2), Operands(0, ones)]),
  .init(
    name: "jsgt", taken: [Operands(6, 5), Operands(5, ones)],
    ignored: [Operands(5, 5), Operands(5, 6), Operands(ones, 5)]),
  .init(
    name: "jsge", taken: [Operands(6, 5), Operands(5, 5), Operands(5, ones), Operands(ones, ones)],
    ignored: [Operands(5, 6), Operands(ones, 5)]),
  .init(
    name: "jslt", taken: [Operands(5, 6), Operands(ones, 5)],
    ignored: [Operands(5, 5), Operands(6, 5), Operands(5, ones)]),
  .init(
    name: "jsle", taken: [Operands(5, 6), Operands(5, 5), Operands(ones, 5), Operands(ones, ones)],
    ignored: [Operands(6, 5), Operands(5, ones)]),
]

/// Operands where the upper halves decide, so that a 32-bit comparison sees equal numbers.
private let upper = [Operands(1 << 32 | 5, 5), Operands(5, 1 << 63 | 5)]

private func operation(_ name: String) throws -> Operation {
  try #require(Operation.allCases.first { "\($0)" == name })
}

@Suite struct JumpTests {
  /// 1 if the jump is taken, else 2.
  private func outcome(_ operation: Operation, _ a: UInt64, _ b: UInt64) throws -> Outcome.Result {
    let jump = Instruction(
      operation, destination: .r1, source: .r2, offset: 2, immediate: Int32(truncatingIfNeeded: b))
    return try result(
      load(.r1, a) + load(.r2, b) + [
        jump, Instruction(.mov64Imm, destination: .r0, immediate: 2), exit,
        Instruction(.mov64Imm, destination: .r0, immediate: 1), exit,
      ])
  }

  @Test(arguments: comparisons, ["Imm", "Reg", "32Imm", "32Reg"])
  func `a jump is taken when its comparison holds`(comparison: JumpCase, form: String) throws {
    let operation = try operation(comparison.name + form)
    for sides in comparison.taken {
      #expect(try outcome(operation, sides.a, sides.b) == .returned(1), "\(sides)")
    }
    for sides in comparison.ignored {
      #expect(try outcome(operation, sides.a, sides.b) == .returned(2), "\(sides)")
    }
  }

  @Test func `a comparison of 32 bits does not see the upper halves`() throws {
    for sides in upper {
      let (a, b) = (sides.a, sides.b)
      #expect(try outcome(.jeqReg, a, b) == .returned(2))
      #expect(try outcome(.jeq32Reg, a, b) == .returned(1))
      #expect(try outcome(.jne32Reg, a, b) == .returned(2))
    }
    #expect(try outcome(.jgtReg, 1 << 32, 5) == .returned(1))
    #expect(try outcome(.jgt32Reg, 1 << 32, 5) == .returned(2))
    #expect(try outcome(.jsgtReg, 1 << 63, 5) == .returned(2))
    #expect(try outcome(.jsltReg, 1 << 63, 5) == .returned(1))
    #expect(try outcome(.jslt32Reg, 0x8000_0000, 5) == .returned(1))
    #expect(try outcome(.jsltReg, 0x8000_0000, 5) == .returned(2))
    #expect(try outcome(.jsetReg, 1 << 40, 1 << 40) == .returned(1))
    #expect(try outcome(.jset32Reg, 1 << 40, 1 << 40) == .returned(2))
  }

  @Test func `an immediate is sign-extended before a comparison of 64 bits`() throws {
    #expect(try outcome(.jeqImm, ones, ones) == .returned(1))
    #expect(try outcome(.jeqImm, 0xFFFF_FFFF, ones) == .returned(2))
    #expect(try outcome(.jgtImm, 0xFFFF_FFFF, ones) == .returned(2))
    #expect(try outcome(.jsetImm, 1 << 63, ones) == .returned(1))
    #expect(try outcome(.jeq32Imm, 0xFFFF_FFFF, ones) == .returned(1))
  }

  @Test func `jumps without condition take their distance from offset and from immediate`() throws {
    let one = Instruction(.mov64Imm, destination: .r0, immediate: 1)
    #expect(try result([Instruction(.ja, offset: 1), exit, one, exit]) == .returned(1))
    #expect(try result([Instruction(.ja32, immediate: 1), exit, one, exit]) == .returned(1))
    #expect(
      try result([Instruction(.ja, offset: 2), one, exit, Instruction(.ja, offset: -3)]) == .returned(1))
  }

  @Test func `a loop runs as often as it says, each instruction counted`() throws {
    var bench = Bench()
    let outcome = try bench.run([
      Instruction(.mov64Imm, destination: .r1, immediate: 10),
      Instruction(.add64Imm, destination: .r0, immediate: 3),
      Instruction(.sub64Imm, destination: .r1, immediate: 1),
      Instruction(.jneImm, destination: .r1, offset: -3, immediate: 0),
      exit,
    ])
    #expect(outcome == Outcome(result: .returned(30), executed: 1 + 10 * 3 + 1))
  }

  @Test func `every jump has a case`() {
    let covered = Set(comparisons.flatMap { c in ["Imm", "Reg", "32Imm", "32Reg"].map { c.name + $0 } })
    #expect(covered == Set(Operation.allCases.filter(\.isConditionalJump).map { "\($0)" }))
  }
}
