import JIT
import Testing

@Suite struct CompileTests {
  @Test func `every kernel compiles in both modes`() async throws {
    for kernel in ["fletcher16", "siphash24", "coap_parse", "div64"] {
      for isolation in Isolation.allCases {
        let compiled = try await Compiled(kernel: kernel, isolation: isolation, contextSize: 4096)
        #expect(compiled.code.count == compiled.summary.size)
        #expect(isolation == .checked || compiled.summary.checkedAccesses == 0)
      }
    }
  }

  @Test func `too little room is an error that says how much is needed`() async throws {
    let whole = try await Compiled(kernel: "crc32", isolation: .hardware)
    let expected = CompileError.tooLittleRoom(needed: whole.summary.size, available: 20)
    await #expect(throws: expected) {
      try await Compiled(kernel: "crc32", isolation: .hardware, room: 10)
    }
  }
}
