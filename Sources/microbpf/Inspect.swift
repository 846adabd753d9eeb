import ArgumentParser
import Foundation
import Inspection

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a program or a manifest.",
    discussion: """
      Takes a source file, an object file, an image, or a signed manifest.

      Example: microbpf inspect Examples/globals.c
               microbpf inspect manifest.suit
      """)

  @Argument(help: "The file.")
  var file: String

  func run() async throws {
    try await perform { [self] in
      print(try await inspect(file))
    }
  }
}
