import JIT
import Testing

@Suite struct CodeMapTests {
  /// Of instructions with 2, 0, 3, 300 and 1 halfwords, the last an atomic operation.
  static let map: [UInt8] = [2, 0, 3, 255, 44, 1, 254, 1]

  @Test(
    arguments: [
      (9, nil), (10, 0), (11, 0), (12, 2), (14, 2), (15, 3), (314, 3), (315, 4), (316, nil), (-1, nil),
    ] as [(Int, Int?)])
  func `a place in the code belongs to one instruction, or to none`(position: Int, index: Int?) {
    #expect(CodeMap.place(ofHalfword: position, start: 10, in: Self.map.span)?.index == index)
  }

  @Test func `an atomic operation is told apart`() {
    #expect(CodeMap.place(ofHalfword: 314, start: 10, in: Self.map.span)?.isAtomic == false)
    #expect(CodeMap.place(ofHalfword: 315, start: 10, in: Self.map.span)?.isAtomic == true)
  }

  @Test func `a map that is cut off, or none, tells nothing wrong`() {
    for length in 0..<Self.map.count {
      let found = CodeMap.place(ofHalfword: 1000, start: 10, in: Self.map.span.extracting(0..<length))
      #expect(found == nil)
    }
  }

  @Test func `the map of compiled code covers it to its end`() async throws {
    let compiled = try await Compiled(kernel: "siphash24", isolation: .checked, contextSize: 4096)
    let count = compiled.map.count
    #expect(
      CodeMap.place(
        ofHalfword: compiled.summary.size / 2 - 1, start: compiled.firstHalfword, in: compiled.map.span)?
        .index
        == count - 1)
  }
}
