import ELF
import Foundation

/// A line of a source file.
public struct SourceLine: Codable, Equatable, Hashable, Sendable {
  /// The file, as the compiler was told.
  public let file: String
  /// Counted from 1.
  public let line: Int
  /// What stands there, without the spaces around it; `nil` when the file could not be read.
  public let text: String?
  /// Of an instruction that ends the program because a check of the language failed: what was wrong, in Swift's words.
  public let failure: String?

  public init(file: String, line: Int, text: String? = nil, failure: String? = nil) {
    self.file = file
    self.line = line
    self.text = text
    self.failure = failure
  }
}

extension SourceLine: CustomStringConvertible {
  /// `program.c:12: return sum;`, the path from the current folder on if the file is in it.
  public var description: String {
    let here = FileManager.default.currentDirectoryPath + "/"
    let path = file.hasPrefix(here) ? String(file.dropFirst(here.count)) : file
    return "\(path):\(line)" + (text.map { ": \($0)" } ?? "") + (failure.map { " (\($0))" } ?? "")
  }
}

/// Which source lines the instructions of an object file come from, as its debug information says.
///
/// What is inlined from the helpers' own files counts for the line that calls it.
public struct SourceLines: Sendable {
  /// For each section the lines by the index of the slot in it.
  private var sections: [String: [Int: SourceLine]] = [:]

  /// Reads the debug information of an object file, with the symbolizer of the toolchain.
  ///
  /// - Throws: ``CompileError`` when the toolchain has none, or it cannot be run.
  public init(ofObject object: [UInt8]) async throws(CompileError) {
    let (placed, addresses) = Self.placingSections(of: object)
    guard !addresses.isEmpty else {
      self.init(answers: [], to: [])
      return
    }
    let symbolizer = try Tool.find("llvm-symbolizer")
    let file = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString).o")
    do { try Data(placed).write(to: file) } catch {
      throw .system("'\(file.path)' could not be written: \(error)")
    }
    defer { try? FileManager.default.removeItem(at: file) }
    let said = try await symbolizer.run(
      ["--obj=\(file.path)", "--output-style=JSON"],
      input: addresses.map { "0x\(String($0.address, radix: 16))\n" }.joined())
    self.init(answers: said.split(separator: "\n"), to: addresses)
    var files: [String: [Substring]] = [:]
    sections = sections.mapValues { $0.mapValues { $0.reading(&files) } }
  }

  /// A slot and the address by which it is asked for.
  struct SlotAddress {
    let address: UInt64
    let section: String
    let slot: Int
  }

  /// Gives each section of instructions an address of its own: in an object file all of them begin at 0.
  private static func placingSections(of object: [UInt8]) -> (object: [UInt8], addresses: [SlotAddress]) {
    guard let file = try? ObjectFile(object) else { return (object, []) }
    var placed = object
    var addresses: [SlotAddress] = []
    let table: UInt64 = object.span.littleEndian(at: ELFLayout.Header.sectionTableOffset)
    for section in file.sections
    where section.header.flags.contains(.executable) && !section.contents.isEmpty {
      let start = UInt64(section.header.index) << 32
      let place =
        Int(table) + section.header.index * ELFLayout.Section.size + ELFLayout.Section.addressOffset
      var bytes = LittleEndianBytes()
      bytes.append(start)
      placed.replaceSubrange(place..<place + bytes.bytes.count, with: bytes.bytes)
      addresses += (0..<section.contents.count / 8).map {
        SlotAddress(address: start + UInt64($0 * 8), section: section.name, slot: $0)
      }
    }
    return (placed, addresses)
  }

  /// What the symbolizer says of an address: the places in the source from the innermost inlined function outwards.
  fileprivate struct Answer: Decodable {
    struct Place: Decodable {
      let FunctionName: String
      let FileName: String
      /// 0 when no line stands for the code.
      let Line: Int
    }

    let Symbol: [Place]?
  }

  /// - Parameters:
  ///   - answers: of the symbolizer, a line of JSON for each address.
  ///   - addresses: the addresses, a section behind the other.
  init(answers: [Substring], to addresses: [SlotAddress]) {
    var last: (section: String, function: String, line: SourceLine?)?
    for (answer, asked) in zip(answers, addresses) {
      let places = (try? JSONDecoder().decode(Answer.self, from: Data(answer.utf8)))?.Symbol ?? []
      guard let innermost = places.first else { continue }
      var line = Self.line(of: places)
      // Code that no line stands for goes with what stands before it in the same function.
      if innermost.Line == 0, !innermost.isFailure, let last, last.section == asked.section,
        last.function == innermost.FunctionName
      {
        line = last.line
      }
      last = (asked.section, innermost.FunctionName, line)
      if let line { sections[asked.section, default: [:]][asked.slot] = line }
    }
  }

  private static func line(of places: [Answer.Place]) -> SourceLine? {
    let failure = places.first.flatMap { $0.isFailure ? $0.failure : nil }
    return places.first { $0.Line > 0 && !$0.isOfHelpers }.map {
      SourceLine(file: $0.FileName, line: $0.Line, failure: failure)
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

extension SourceLines.Answer.Place {
  /// How the Swift compiler names the code of a check that failed.
  private static let failurePrefix = "Swift runtime failure: "

  var isFailure: Bool { FunctionName.hasPrefix(Self.failurePrefix) }

  var failure: String {
    let text = FunctionName.dropFirst(Self.failurePrefix.count)
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// Whether it is in a file that is not the programmer's.
  var isOfHelpers: Bool { Self.helperFiles.contains { FileName.hasSuffix($0) } }

  private static let helperFiles = HeaderGenerator.files.map { "/\($0.path)" }
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
    return SourceLine(
      file: file, line: line, text: lines[line - 1].trimmingCharacters(in: .whitespaces), failure: failure)
  }
}
