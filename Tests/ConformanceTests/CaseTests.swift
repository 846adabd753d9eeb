import BPFText
import Conformance
import Testing

@Suite struct CaseTests {
  func error(_ contents: String) -> ConformanceCaseError? {
    do throws(ConformanceCaseError) {
      _ = try ConformanceCase(name: "case", contents: contents)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a case has a program, memory and a result`() throws {
    let contents = """
      # Comment
      -- asm
      ldxh %r0, [%r1]
      exit # done
      -- raw
      0x0000000000001069
      0x0000000000000095
      -- mem
      22 11
      0aB0
      -- no register offset
      call instruction
      -- result
      0x1122
      """
    let found = try ConformanceCase(name: "case", contents: contents)
    #expect(found.program == [0x69, 0x10, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])
    #expect(found.raw == found.program)
    #expect(found.memory == [0x22, 0x11, 0x0A, 0xB0])
    #expect(found.expectation == .result(0x1122))
    #expect(found.isMet(by: .returned(0x1122)))
    #expect(!found.isMet(by: .returned(0x1123)))
    #expect(!found.isMet(by: .failed("")))
  }

  @Test func `a case that wants an error is met by any refusal`() throws {
    let found = try ConformanceCase(name: "case", contents: "-- asm\nexit\n-- error\nno such helper\n")
    #expect(found.expectation == .failure("no such helper"))
    #expect(found.isMet(by: .failed("x")))
    #expect(found.isMet(by: .calledUnknownHelper(number: 9, index: 0)))
    #expect(!found.isMet(by: .returned(0)))
  }

  @Test(
    arguments: [
      ("-- result\n0x1", 1, .missingSection("asm")),
      ("-- asm\nexit", 1, .missingSection("result")),
      ("# x\n-- bogus\n", 2, .unknownSection("bogus")),
      ("-- asm\nexit\n-- asm\nexit", 3, .repeatedSection("asm")),
      ("-- asm\nexit\n-- result\n0xfg", 4, .malformedNumber("0xfg")),
      ("-- asm\nexit\n-- result\n", 4, .malformedNumber("")),
      ("-- asm\nexit\n-- mem\n00\n1\n-- result\n0", 5, .malformedBytes("1")),
      ("-- asm\nexit\n-- mem\nxy\n-- result\n0", 4, .malformedBytes("xy")),
      (
        "# x\n-- asm\nexit\nbogus", 4,
        .program(AssemblerError(line: 2, column: 1, .unknownInstruction("bogus")))
      ),
    ] as [(String, Int, ConformanceCaseError.Reason)])
  func `a file that is no case is refused at its line`(
    contents: String, line: Int, reason: ConformanceCaseError.Reason
  ) {
    #expect(error(contents) == ConformanceCaseError(line: line, reason))
  }
}

@Suite struct EngineTests {
  func run(_ source: String, memory: [UInt8] = []) async throws -> EngineOutcome {
    let program = try Assembler(syntax: .classic).assemble(source)
    return try await InterpreterEngine(budget: 1000).runSuiteProgram(program, memory: memory)
  }

  @Test func `a program finds its memory in r1 and r2, and no memory as zeros`() async throws {
    #expect(try await run("ldxb %r0, [%r1+1]\nadd %r0, %r2\nexit", memory: [1, 2, 3]) == .returned(5))
    #expect(try await run("mov %r0, %r1\nor %r0, %r2\nexit") == .returned(0))
  }

  @Test func `the suite's helper returns its first argument, by number and through a register`() async throws
  {
    #expect(try await run("mov %r1, 7\ncall 5\nexit") == .returned(7))
    #expect(try await run("mov %r1, 7\nmov %r2, 5\ncall %r2\nexit") == .returned(7))
    #expect(try await run("mov %r1, 7\ncall 5\nmov %r2, 5\ncall %r2\nadd %r0, 1\nexit") == .returned(8))
  }

  @Test func `other helpers are unknown`() async throws {
    #expect(try await run("call 6\nexit") == .calledUnknownHelper(number: 6, index: 0))
    #expect(
      try await run("mov %r2, -5\ncall %r2\nexit")
        == .calledUnknownHelper(number: UInt64(bitPattern: -5), index: 1))
  }

  @Test func `a report tells which cases were not met, and what came instead`() async throws {
    let cases = try [
      ("one", "mov %r0, 1\nexit\n-- result\n0x1"), ("two", "mov %r0, 1\nexit\n-- result\n0x2"),
      ("six", "call 6\nexit\n-- result\n0x0"), ("end", "exit\n-- error\nsome reason"),
    ].map { try ConformanceCase(name: $0, contents: "-- asm\n\($1)\n") }
    let report = try await InterpreterEngine(budget: 1000).run(cases)
    #expect(report.total == 4)
    #expect(report.passed == 1)
    #expect(
      report.failures.map(\.description) == [
        "two: wanted 0x2, got 0x1", "six: wanted 0x0, got slot 0 calls helper 6, which does not exist",
        "end: wanted an error (some reason), got 0x0",
      ])
  }

  @Test func `a machine without room meets no case, not even one that wants an error`() throws {
    let found = try ConformanceCase(name: "case", contents: "-- asm\nexit\n-- error\nnone\n")
    #expect(!found.isMet(by: .doesNotFit("a slot has 8 bytes")))
  }

  @Test func `refused and stopped programs fail`() async throws {
    for source in ["", "mov %r0, 1", "mov %r1, 0\nldxb %r0, [%r1]\nexit", "ja -1", "mov %r10, 1\nexit"] {
      guard case .failed = try await run(source) else {
        Issue.record("'\(source)' ran")
        continue
      }
    }
  }
}

@Suite struct PluginTests {
  let plugin = ConformancePlugin(engine: InterpreterEngine())

  @Test func `the plug-in prints r0 in hexadecimal`() async throws {
    let reply = try await plugin.reply(
      memory: "22 11", input: "69 10 00 00 00 00 00 00\n9500000000000000\n")
    #expect(reply.standardOutput == "1122\n")
    #expect(reply.standardError == "")
    #expect(reply.exitStatus == 0)
  }

  @Test(arguments: [
    ("2", "9500000000000000", "the memory is not hexadecimal\n"),
    ("", "95000000000000zz", "the program is not hexadecimal\n"),
    ("", "8500000006000000 9500000000000000", "slot 0 calls helper 6, which does not exist\n"),
  ])
  func `the plug-in says on standard error why a program fails`(
    memory: String, input: String, message: String
  ) async throws {
    let reply = try await plugin.reply(memory: memory, input: input)
    #expect(reply.standardOutput == "")
    #expect(reply.standardError == message)
    #expect(reply.exitStatus == 1)
  }
}
