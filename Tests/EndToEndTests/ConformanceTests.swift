import Conformance
import DeviceClient
import JIT
import Testing
import Toolchain
import Delivery

/// The public suite's cases, if this machine has them.
private let folder = ConformanceCase.folder(besidePackage: Board.root)

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct ConformanceOfTheBoard {
  @Test(
    .enabled(
      if: folder != nil,
      "no conformance suite: neither BPF_CONFORMANCE_DIR nor shared/conformance beside the package"),
    arguments: [(.interpreter, .checked), (.jit, .checked), (.jit, .hardware)] as [(Engine, Isolation)])
  func `the board meets every case of the public suite`(engine: Engine, isolation: Isolation) async throws {
    let cases = try ConformanceCase.load(folder: try #require(folder))
    #expect(cases.count >= 313)
    let report = try await Board.run { _, device in
      try await DeviceEngine(
        device: device, signing: Signing(key: Board.key), engine: engine, isolation: isolation
      ).run(cases)
    }
    #expect(report.engine == "\(engine == .jit ? "JIT (\(isolation))" : "interpreter") on mps2-an386")
    for failure in report.failures { Issue.record("\(failure)") }
    #expect(report.passed == cases.count)
  }

  @Test(arguments: Engine.allCases)
  func `what a program comes to on the board is told apart`(engine: Engine) async throws {
    try await Board.run { _, device in
      let engine = try await DeviceEngine(device: device, signing: Signing(key: Board.key), engine: engine)
      func run(_ source: String, memory: [UInt8] = []) async throws -> EngineOutcome {
        try await engine.runSuiteProgram(
          try ConformanceCase(name: "", contents: "-- asm\n\(source)\n-- result\n0").program, memory: memory)
      }
      #expect(try await run("ldxb %r0, [%r1+1]\nadd %r0, %r2\nexit", memory: [1, 2, 3]) == .returned(5))
      #expect(try await run("mov %r1, -7\ncall 5\nexit") == .returned(UInt64(bitPattern: -7)))
      #expect(try await run("mov %r1, 7\nmov %r2, 5\ncall %r2\nexit") == .returned(7))
      #expect(try await run("call 6\nexit") == .calledUnknownHelper(number: 6, index: 0))
      for source in ["mov %r10, 1\nexit", "mov %r1, 0\nldxb %r0, [%r1]\nexit"] {
        let outcome = try await run(source)
        if case .failed = outcome { continue }
        Issue.record("'\(source)' came to \(outcome)")
      }
    }
  }

  @Test func `a program or memory that the board has no room for is not run`() async throws {
    try await Board.run { _, device in
      let engine = try await DeviceEngine(device: device, signing: Signing(key: Board.key))
      let long = try await engine.run(.init(repeating: 0, count: 4104), memory: [])
      #expect(long == .doesNotFit("the program has 4104 bytes, a slot 4096"))
      let memory = try await engine.run(
        [0x95, 0, 0, 0, 0, 0, 0, 0], memory: .init(repeating: 0, count: 1025))
      #expect(memory == .doesNotFit("the memory has 1025 bytes, a datagram 1024"))
    }
  }
}
