public import BPFText
import Foundation

/// A case of the public BPF conformance suite: a program, its memory, and what has to come out.
public struct ConformanceCase: Equatable, Sendable {
  public enum Expectation: Equatable, Sendable {
    /// The program returns this.
    case result(UInt64)
    /// The program is refused or stopped; the suite's own words for the reason.
    case failure(String)
  }

  /// The file's name without its ending.
  public let name: String
  /// The program in the classic syntax.
  public let source: String
  /// The assembled text section.
  public let program: [UInt8]
  /// What the case itself says the text section is, when it does.
  public let raw: [UInt8]?
  /// What r1 points to, r2 being its length.
  public let memory: [UInt8]
  public let expectation: Expectation

  /// Reads a case file: sections that start with a line `-- NAME`. Lines before the first are comments.
  public init(name: String, contents: String) throws(ConformanceCaseError) {
    var sections: [Substring: Section] = [:]
    var current: Substring?
    for (index, line) in contents.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      if line.hasPrefix("-- ") {
        let title = line.dropFirst(3).trimmingSuffix(while: \.isWhitespace)
        guard Self.titles.contains(String(title)) else {
          throw ConformanceCaseError(line: index + 1, .unknownSection(String(title)))
        }
        guard sections[title] == nil else {
          throw ConformanceCaseError(line: index + 1, .repeatedSection(String(title)))
        }
        sections[title] = Section(firstLine: index + 2)
        current = title
      } else if let current {
        sections[current]?.lines.append(line)
      }
    }
    self.name = name
    guard let assembly = sections["asm"] else { throw ConformanceCaseError(line: 1, .missingSection("asm")) }
    source = assembly.lines.joined(separator: "\n")
    do throws(AssemblerError) { program = try Assembler(syntax: .classic).assemble(source) } catch {
      throw ConformanceCaseError(line: assembly.firstLine + error.line - 1, .program(error))
    }
    raw = try sections["raw"].map { (section) throws(ConformanceCaseError) in
      try section.numbers().flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
      }
    }
    memory = try sections["mem"]?.bytes() ?? []
    if let failure = sections["error"] {
      expectation = .failure(failure.text)
    } else if let result = sections["result"] {
      guard let number = try result.numbers().first else {
        throw ConformanceCaseError(line: result.firstLine, .malformedNumber(""))
      }
      expectation = .result(number)
    } else {
      throw ConformanceCaseError(line: 1, .missingSection("result"))
    }
  }

  private static let titles: Set = ["asm", "raw", "mem", "result", "error", "c", "no register offset"]

  /// Every case file of a folder, sorted by name.
  public static func load(folder: URL) throws -> [ConformanceCase] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "data" }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
      .map { file in
        let name = file.deletingPathExtension().lastPathComponent
        return try ConformanceCase(name: name, contents: String(contentsOf: file, encoding: .utf8))
      }
  }

  /// Where the suite's cases lie: the folder that `BPF_CONFORMANCE_DIR` names, whether it exists or not, else
  /// `shared/conformance` beside the package; `nil` when there is none.
  public static func folder(besidePackage root: URL) -> URL? {
    if let configured = ProcessInfo.processInfo.environment["BPF_CONFORMANCE_DIR"] {
      return URL(filePath: configured)
    }
    let folder = root.deletingLastPathComponent().appending(path: "shared/conformance")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }

  /// Whether an engine did what the case wants.
  public func isMet(by outcome: EngineOutcome) -> Bool {
    switch (expectation, outcome) {
    case (.result(let expected), .returned(let found)): expected == found
    case (.failure, .failed), (.failure, .calledUnknownHelper): true
    default: false
    }
  }
}

/// Why a file is no conformance case.
public struct ConformanceCaseError: Error, Equatable, Sendable {
  public enum Reason: Equatable, Sendable {
    case missingSection(String)
    case unknownSection(String)
    case repeatedSection(String)
    case malformedNumber(String)
    case malformedBytes(String)
    /// The program does not assemble. The line of the inner error counts from the section's first.
    case program(AssemblerError)
  }

  /// Counted from 1.
  public let line: Int
  public let reason: Reason

  public init(line: Int, _ reason: Reason) {
    self.line = line
    self.reason = reason
  }
}

/// The lines of one section.
private struct Section {
  /// Number of the first line in the file.
  let firstLine: Int
  var lines: [Substring] = []

  var text: String { lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines) }

  /// One number per line, hexadecimal behind `0x`, else decimal.
  func numbers() throws(ConformanceCaseError) -> [UInt64] {
    var numbers: [UInt64] = []
    for (index, line) in lines.enumerated() {
      let text = line.trimmingCharacters(in: .whitespaces)
      guard !text.isEmpty, !text.hasPrefix("#") else { continue }
      let number = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
      guard let number else { throw ConformanceCaseError(line: firstLine + index, .malformedNumber(text)) }
      numbers.append(number)
    }
    return numbers
  }

  func bytes() throws(ConformanceCaseError) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, line) in lines.enumerated() {
      guard let more = hexadecimalBytes(line) else {
        throw ConformanceCaseError(line: firstLine + index, .malformedBytes(String(line)))
      }
      bytes += more
    }
    return bytes
  }
}

/// The bytes of a text of hexadecimal digits, two each, with any white space between them.
func hexadecimalBytes(_ text: some StringProtocol) -> [UInt8]? {
  let digits = text.utf8.filter { !" \t\r\n".utf8.contains($0) }.map(hexadecimalDigit)
  guard digits.count.isMultiple(of: 2) else { return nil }
  var bytes: [UInt8] = []
  for index in stride(from: 0, to: digits.count, by: 2) {
    guard let high = digits[index], let low = digits[index + 1] else { return nil }
    bytes.append(high << 4 | low)
  }
  return bytes
}

private func hexadecimalDigit(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
    var rest = self
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return rest
  }
}
