import Foundation

/// A program whose source says, in its first line, what it must return: `// expect: 42`.
public struct Example: Sendable {
  public let path: String
  public let expected: Int64

  public var name: String { URL(filePath: path).lastPathComponent }

  public init(path: String) throws {
    let source: String
    do { source = try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw ExampleError.unreadable(path)
    }
    guard let match = source.firstMatch(of: /^\/\/ expect: (-?\d+)\s*\n/), let value = Int64(match.output.1)
    else {
      throw ExampleError.saysNothing(path)
    }
    self.path = path
    expected = value
  }
}

public enum ExampleError: Error, CustomStringConvertible {
  case unreadable(String)
  case saysNothing(String)

  public var description: String {
    switch self {
    case .unreadable(let path): "\(path): cannot be read"
    case .saysNothing(let path):
      "\(path): its first line does not say what it returns; write `// expect: NUMBER`"
    }
  }
}

/// A program returned another number than it should.
public struct UnexpectedResult: Error, CustomStringConvertible {
  public let name: String
  public let expected: Int64
  public let found: Int64

  public init(name: String, expected: Int64, found: Int64) {
    self.name = name
    self.expected = expected
    self.found = found
  }

  public var description: String { "\(name) returned \(found), expected \(expected)" }
}
