import BPF
import Testing

@testable import BPFText

@Suite struct DisassemblerTests {
  @Test(
    arguments: [
      ("r0 = r1", "mov %r0, %r1", Instruction(.mov64Reg, destination: .r0, source: .r1)),
      ("w0 = -1", "mov32 %r0, -1", Instruction(.mov32Imm, destination: .r0, immediate: -1)),
      (
        "w1 = *(u8 *)(r2 + 3)", "ldxb %r1, [%r2+3]",
        Instruction(.ldxb, destination: .r1, source: .r2, offset: 3)
      ),
      (
        "r1 = *(s32 *)(r2 - 4)", "ldxsw %r1, [%r2-4]",
        Instruction(.ldxsw, destination: .r1, source: .r2, offset: -4)
      ),
      ("*(u64 *)(r10 + 0) = r1", "stxdw [%r10], %r1", Instruction(.stxdw, destination: .r10, source: .r1)),
      ("r1 s/= 3", "sdiv %r1, 3", Instruction(.sdiv64Imm, destination: .r1, immediate: 3)),
      ("w1 s>>= w2", "arsh32 %r1, %r2", Instruction(.arsh32Reg, destination: .r1, source: .r2)),
      ("r1 = (s16)r2", "movsx1664 %r1, %r2", Instruction(.movsx16to64, destination: .r1, source: .r2)),
      ("r1 = be32 r1", "be32 %r1", Instruction(.be32, destination: .r1)),
      ("r1 = bswap64 r1", "bswap64 %r1", Instruction(.bswap64, destination: .r1)),
      (
        "if w1 s> 3 goto +2", "jsgt32 %r1, 3, +2",
        Instruction(.jsgt32Imm, destination: .r1, offset: 2, immediate: 3)
      ),
      ("gotol -1", "ja32 -1", Instruction(.ja32, immediate: -1)),
      ("call 99", "call 99", Instruction(.callHelper, immediate: 99)),
      ("call 1  # bpf_printf", "call 1  # bpf_printf", Instruction(.callHelper, immediate: 1)),
      ("call pc+3", "call local +3", Instruction(.callLocal, immediate: 3)),
      ("callx r2", "call %r2", Instruction(.callx, destination: .r2)),
      ("trap 7", "trap 7", Instruction(.trap, immediate: 7)),
      (
        "lock *(u64 *)(r1 + 0) += r2", "lock add [%r1], %r2",
        Instruction(.atomicAdd64, destination: .r1, source: .r2)
      ),
      (
        "w2 = atomic_fetch_or((u32 *)(r1 + 8), w2)", "lock fetch or32 [%r1+8], %r2",
        Instruction(.atomicFetchOr32, destination: .r1, source: .r2, offset: 8)
      ),
      (
        "r0 = cmpxchg_64(r1 - 8, r0, r2)", "lock cmpxchg [%r1-8], %r2",
        Instruction(.cmpxchg64, destination: .r1, source: .r2, offset: -8)
      ),
      ("r0 = *(u16 *)skb[r3 + 4]", "ldindh %r3, 4", Instruction(.ldindh, source: .r3, immediate: 4)),
    ] as [(String, String, Instruction)])
  func `an instruction is written in both syntaxes`(llvm: String, classic: String, instruction: Instruction) {
    #expect(Disassembler(syntax: .llvm).line(for: instruction) == llvm)
    #expect(Disassembler(syntax: .classic).line(for: instruction) == classic)
  }

  @Test func `a wide load is written with its other half or as a number`() {
    let program = [
      Instruction(.lddw, destination: .r1, immediate: -1), Instruction(.wideUpperHalf, immediate: 1),
    ]
    let disassembler = Disassembler(syntax: .llvm)
    #expect(disassembler.line(for: program[0], next: program[1]) == "r1 = 0x1ffffffff ll")
    #expect(disassembler.line(for: program[0]) == ".quad 0xffffffff00000118")
    #expect(disassembler.line(for: program[0], next: program[0]) == ".quad 0xffffffff00000118")
    #expect(disassembler.line(for: program[1]) == ".quad 0x0000000100000000")
  }

  @Test func `a listing shows index, bytes, text, functions and targets`() {
    let program = [
      Instruction(.lddw, destination: .r1, immediate: 16), Instruction(.wideUpperHalf),
      Instruction(.callLocal, immediate: 2), Instruction(.jeqImm, destination: .r0, offset: -2, immediate: 0),
      Instruction(.exit), Instruction(.callHelper, immediate: 0x20), Instruction(.exit),
    ]
    #expect(
      Disassembler(syntax: .llvm).listing(of: program, functions: [0: "program", 5: "now"]) == [
        "program:",
        "     0: 18 01 00 00 10 00 00 00  r1 = 0x10 ll",
        "     1: 00 00 00 00 00 00 00 00",
        "L2:",
        "     2: 85 10 00 00 02 00 00 00  call now",
        "     3: 15 00 fe ff 00 00 00 00  if r0 == 0 goto L2",
        "     4: 95 00 00 00 00 00 00 00  exit",
        "now:",
        "     5: 85 00 00 00 20 00 00 00  call 32  # bpf_now_ms",
        "     6: 95 00 00 00 00 00 00 00  exit",
      ])
    #expect(Disassembler(syntax: .classic).listing(of: []) == [])
  }
}
