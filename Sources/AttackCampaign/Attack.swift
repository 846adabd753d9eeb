import BPFText
import Delivery
import Foundation

/// A hostile program. The first line of its source says how it is run and what must come of it, here also in the engine that has
/// another wall: `// run: read-outside; hardware: returned 0 or refused`.
public struct Attack: Sendable {
  /// How a program is run.
  public enum Manner: String, CaseIterable, Codable, Sendable {
    /// Somebody waits for its result.
    case run
    /// It has to answer a CoAP request.
    case request
    /// It is left to itself without limits, and ended after a while.
    case start
  }

  public let path: String
  public let manner: Manner
  private let expected: [AttackEngine: [Verdict]]

  public var name: String { URL(filePath: path).lastPathComponent }

  /// - Throws: ``AttackError`` when the file cannot be read or its first line says something else.
  public init(path: String) throws {
    guard let source = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw AttackError.unreadable(path)
    }
    try self.init(path: path, source: source)
  }

  init(path: String, source: String) throws {
    let line = source.prefix { !$0.isNewline }
    guard let match = line.wholeMatch(of: /(?:\/\/|#) (\w+): ([^;]+)(?:; hardware: (.+))?/),
      let manner = Manner(rawValue: String(match.output.1)),
      let usual = Self.verdicts(match.output.2),
      let hardware = match.output.3.map({ Self.verdicts($0) }) ?? usual
    else { throw AttackError.saysNothing(path) }
    self.path = path
    self.manner = manner
    expected = [.interpreter: usual, .checked: usual, .hardware: hardware]
  }

  private static func verdicts(_ text: Substring) -> [Verdict]? {
    let verdicts = text.split(separator: " or ").map { Verdict(parsing: $0) }
    return verdicts.contains(nil) ? nil : verdicts.compactMap { $0 }
  }

  /// Any of these may come of it.
  public func expected(in engine: AttackEngine) -> [Verdict] { expected[engine] ?? [] }

  /// Whether nothing else came of it than may: what does not even run does no harm.
  public func allows(_ verdict: Verdict, in engine: AttackEngine) -> Bool {
    verdict == .refused
      || expected(in: engine).contains { $0 == verdict || $0 == .harmless && verdict.isHarmless }
  }

  func image() async throws -> [UInt8] {
    guard URL(filePath: path).pathExtension == "s" else { return try await build(path) }
    return try Assembler(syntax: .llvm).assemble(String(contentsOfFile: path, encoding: .utf8))
  }

  /// All in a folder, in the order of their names.
  public static func all(in folder: String) throws -> [Attack] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
    guard let names, !names.isEmpty else { throw AttackError.noAttacks(folder) }
    return try names.sorted().filter { $0.hasSuffix(".c") || $0.hasSuffix(".s") }.map {
      try Attack(path: "\(folder)/\($0)")
    }
  }
}

/// What a hostile program runs in, and which wall is in its way.
public enum AttackEngine: String, CaseIterable, Codable, Sendable {
  case interpreter
  /// Compiled, with accesses that software checks.
  case checked
  /// Compiled, and kept in its place by the memory protection alone.
  case hardware
}

public enum AttackError: Error, CustomStringConvertible {
  case noAttacks(String)
  case unreadable(String)
  case saysNothing(String)

  public var description: String {
    switch self {
    case .noAttacks(let folder): "there are no hostile programs in \(folder)"
    case .unreadable(let path): "\(path): cannot be read"
    case .saysNothing(let path):
      "\(path): its first line does not say what must come of it; write `// run: VERDICT`"
    }
  }
}
