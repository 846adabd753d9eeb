import ArgumentParser
import BPFText
import Delivery
import Foundation
import Inspection
import Toolchain

extension Syntax: ExpressibleByArgument {
  public init?(argument: String) {
    guard let syntax = Syntax.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = syntax
  }

  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

/// How instructions are written.
struct SyntaxOption: ParsableArguments {
  @Option(help: "The notation: llvm as in r0 = 7, classic as in mov %r0, 7.")
  var syntax = Syntax.llvm
}

struct Assemble: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make an image of a program in assembly language.",
    discussion: """
      The image has the layout text: nothing but instructions.

      Example: microbpf assemble program.s
               microbpf assemble program.asm --syntax classic --output program.img
      """)

  @Argument(help: "The source file.", completion: .file(extensions: ["s", "asm"]))
  var source: String

  @OptionGroup var syntax: SyntaxOption

  @Option(name: .shortAndLong, help: "The image. Default: the source's name with .img, in this folder.")
  var output: String?

  @OptionGroup var format: OutputOptions

  private struct Result: Encodable {
    let path: String
    let bytes, instructions: Int
  }

  func run() async throws {
    try await perform(on: source) { [self] in
      let text = try String(contentsOf: URL(filePath: source), encoding: .utf8)
      let assembly = try Assembler(syntax: syntax.syntax).assembly(of: text)
      let image = assembly.text
      let path = output ?? defaultName(for: source, ending: "img")
      try Data(image).write(to: URL(filePath: path))
      let file = URL(filePath: source).path
      let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      let sources = assembly.lines.enumerated().map { slot, line in
        (slot, SourceLine(file: file, line: line, text: lines[line - 1].trimmingCharacters(in: .whitespaces)))
      }
      remember(
        ProgramSource(program: file, lines: Dictionary(uniqueKeysWithValues: sources)), of: image)
      try format.print(
        Result(path: path, bytes: image.count, instructions: image.count / 8),
        text: "\(path): \(image.count) bytes, \(image.count / 8) instructions")
    }
  }
}

struct Disassemble: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a program's instructions as text that can be assembled again.",
    discussion: """
      Takes a source file, an object file or an image. `microbpf inspect` shows indices and bytes as well.

      Example: microbpf disassemble Examples/fletcher16.c
               microbpf disassemble program.img --syntax classic
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.", completion: .program)
  var program: String

  @OptionGroup var syntax: SyntaxOption
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform(on: program) { [self] in
      let text = try await withProgress("building \(program)") { _ in
        try await disassemble(program, syntax: syntax.syntax)
      }
      try output.print(text.split(separator: "\n").map { String($0) }, text: text)
    }
  }
}
