import ArgumentParser
import Foundation
import Inspection

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what the verifier proves about a program, or why it refuses it.",
    discussion: """
      Takes a source file, an object file or an image. Prints the program with what is known before each instruction, and \
      points at the first mistake: in the source, too, if the object file has debug information. The exit status is 0 when \
      the program is accepted and 1 when it is refused.

      Example: microbpf verify Examples/fletcher16.c
               microbpf verify program.img --context-size 64 --json
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.", completion: .program)
  var program: String

  @Option(help: "Bytes of the program's input. Default: not known, as when a device installs it.")
  var contextSize: Int?

  @Option(
    parsing: .upToNextOption,
    help:
      "The helpers that the program may call, by name or number. Default: those that the image says, or all.")
  var helpers: [HelperArgument] = []

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let contextSize, contextSize < 0 { throw ValidationError("a size is not negative") }
  }

  func run() async throws {
    try await perform(on: program) { [self] in
      let verification = try await withProgress("building \(program)") { _ in
        try await verify(program, contextSize: contextSize, granting: helpers.isEmpty ? .all : helpers.set)
      }
      try output.print(verification, text: verification.text)
      guard verification.accepted else { throw ExitCode(ExitStatus.refused.rawValue) }
    }
  }
}
