public import DeviceClient
import Foundation
public import Interpreter

/// What an example must do, as the first line of its source says.
public enum Expectation: Equatable, Sendable {
  /// It returns a number: `// expect: 42`.
  case result(Int64)
  /// It answers a GET, or a POST with a payload: `// expect: reply 2.05 "22.5"`, `// expect: reply 2.04 "dcba" to "abcd"`.
  case reply(code: String, text: String, to: String?)
  /// It is stopped: `// expect: trap writeOutside`.
  case trap(Trap.Rule)
  /// It runs until it is killed, and has printed something by then: `// expect: running "tick 3"`.
  case running(printing: String)
  /// A timer runs it, and it has printed something after a few times: `// expect: every 50 ms "run 3"`.
  case triggered(milliseconds: UInt32, printing: String)
  /// An event of the board runs it, and it has printed something after a few times: `// expect: on button "press 2"`,
  /// `// expect: on temperature>250 "hot"`.
  case event(EventNotation, printing: String)

  /// `nil` unless the line is one of these.
  init?(firstLine line: Substring) {
    if let match = line.wholeMatch(of: /\/\/ expect: (-?\d+)\s*/), let value = Int64(match.1) {
      self = .result(value)
    } else if let match = line.wholeMatch(of: /\/\/ expect: reply (\d\.\d\d) "(.*?)"(?: to "([^"]*)")?\s*/) {
      self = .reply(code: String(match.1), text: String(match.2), to: match.3.map { String($0) })
    } else if let match = line.wholeMatch(of: /\/\/ expect: trap (\w+)\s*/),
      let rule = Trap.Rule.allCases.first(where: { "\($0)" == match.1 })
    {
      self = .trap(rule)
    } else if let match = line.wholeMatch(of: /\/\/ expect: running "([^"]+)"\s*/) {
      self = .running(printing: String(match.1))
    } else if let match = line.wholeMatch(of: /\/\/ expect: every (\d{1,6}) ms "([^"]+)"\s*/),
      let period = UInt32(match.1)
    {
      self = .triggered(milliseconds: period, printing: String(match.2))
    } else if let match = line.wholeMatch(of: /\/\/ expect: on ([^ ]+) "([^"]+)"\s*/),
      let event = EventNotation(String(match.1))
    {
      self = .event(event, printing: String(match.2))
    } else {
      return nil
    }
  }
}

extension Expectation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .result(let value): "\(value)"
    case .reply(let code, let text, _): "\(code) \"\(text)\""
    case .trap(let rule): "trap \(rule)"
    case .running(let text), .triggered(_, let text), .event(_, let text): "prints \"\(text)\""
    }
  }
}

/// A program whose source says, in its first line, what it must do.
public struct Example: Sendable {
  public let path: String
  public let expectation: Expectation
  /// What it prints, if a second line says so: `// prints: 42`.
  public let printing: String?

  public var name: String { URL(filePath: path).lastPathComponent }

  public init(path: String) throws {
    let source: String
    do { source = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw ExampleError.unreadable(path)
    }
    let lines = source.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
    guard let first = lines.first, let expectation = Expectation(firstLine: first) else {
      throw ExampleError.saysNothing(path)
    }
    self.path = path
    self.expectation = expectation
    printing = lines[1].wholeMatch(of: /\/\/ prints: (.+)/).map { String($0.1) }
  }

  /// All in a folder, by name.
  public static func all(in folder: String) throws -> [Example] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasSuffix(".c") || $0.hasSuffix(".swift") }
      .map { try Example(path: "\(folder)/\($0)") }
  }
}

public enum ExampleError: Error, CustomStringConvertible {
  case unreadable(String)
  case saysNothing(String)

  public var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read"
    case .saysNothing(let path):
      "\(path): its first line does not say what it must do; write `// expect: NUMBER`, or what Examples/README.md lists"
    }
  }
}

/// A program did something else than it should.
public struct UnexpectedResult: Error, CustomStringConvertible {
  public let name: String
  public let expected: String
  public let found: String

  public init(name: String, expected: String, found: String) {
    self.name = name
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(name): \(found), expected \(expected)" }
}
