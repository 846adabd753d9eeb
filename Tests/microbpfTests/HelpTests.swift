import ArgumentParser
import Testing

@testable import microbpf

@Suite struct HelpRules {
  @Test(arguments: CommandEntry.all)
  func `every command says what it does, and gives an example`(command: CommandEntry) {
    let configuration = command.type.configuration
    #expect(configuration.abstract.hasSuffix("."))
    #expect(configuration.discussion.contains("Example"))
    #expect(configuration.discussion.contains("microbpf"), "the example shows how it is called")
  }

  @Test(arguments: CommandEntry.all.filter { $0.words.count > 1 })
  func `the help of a command is one page`(command: CommandEntry) {
    #expect(command.help(columns: 100).split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
  }

  /// Those that show no result: they run on, speak the language of another program, or make a page.
  static let withoutResult = ["serve", "emulate", "device", "shell", "conformance-plugin", "bench page"]

  @Test(arguments: CommandEntry.all.filter { $0.type.configuration.subcommands.isEmpty })
  func `whatever prints a result prints JSON when asked`(command: CommandEntry) {
    guard !Self.withoutResult.contains(command.words.dropFirst().joined(separator: " ")) else { return }
    #expect(command.help(columns: 100).contains("--json"))
  }

  @Test(arguments: [CompletionShell.bash, .zsh, .fish])
  func `each shell can complete commands and values`(shell: CompletionShell) {
    let script = Microbpf.completionScript(for: shell)
    for word in ["deploy", "weather-station", "femtoContainers", "mps2-an500", "bpf_printf", "on-failure"] {
      #expect(script.contains(word), "\(word)")
    }
  }
}
