import BPF
import Testing

@testable import BPFText

@Suite struct AssemblerTests {
  func assemble(_ source: String, _ syntax: Syntax = .llvm) throws(AssemblerError) -> [UInt8] {
    try Assembler(syntax: syntax).assemble(source)
  }

  func refusal(of source: String, _ syntax: Syntax = .llvm) -> AssemblerError? {
    do throws(AssemblerError) {
      _ = try Assembler(syntax: syntax).assemble(source)
      return nil
    } catch {
      return error
    }
  }

  // MARK: What is accepted

  @Test func `comments and blank lines leave no trace`() throws {
    let plain = try assemble("r0 = 1\nexit")
    #expect(try assemble("# a\n\n r0 = 1 // b\n; source line\n\texit # c\n") == plain)
    #expect(try assemble("# a\n\nmov %r0, 1 ; b\n; c\nexit // d\n", .classic) == plain)
    #expect(try assemble("r0 = 1\r\nexit\r\n") == plain)
    #expect(try assemble("") == [])
  }

  @Test func `a semicolon separates statements of LLVM's syntax`() throws {
    #expect(try assemble("r0 = 1; exit") == assemble("r0 = 1\nexit"))
    #expect(try assemble("r0 = 1;;exit;") == assemble("r0 = 1\nexit"))
  }

  @Test func `white space is needed between words alone`() throws {
    #expect(try assemble("r0=*(u64*)(r1+8)") == assemble("  r0  = * ( u64 * ) ( r1 + 8 )  "))
    #expect(try assemble("stxb [ %r1 + 2 ] , %r2", .classic) == assemble("stxb [%r1+2],%r2", .classic))
  }

  @Test func `a 32-bit immediate is written as a signed number or as its bits`() throws {
    #expect(try assemble("r0 = 0xffffffff") == assemble("r0 = -1"))
    #expect(try assemble("r0 = 4294967295") == assemble("r0 = -0x1"))
    #expect(try assemble("r0 = +5") == assemble("r0 = 5"))
  }

  @Test func `narrow accesses take the whole register or its half`() throws {
    #expect(try assemble("r1 = *(u8 *)(r2 + 3)") == assemble("w1 = *(u8 *)(r2 + 3)"))
    #expect(try assemble("*(u32 *)(r2 + 3) = r1") == assemble("*(u32 *)(r2 + 3) = w1"))
    #expect(try assemble("lock *(u32 *)(r2 + 3) += r1") == assemble("lock *(u32 *)(r2 + 3) += w1"))
  }

  @Test func `the classic syntax has registers without percent signs and addresses without offsets`() throws {
    #expect(try assemble("ldxb r0, [r1]", .classic) == assemble("ldxb %r0, [%r1+0]", .classic))
    #expect(try assemble("swap16 %r3", .classic) == assemble("bswap16 %r3", .classic))
    #expect(try assemble("callx %r2", .classic) == assemble("call %r2", .classic))
  }

  @Test func `labels name slots, counted with both halves of wide loads`() throws {
    let source = "start: r1 = 5 ll\nmiddle:\nagain: if r1 > 4 goto end\ncall start\nend:\n exit\nbehind:"
    let assembly = try Assembler(syntax: .llvm).assembly(of: source)
    #expect(assembly.labels == ["start": 0, "middle": 2, "again": 2, "end": 4, "behind": 5])
    #expect(assembly.lines == [1, 1, 3, 4, 6])
    #expect(
      assembly.text
        == bytes([
          Instruction(.lddw, destination: .r1, immediate: 5), Instruction(.wideUpperHalf),
          Instruction(.jgtImm, destination: .r1, offset: 1, immediate: 4),
          Instruction(.callLocal, immediate: -4), Instruction(.exit),
        ]))
  }

  @Test func `exit names the last exit instruction in the classic syntax unless a line has that label`()
    throws
  {
    #expect(try assemble("ja exit\nexit\nexit", .classic) == assemble("ja +1\nexit\nexit", .classic))
    #expect(try assemble("ja exit\nexit: exit\nexit", .classic) == assemble("ja +0\nexit\nexit", .classic))
    #expect(refusal(of: "goto exit\nexit") == AssemblerError(line: 1, column: 6, .unknownLabel("exit")))
    #expect(refusal(of: "ja exit", .classic) == AssemblerError(line: 1, column: 4, .unknownLabel("exit")))
  }

  @Test func `any slot is written as its number`() throws {
    #expect(try assemble(".quad 0x0807060504030201") == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(try assemble(".quad -1", .classic) == [UInt8](repeating: 0xFF, count: 8))
  }

  // MARK: What is refused

  @Test(
    arguments: [
      ("bogus %r1", 1, .unknownInstruction("bogus")),
      ("mov %r0, 1 2", 12, .unexpected(found: "2", expected: ["the end of the line"])),
      ("mov %r0", 8, .unexpected(found: "the end of the line", expected: ["','"])),
      ("mov %r0, ?", 10, .unexpected(found: "?", expected: ["a number", "a register"])),
      ("mov %r11, 1", 5, .unexpected(found: "%r11", expected: ["a register"])),
      ("ldxb %r0, [%r1+x]", 16, .unexpected(found: "x", expected: ["a number"])),
      (
        "lock fetch sub [%r1], %r2", 12,
        .unexpected(
          found: "sub",
          expected: [
            "'add'", "'add32'", "'and'", "'and32'", "'or'", "'or32'", "'xor'", "'xor32'",
          ])
      ),
      (
        "mov %r0, 0x100000000", 10,
        .outOfRange(found: "4294967296", minimum: -0x8000_0000, maximum: 0xFFFF_FFFF)
      ),
      (
        "mov %r0, -2147483649", 10,
        .outOfRange(found: "-2147483649", minimum: -0x8000_0000, maximum: 0xFFFF_FFFF)
      ),
      ("ldxb %r0, [%r1+32768]", 15, .outOfRange(found: "32768", minimum: -32768, maximum: 32767)),
      ("ja +32768", 4, .outOfRange(found: "32768", minimum: -32768, maximum: 32767)),
      ("lddw %r0, 0x10000000000000000", 11, .malformedNumber("0x10000000000000000")),
      (
        "lddw %r0, -9223372036854775809", 11,
        .outOfRange(found: "-9223372036854775809", minimum: .min, maximum: .max)
      ),
      ("mov %r0, 12ab", 10, .malformedNumber("12ab")),
      ("mov %r0, 0x", 10, .malformedNumber("0x")),
      ("ja nowhere", 4, .unknownLabel("nowhere")),
      (".quad", 6, .unexpected(found: "the end of the line", expected: ["a number"])),
    ] as [(String, Int, AssemblerError.Reason)])
  func `a line that is no instruction is refused where it goes wrong`(
    source: String, column: Int, reason: AssemblerError.Reason
  ) {
    #expect(refusal(of: "exit\n\(source)", .classic) == AssemblerError(line: 2, column: column, reason))
  }

  @Test(
    arguments: [
      (
        "r0 = w1", 6,
        .unexpected(
          found: "w1",
          expected: [
            "'*'", "'-'", "'('", "'atomic_fetch_add'", "'atomic_fetch_and'",
          ])
      ),
      ("r0 = -r1", 7, .unexpected(found: "r1", expected: ["a number", "r0"])),
      ("r2 = be16 r3", 11, .unexpected(found: "r3", expected: ["r2"])),
      ("if r1 > 5", 10, .unexpected(found: "the end of the line", expected: ["'goto'"])),
      ("*(u8 *)(r1 + 40000) = 1", 12, .outOfRange(found: "40000", minimum: -32768, maximum: 32767)),
      ("r0 = 1 /", 8, .unexpected(found: "/", expected: ["'ll'", "the end of the line"])),
    ] as [(String, Int, AssemblerError.Reason)])
  func `a line of LLVM's syntax is refused where it goes wrong`(
    source: String, column: Int, reason: AssemblerError.Reason
  ) throws {
    let error = try #require(refusal(of: source))
    #expect(error.column == column)
    if case .unexpected(let found, let expected) = reason, expected.count > 3,
      case .unexpected(let ownFound, let ownExpected) = error.reason
    {
      #expect(ownFound == found)
      #expect(Set(ownExpected).isSuperset(of: expected))
    } else {
      #expect(error.reason == reason)
    }
  }

  @Test func `a label stands once`() {
    #expect(
      refusal(of: "a:\nexit\n  a: exit")
        == AssemblerError(line: 3, column: 3, .repeatedLabel("a", firstLine: 1)))
  }

  @Test func `a target too far for the instruction is refused, and gotol reaches it`() throws {
    let filler = [String](repeating: "exit", count: 32_768).joined(separator: "\n")
    #expect(
      refusal(of: "goto far\n\(filler)\nfar: exit")
        == AssemblerError(
          line: 1, column: 6,
          .targetTooFar("far", distance: 32_768, minimum: -32_768, maximum: 32_767)))
    #expect(try assemble("gotol far\n\(filler)\nfar: exit").prefix(8) == [6, 0, 0, 0, 0, 0x80, 0, 0])
  }

  @Test func `an error says in words what is wrong`() {
    #expect(
      refusal(of: "mov %r0, ?", .classic)?.description
        == "line 1, column 10: expected a number or a register, found ?")
  }

  @Test func `no text crashes the assembler`() {
    let alphabet: [Character] = Array("r1w2 =+-*/&|<>%s()u864,[]:;#.\n\tgotolexitcalllddw0xFé\u{301}")
    var state: UInt64 = 42
    for _ in 0..<1_000 {
      var text = ""
      for _ in 0..<24 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      for syntax in Syntax.allCases { _ = try? assemble(text, syntax) }
    }
  }
}
