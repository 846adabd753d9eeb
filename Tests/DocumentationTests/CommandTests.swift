import CoAPTransport
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct CommandTests {
  private static let firmware = Page.root.appending(
    path: "Firmware/.build/armv7em-none-none-eabi/release/App")
  /// Pages start boards; at a desk they may be missing.
  private static let areBoardsThere =
    ProcessInfo.processInfo.environment["CI"] != nil || FileManager.default.fileExists(atPath: firmware.path)

  @Test(.enabled(if: areBoardsThere), arguments: Page.all.filter(\.isRunnable))
  func `every command of the page does what the page says`(page: Page) async throws {
    let port = try freePort()
    try await withDirectory { folder in
      var shell = try Shell(in: URL(filePath: folder), port: port)
      defer { shell.stop() }
      for block in page.blocks { try run(block, of: page, in: &shell) }
    }
  }

  @Test(arguments: Page.all)
  func `commands that are not run exist, and so do their options`(page: Page) throws {
    for block in page.blocks where block.language == "sh" && block.words.contains("dry") {
      for command in commands(in: block.lines) { try checkDry(command, of: page, at: block.line) }
    }
  }

  @Test(arguments: Page.all)
  func `commands within the text exist, and so do their options`(page: Page) throws {
    for line in page.prose {
      for match in line.matches(of: /`((?:microbpf|make) [^`]+)`/) {
        // Other words than commands and options stand for themselves: names of files, dots, letters for numbers.
        try checkDry(String(match.1), of: page, at: 0)
      }
    }
  }

  @Test(arguments: Page.all)
  func `no block has commands without being marked as such`(page: Page) {
    for block in page.blocks where !["sh", "console"].contains(block.language) {
      for line in block.lines {
        let isCommand = ["microbpf ", "make ", "swift ", "scripts/", "git ", "$ "].contains {
          line.hasPrefix($0)
        }
        #expect(!isCommand, "\(page.path):\(block.line): \(line)")
      }
    }
  }

  @Test(arguments: Page.all)
  func `code that stands in a file of the project is the same there`(page: Page) throws {
    for block in page.blocks {
      guard let path = block.value(of: "from") else { continue }
      let file = try String(contentsOf: Page.root.appending(path: path), encoding: .utf8)
      #expect(file.contains(block.text), "\(page.path):\(block.line) is not in \(path)")
    }
  }

  // MARK: Running

  private func run(_ block: Page.Block, of page: Page, in shell: inout Shell) throws {
    let place = "\(page.path):\(block.line)"
    if let name = block.value(of: "file") {
      try Data(block.text.utf8).write(to: shell.folder.appending(path: name))
    }
    switch block.language {
    case "sh" where block.words.contains("dry"): break
    case "sh" where block.words.contains("background"):
      for command in commands(in: block.lines) { try shell.startDevice(command) }
    case "sh":
      let output = try shell.run(block.text)
      #expect(output.status == 0, "\(place) ended with \(output.status): \(output.text)")
    case "console":
      let sessions = sessions(in: block.lines)
      for (index, session) in sessions.enumerated() {
        let output = try shell.run(session.command)
        let mustFail = block.words.contains("fails") && index == sessions.count - 1
        #expect(
          (output.status != 0) == mustFail,
          "\(place): `\(session.command)` ended with \(output.status): \(output.text)")
        #expect(
          Expectation(session.output).matches(output.text),
          "\(place): `\(session.command)` put out\n\(output.text)")
      }
    default: break
    }
  }

  /// A block's commands, without comments, each on one line.
  private func commands(in lines: [String]) -> [String] {
    var commands: [String] = []
    var isContinued = false
    for line in lines {
      var line = line[...]
      if let comment = line.range(of: "(^| +)#.*$", options: .regularExpression) {
        line = line[..<comment.lowerBound]
      }
      let text = line.trimmingCharacters(in: .whitespaces)
      guard !text.isEmpty else { continue }
      let isLast = !text.hasSuffix("\\")
      let part = isLast ? text : String(text.dropLast()).trimmingCharacters(in: .whitespaces)
      if isContinued { commands[commands.count - 1] += " " + part } else { commands.append(part) }
      isContinued = !isLast
    }
    return commands
  }

  private func sessions(in lines: [String]) -> [(command: String, output: [String])] {
    var sessions: [(command: String, output: [String])] = []
    for line in lines {
      if line.hasPrefix("$ ") {
        sessions.append((String(line.dropFirst(2)), []))
      } else if sessions.last?.command.hasSuffix("\\") == true {
        sessions[sessions.count - 1].command += "\n" + line
      } else if !sessions.isEmpty {
        sessions[sessions.count - 1].output.append(line)
      }
    }
    return sessions
  }

  // MARK: Checking what is not run

  private func checkDry(_ command: String, of page: Page, at line: Int) throws {
    let place = "\(page.path):\(line): \(command)"
    let words = command.split(separator: " ").map(String.init)
    switch words.first {
    case "make":
      #expect(try Self.output(of: "make", ["--dry-run", "--silent"] + words.dropFirst()) != nil, "\(place)")
    case "microbpf":
      let names = words.dropFirst().prefix {
        $0.allSatisfy { $0.isLowercase || $0 == "-" } && !$0.hasPrefix("-")
      }
      // Words behind the command's own may look like further ones.
      var help: String?
      for count in stride(from: names.count, through: min(names.count, 1), by: -1) where help == nil {
        help = try Self.output(
          of: Shell.products.appending(path: "microbpf").path, ["help"] + names.prefix(count))
      }
      // Every command has these, and does not say so.
      let options = words.filter { $0.hasPrefix("--") && $0 != "--generate-completion-script" }
      for option in options { #expect(help?.contains(option) == true, "\(place) has no \(option)") }
      #expect(help != nil, "\(place) is no command")
    case let word? where word.hasPrefix("scripts/") || word.hasPrefix(".ci/"):
      let file = Page.root.appending(path: word)
      #expect(FileManager.default.isExecutableFile(atPath: file.path), "\(place)")
    case "swift", "git", "cd", "export", "source", "llvm-symbolizer": break
    default: Issue.record("\(place): nobody knows this command")
    }
  }

  /// What a program puts out; `nil` when it fails.
  private static func output(of program: String, _ arguments: [String]) throws -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.currentDirectoryURL = Page.root
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
}

/// The lines that a command has to put out.
struct Expectation {
  private let lines: [String]

  init(_ lines: [String]) {
    var lines = lines
    while lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
  }

  /// Whether the text has these lines, and between them others only where a line `…` says so. What comes before the first and
  /// behind the last may be anything that the terminal shows besides.
  func matches(_ text: String) -> Bool {
    guard !lines.isEmpty else { return true }
    let found = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return found.indices.contains { matches(lines[...], found[$0...]) }
  }

  private func matches(_ wanted: ArraySlice<String>, _ found: ArraySlice<String>) -> Bool {
    guard let first = wanted.first else { return true }
    if first == "…" {
      return (found.startIndex...found.endIndex).contains { matches(wanted.dropFirst(), found[$0...]) }
    }
    guard let line = found.first, matches(line, first) else { return false }
    return matches(wanted.dropFirst(), found.dropFirst())
  }

  private func matches(_ line: String, _ pattern: String) -> Bool {
    let parts = pattern.components(separatedBy: "…").map(NSRegularExpression.escapedPattern(for:))
    return line.range(of: "^\(parts.joined(separator: ".*"))$", options: .regularExpression) != nil
  }
}
