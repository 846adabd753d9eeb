import Foundation

/// A line of a source file.
public struct SourceLine: Codable, Equatable, Hashable, Sendable {
  /// The file, as the compiler was told.
  public let file: String
  /// Counted from 1.
  public let line: Int
  /// What stands there, without the spaces around it; `nil` when the file could not be read.
  public let text: String?

  public init(file: String, line: Int, text: String? = nil) {
    self.file = file
    self.line = line
    self.text = text
  }
}

extension SourceLine: CustomStringConvertible {
  /// `program.c:12: return sum;`, the path from the current folder on if the file is in it.
  public var description: String {
    let here = FileManager.default.currentDirectoryPath + "/"
    let path = file.hasPrefix(here) ? String(file.dropFirst(here.count)) : file
    return "\(path):\(line)" + (text.map { ": \($0)" } ?? "")
  }
}

/// Which source lines the instructions of an object file come from, as its debug information says.
public struct SourceLines: Sendable {
  /// For each section the lines by the index of the slot in it.
  private var sections: [String: [Int: SourceLine]] = [:]

  /// Reads the debug information of an object file, with the disassembler of the toolchain.
  public init(ofObject object: [UInt8]) async throws(CompileError) {
    let objdump = try Tool.find("llvm-objdump")
    let file = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString).o")
    do { try Data(object).write(to: file) } catch {
      throw .system("'\(file.path)' could not be written: \(error)")
    }
    defer { try? FileManager.default.removeItem(at: file) }
    self.init(listing: try await objdump.run(["-d", "-l", "--no-show-raw-insn", file.path]))
    var files: [String: [Substring]] = [:]
    sections = sections.mapValues { $0.mapValues { $0.reading(&files) } }
  }

  /// - Parameter listing: what the disassembler prints: before the instructions of a line a comment with file and number.
  init(listing: String) {
    var section = ""
    var current: SourceLine?
    for line in listing.split(whereSeparator: \.isNewline) {
      if let match = line.wholeMatch(of: /Disassembly of section (.+):/) {
        section = String(match.output.1)
        current = nil
      } else if let match = line.wholeMatch(of: /; (.+):(\d+)/), let number = Int(match.output.2) {
        // Line 0 is code that no line stands for.
        current = number == 0 ? nil : SourceLine(file: String(match.output.1), line: number)
      } else if let match = line.prefixMatch(of: /\s+(\d+):\s/), let slot = Int(match.output.1), let current {
        sections[section, default: [:]][slot] = current
      }
    }
  }

  /// For each slot of a linked program's text the line it comes from, where that is known.
  public func lines(of functions: [LinkedFunction]) -> [Int: SourceLine] {
    var lines: [Int: SourceLine] = [:]
    for function in functions {
      guard let known = sections[function.section] else { continue }
      for slot in function.slots {
        lines[slot] = known[slot - function.slots.lowerBound + function.offset / 8]
      }
    }
    return lines
  }
}

extension SourceLine {
  /// The same with its text.
  ///
  /// - Parameter files: the lines of files that were read before.
  /// - Returns: the line; without a text if the file cannot be read, or is shorter.
  fileprivate func reading(_ files: inout [String: [Substring]]) -> SourceLine {
    let lines =
      files[file]
      ?? (try? String(contentsOfFile: file, encoding: .utf8))?
      .split(separator: "\n", omittingEmptySubsequences: false) ?? []
    files[file] = lines
    guard lines.indices.contains(line - 1) else { return self }
    return SourceLine(file: file, line: line, text: lines[line - 1].trimmingCharacters(in: .whitespaces))
  }
}
