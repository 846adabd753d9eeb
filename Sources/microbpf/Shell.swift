import ArgumentParser
import DeviceClient
import Foundation

struct Shell: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Talk to a device as at its own console.",
    discussion: """
      Without words it prompts for lines until the input ends. `help` lists what can be typed; the same can be typed where
      the device's console is, as in the terminal of `microbpf emulate`.

      Example: microbpf shell
               microbpf shell ps
               microbpf shell set 0 1          # presses a simulated button
               microbpf shell start 1 every=1000 boot=start
      """)

  @Argument(parsing: .allUnrecognized, help: "The line. Default: lines from the standard input.")
  var words: [String] = []

  @OptionGroup var device: DeviceOptions

  func run() async throws {
    try await perform { [self] in
      try await device.withClient(isPatient: !words.isEmpty) { device in
        guard words.isEmpty else { return show(try await device.console(words.joined(separator: " "))) }
        try await converse(with: device)
      }
    }
  }

  private func converse(with device: DeviceClient) async throws {
    let isTerminal = isatty(STDIN_FILENO) == 1
    while let line = await Self.read(prompt: isTerminal ? "> " : nil) {
      do {
        show(try await device.console(line))
      } catch {
        // Whoever types sees it; a script wants to know.
        guard isTerminal else { throw error }
        say(Complaint(error).what)
      }
    }
  }

  private func show(_ text: String) {
    guard !text.isEmpty else { return }
    FileHandle.standardOutput.write(Data((text.hasSuffix("\n") ? text : text + "\n").utf8))
  }

  /// Waits for a line where waiting keeps nobody from the processor.
  private static func read(prompt: String?) async -> String? {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        if let prompt { FileHandle.standardOutput.write(Data(prompt.utf8)) }
        continuation.resume(returning: readLine())
      }
    }
  }
}
