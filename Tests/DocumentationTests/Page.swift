import Foundation
import Testing

/// A page of the documentation, and the blocks of code in it.
///
/// The words behind the three backticks say what a block is. The first one is the language; these say more:
///
/// - `sh`: commands that are run one after the other, in the page's order, in a folder of the page's own where the project's files
///   are, too. They have to succeed.
/// - `sh background`: one command that goes on while the rest of the page is run: a device. It is given a free port.
/// - `sh dry`: commands that take too long, or change the machine: that they exist, and their options, is checked.
/// - `console`: lines that begin with `$ ` are commands, the lines below them what they put out, in this order; `…` stands
///   for any text, a line `…` for any lines. They have to succeed, and with `fails` the last one has to fail.
/// - `file=NAME`: the block is written to that file.
/// - `from=PATH`: the block stands in that file of the project, word for word.
struct Page: CustomTestStringConvertible, Sendable {
  struct Block: Sendable {
    let language: String
    let words: [String]
    let lines: [String]
    /// Where it begins in the page, counted from 1.
    let line: Int

    var text: String { lines.joined(separator: "\n") + "\n" }

    func value(of key: String) -> String? {
      words.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
    }
  }

  /// From the project's folder.
  let path: String
  let blocks: [Block]
  /// The lines outside of blocks.
  let prose: [String]

  var testDescription: String { path }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// All pages that people read.
  static let all: [Page] = {
    let folders = ["", "docs", "Examples", "Benchmarks/Kernels"]
    let paths = folders.flatMap { folder in
      let names =
        (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
      return names.filter { $0.hasSuffix(".md") }.sorted().map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
    }
    return paths.compactMap { try? Page(path: $0) }
  }()

  init(path: String) throws {
    let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    self.init(path: path, text: text)
  }

  init(path: String, text: String) {
    self.path = path
    var blocks: [Block] = []
    var prose: [String] = []
    var open: (info: [String], lines: [String], line: Int)?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("```") {
        if let block = open {
          blocks.append(
            Block(
              language: block.info.first ?? "", words: Array(block.info.dropFirst()), lines: block.lines,
              line: block.line))
          open = nil
        } else {
          open = (line.dropFirst(3).split(separator: " ").map(String.init), [], index + 1)
        }
      } else if open != nil {
        open?.lines.append(String(line))
      } else {
        prose.append(String(line))
      }
    }
    self.blocks = blocks
    self.prose = prose
  }

  /// Whether something of it is to be run.
  var isRunnable: Bool {
    blocks.contains { ["sh", "console"].contains($0.language) && !$0.words.contains("dry") }
  }
}
