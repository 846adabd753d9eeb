import ArgumentParser
import Delivery
import DeviceClient
import DeviceProtocol
import Foundation
import ProgramImage
import Runtime
import Toolchain
import VirtualDevice

/// A file that a command wrote.
private struct WrittenFile: Encodable {
  let path: String
  let bytes: Int
}

struct Compile: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compile a C or Swift program to an eBPF object file.",
    discussion: """
      The ending of the file tells the language. The object file tells source lines, which images do not.

      Example: microbpf compile Examples/fletcher16.c --output fletcher16.o
      """)

  @Argument(help: "The source file, .c or .swift.", completion: .file(extensions: ["c", "swift"]))
  var source: String

  @Option(name: .shortAndLong, help: "The object file. Default: the source's name with .o, in this folder.")
  var output: String?

  @OptionGroup var format: OutputOptions

  func run() async throws {
    try await perform(on: source) { [self] in
      let compiled = try await withProgress("compiling \(source)") { _ in
        try await Compiler().compile(URL(filePath: source))
      }
      FileHandle.standardError.write(Data(compiled.diagnostics.utf8))
      let path = output ?? defaultName(for: source, ending: "o")
      try Data(compiled.object).write(to: URL(filePath: path))
      try format.print(
        WrittenFile(path: path, bytes: compiled.object.count), text: "\(path): \(compiled.object.count) bytes"
      )
    }
  }
}

struct Link: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make an image of object files.",
    discussion: """
      Keeps what the program can reach and drops everything else, debug information too.

      Example: microbpf link fletcher16.o --output fletcher16.img
               microbpf link noop.o --layout text
               microbpf link hello.o --layout extended --helpers bpf_printf
      """)

  @Argument(help: "The object files.", completion: .file(extensions: ["o"]))
  var objects: [String]

  @OptionGroup var layout: LayoutOption

  @Option(
    parsing: .upToNextOption,
    help: """
      The helpers that the program may call, by name or number; an extended image says so itself. Default: those it \
      calls.
      """)
  var helpers: [HelperArgument] = []

  @Flag(
    inversion: .prefixedNo,
    help: "Refuse a program that calls others than --helpers says. A device refuses it in any case.")
  var checkHelpers = true

  @Option(name: .shortAndLong, help: "The image. Default: the first object's name with .img, in this folder.")
  var output: String?

  @OptionGroup var format: OutputOptions

  private struct Result: Encodable {
    let path: String
    let bytes, instructions, constantBytes, dataBytes, zeroBytes: Int
  }

  func validate() throws {
    guard !objects.isEmpty else { throw ValidationError("an object file is needed") }
  }

  func run() async throws {
    try await perform(on: objects.joined(separator: ", ")) { [self] in
      let contents = try objects.map { try Array(Data(contentsOf: URL(filePath: $0))) }
      let program = try Linker(
        layout: layout.layout, helpers: helpers.isEmpty ? nil : helpers.map(\.helper.rawValue),
        granted: helpers.isEmpty || !checkHelpers ? nil : helpers.set
      ).link(contents)
      let path = output ?? defaultName(for: objects[0], ending: "img")
      try Data(program.image).write(to: URL(filePath: path))
      if let object = contents.first, contents.count == 1 {
        let lines = (try? await SourceLines(ofObject: object).lines(of: program.functions)) ?? [:]
        remember(ProgramSource(program: URL(filePath: objects[0]).path, lines: lines), of: program.image)
      }
      try format.print(
        Result(
          path: path, bytes: program.image.count, instructions: program.textSize / 8,
          constantBytes: program.rodataSize, dataBytes: program.dataSize, zeroBytes: program.bssSize),
        text:
          "\(path): \(program.image.count) bytes; \(program.textSize / 8) instructions, \(program.rodataSize) bytes "
          + "constant, \(program.dataSize) data, \(program.bssSize) zero")
    }
  }
}

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a program on this machine, as a device would.",
    discussion: """
      Takes a source file, an object file or an image. It is checked and interpreted as on a device. A report of what \
      stops it names the source line; of an image that was built on this machine, too.

      Example: microbpf run Examples/fletcher16.c
               microbpf run program.img --context packet.bin --budget 1000
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.", completion: .program)
  var program: String

  @Option(help: "A file with the program's input, which r1 points to.", completion: .file())
  var context: String?

  @Option(help: "The most instructions that may run.")
  var budget = Limits.shortRunInstructions

  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let result: Int64
    let instructions: Int
  }

  func run() async throws {
    try await perform(on: program) { [self] in
      let input = try context.map { try Array(Data(contentsOf: URL(filePath: $0))) } ?? []
      let (image, source) = try await buildForDevice(program)
      do throws(Problem) {
        let (value, instructions) = try runLocally(image: image, context: input, budget: budget) {
          FileHandle.standardError.write(Data($0))
        }
        let result = Result(result: Int64(bitPattern: value), instructions: instructions)
        try? output.print(result, text: "result \(result.result) after \(instructions) instructions")
      } catch {
        let refusal = Refusal(error)
        var complaint = Complaint(
          refusal, at: program, source: refusal.instruction.flatMap { source[$0] }?.description)
        if refusal.stage == .verifier {
          complaint.next.append("`microbpf verify \(program)` shows what leads there")
        }
        throw complaint
      }
    }
  }
}

/// The source's name with another ending, in the current folder.
func defaultName(for path: String, ending: String) -> String {
  URL(filePath: path).deletingPathExtension().appendingPathExtension(ending).lastPathComponent
}
