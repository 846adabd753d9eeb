import ArgumentParser
import Testing

@testable import microbpf

/// A command, and the words that call it.
struct CommandEntry: CustomTestStringConvertible, Sendable {
  let type: any ParsableCommand.Type
  let words: [String]

  var name: String { words.joined(separator: " ") }
  var testDescription: String { name }

  /// As `--help` prints it on a terminal with this many columns.
  func help(columns: Int) -> String {
    Microbpf.helpMessage(for: type, columns: columns)
  }

  /// All commands with those below them.
  static let all = entries(below: Microbpf.self, words: ["microbpf"])

  private static func entries(below type: any ParsableCommand.Type, words: [String]) -> [CommandEntry] {
    [CommandEntry(type: type, words: words)]
      + type.configuration.subcommands.flatMap { entries(below: $0, words: words + [$0._commandName]) }
  }
}
