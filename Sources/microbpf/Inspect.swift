import ArgumentParser
import Foundation
import Inspection
import JIT

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a program or a manifest.",
    discussion: """
      Takes a source file, an object file, an image, or a signed manifest. Instructions stand below the source lines they \
      come from if the file has debug information. With --jit the program is compiled as on a device with a Cortex-M: \
      each instruction stands beside its machine code.

      Example: microbpf inspect Examples/globals.c
               microbpf inspect manifest.suit
               microbpf inspect --jit Examples/fletcher16.c
      """)

  @Argument(help: "The file.", completion: .file())
  var file: String

  @Flag(help: "Show the machine code that the program is compiled to.")
  var jit = false

  @Option(help: "Who keeps the code in its compartment, with --jit.")
  var isolation = IsolationArgument.checked

  @Option(help: "Bytes of the program's input, with --jit. Default: not known.")
  var contextSize: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let contextSize, contextSize < 0 { throw ValidationError("a size is not negative") }
  }

  func run() async throws {
    try await perform(on: file) { [self] in
      if jit {
        let compilation = try await compilation()
        try output.print(compilation, text: compilation.text)
      } else {
        let description = try await withProgress("building \(file)") { _ in
          try await FileDescription(of: file)
        }
        try output.print(description, text: description.text)
      }
    }
  }

  private func compilation() async throws -> Compilation {
    do {
      return try await withProgress("building \(file)") { _ in
        try await compile(file, for: isolation.isolation, contextSize: contextSize)
      }
    } catch let error as CompilationError {
      if case .refused = error, let reason = try await verify(file, contextSize: contextSize).refusal {
        throw Complaint(reason, of: file)
      }
      throw error
    }
  }
}
