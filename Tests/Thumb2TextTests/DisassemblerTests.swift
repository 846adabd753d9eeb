import Testing
import Thumb2
import Thumb2Text

@Suite struct DisassemblerTests {
  let disassembler = Disassembler()

  @Test(
    arguments: [
      (0x1888, "adds r0, r1, r2"), (0xF8D1_0004, "ldr.w r0, [r1, #4]"), (0xF851_0C04, "ldr r0, [r1, #-4]"),
      (0x4770, "bx lr"), (0xFB01_3012, "mls r0, r1, r2, r3"), (0xEA4F_0031, "rrx r0, r1"),
      (0x1008, "asrs r0, r1, #32"),
      (0xF20F_0010, "adr.w r0, #16"), (0xE92D_4FF0, "push.w {r4, r5, r6, r7, r8, r9, r10, r11, lr}"),
      (0xF3C1_00C3, "ubfx r0, r1, #3, #4"), (0xF361_00C6, "bfi r0, r1, #3, #4"),
      (0xBDF0, "pop {r4, r5, r6, r7, pc}"),
    ] as [(UInt32, String)])
  func `an instruction is one line`(encoding: UInt32, text: String) throws {
    #expect(disassembler.lines(of: halfwords(encoding)).map(\.text) == [text])
  }

  @Test func `branches name where they lead, counted from the address of the code`() {
    let code: [UInt16] = [0xBF00, 0xD0FD, 0xF7FF, 0xFFFC, 0xB108, 0xE7FE]
    let lines = disassembler.lines(of: code, at: 0x100)
    #expect(lines.map(\.text) == ["nop", "beq 0x100", "bl 0x100", "cbz r0, 0x10e", "b 0x10a"])
    #expect(lines.map(\.address) == [0x100, 0x102, 0x104, 0x108, 0x10A])
    #expect(lines.flatMap(\.code) == code)
  }

  @Test func `a target before the first address wraps around`() {
    #expect(disassembler.lines(of: [0xE7FD])[0].text == "b 0xfffffffe")
  }

  @Test func `an instruction behind IT has its condition and does not set the flags`() {
    let lines = disassembler.lines(of: [0xBF18, 0x1888, 0x1888])
    #expect(lines.map(\.text) == ["it ne", "addne r0, r1, r2", "adds r0, r1, r2"])
  }

  @Test func `what is not in the table is written as numbers, with the room that it takes`() {
    // MRS, a literal load of 16 bits, half a BL.
    let lines = disassembler.lines(of: [0xF3EF, 0x8000, 0x4800, 0xBF00, 0xF000])
    #expect(lines.map(\.text) == [".short 0xf3ef, 0x8000", ".short 0x4800", "nop", ".short 0xf000"])
    #expect(lines.map { $0.instruction == nil } == [true, true, false, true])
  }

  private func halfwords(_ encoding: UInt32) -> [UInt16] {
    encoding > 0xFFFF ? [UInt16(encoding >> 16), UInt16(encoding & 0xFFFF)] : [UInt16(encoding)]
  }
}
