import Bytes
import BPF
import ProgramImage
import Testing

@Suite struct TextLayoutTests {
  @Test func `a text is its instructions and nothing else`() throws {
    let program = wide(.lddwData, 8) + [Instruction(.trap, immediate: 3), exit]
    #expect(try load(encoded(program)) == Loaded(text: program))
  }

  @Test func `a text grants no helpers and has no names`() throws {
    let text = encoded([exit])
    let image = try ProgramImage(text.span)
    #expect(image.grantedHelpers == nil)
    let entry = try image.entry(named: ProgramImage.entryName.bytes)
    #expect(entry == nil)
  }

  @Test func `no bytes are no program`() {
    #expect(error(loading: []) == .refused(.noText))
  }

  @Test(arguments: [1, 7, 9])
  func `a text that ends within an instruction is refused`(count: Int) {
    #expect(
      error(loading: .init(repeating: 0, count: count))
        == .refused(.partialInstruction, found: Int64(count)))
  }

  @Test func `a slot that is no instruction is refused with its number`() {
    #expect(
      error(loading: encoded([exit]) + little(0xFF)) == .instruction(.unknownOpcode(0xFF), slot: 1))
  }

  @Test func `a buffer too small is refused and one too large is left alone behind the text`() throws {
    let text = encoded([exit, exit, exit])
    var small = [Instruction](repeating: exit, count: 2)
    #expect(
      error { () throws(ImageError) in
        let image = try ProgramImage(text.span)
        var span = small.mutableSpan
        _ = try image.decode(into: &span)
      } == .refused(.textBufferTooSmall, found: 2, expected: 3))
    var large = [Instruction](repeating: Instruction(.ja), count: 4)
    let image = try ProgramImage(text.span)
    var span = large.mutableSpan
    #expect(try image.decode(into: &span) == 3)
    #expect(large[3] == Instruction(.ja))
  }
}
