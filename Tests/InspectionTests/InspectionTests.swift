import BPFText
import ProgramImage
import Testing
import Toolchain

@testable import Inspection

@Suite struct InspectionRules {
  @Test func `an image is shown with its parts, the verdict and its instructions`() throws {
    let text = try ImageDescription(of: [0xb7, 0, 0, 0, 7, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]).text
    #expect(text.contains("layout        text"))
    #expect(text.contains("instructions  2, starting at 0"))
    #expect(text.contains("accepts it; 1 stack frame at most; calls no helper"))
    #expect(text.contains("r0 = 7"))
  }

  @Test func `a source line stands before its instructions`() throws {
    let text = try ImageDescription(
      of: [0xb7, 0, 0, 0, 7, 0, 0, 0, 0x07, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0],
      sources: [
        0: SourceLine(file: "seven.c", line: 2, text: "int x = 7 + 1;"),
        1: SourceLine(file: "seven.c", line: 2, text: "int x = 7 + 1;"),
        2: SourceLine(file: "seven.c", line: 3, text: "return x;"),
      ]
    ).text
    let listing = text.split(separator: "\n").suffix(6)
    #expect(
      listing.map { $0.prefix(2) == "; " || $0.hasSuffix(":") ? String($0) : "" } == [
        "program:", "; seven.c:2: int x = 7 + 1;", "", "", "; seven.c:3: return x;", "",
      ])
  }

  @Test func `a program that the verifier refuses is shown all the same`() throws {
    let text = try ImageDescription(of: [0xb7, 0, 0, 0, 7, 0, 0, 0]).text
    #expect(text.contains("refuses it at instruction 0: fallsOffTheEnd"))
  }

  @Test(arguments: [Syntax.llvm, .classic])
  func `what a program is disassembled to assembles to it again`(syntax: Syntax) throws {
    let image: [UInt8] = [
      0x18, 1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x55, 1, 1, 0, 0, 0, 0, 0, 0xb7, 0, 0, 0, 7, 0, 0, 0,
      0x95, 0, 0, 0, 0, 0, 0, 0,
    ]
    let source = try disassemble(image: image, syntax: syntax)
    #expect(try Assembler(syntax: syntax).assemble(source) == image)
  }

  @Test func `what is no image is not disassembled`() {
    #expect(throws: ImageError.self) { try disassemble(image: [1, 2, 3], syntax: .llvm) }
  }

  @Test func `byte strings that hold containers are opened`() {
    #expect(
      diagnosticNotation(of: [0xa2, 0x01, 0x42, 0x81, 0x05, 0x02, 0x41, 0x07]) == "{1: <<[5]>>, 2: h'07'}")
  }

  @Test(arguments: [[], [0xa1], [0x5f], [0x01, 0x01]] as [[UInt8]])
  func `what is not one well-formed item has no notation`(bytes: [UInt8]) {
    #expect(diagnosticNotation(of: bytes) == nil)
  }
}
