import ArgumentParser
import Foundation
import Inspection
import JIT

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a program or a manifest.",
    discussion: """
      Takes a source file, an object file, an image, or a signed manifest. With
      --jit the program is compiled as on a device with a Cortex-M: each
      instruction stands beside its machine code, and beside its source line if
      the file has debug information.

      Example: microbpf inspect Examples/globals.c
               microbpf inspect manifest.suit
               microbpf inspect --jit Examples/fletcher16.c
      """)

  @Argument(help: "The file.")
  var file: String

  @Flag(help: "Show the machine code that the program is compiled to.")
  var jit = false

  @Option(help: "Who keeps the code in its compartment, with --jit: 'checked' or 'hardware'.")
  var isolation = "checked"

  @Option(help: "Bytes of the program's input, with --jit. Default: not known.")
  var contextSize: Int?

  @Flag(help: "Print JSON, with --jit.")
  var json = false

  func validate() throws {
    guard jit || !json else { throw ValidationError("--json goes with --jit") }
    guard Isolation.allCases.contains(where: { "\($0)" == isolation }) else {
      throw ValidationError("--isolation is 'checked' or 'hardware'")
    }
    if let contextSize, contextSize < 0 { throw ValidationError("a size is not negative") }
  }

  func run() async throws {
    try await perform { [self] in
      guard jit else { return print(try await inspect(file)) }
      let isolation = Isolation.allCases.first { "\($0)" == self.isolation } ?? .checked
      let compilation = try await compile(file, for: isolation, contextSize: contextSize)
      try OutputOptions(json: json).print(compilation, text: compilation.text)
    }
  }
}
