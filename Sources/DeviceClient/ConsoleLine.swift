import Bytes
import CoAP
public import DeviceConsole
import DeviceProtocol

/// What was to be asked is no command of a console.
public struct NoCommand: Error, CustomStringConvertible {
  public let error: ConsoleError

  public var description: String {
    switch error {
    case .arguments: "other words belong to this command; `help` tells which"
    case .number(let word): "word \(word) is no number that fits"
    default: "there is no such command; `help` tells which there are"
    }
  }
}

/// A line of a console, with everything that it asks for.
struct ConsoleLine {
  let code: Code
  let route: Route
  let queries: [String]
  let body: [UInt8]

  init(_ line: Span<UInt8>) throws(ConsoleError) {
    let request = try ConsoleRequest(line)
    code = request.code
    route = request.route
    let content = request.body
    body = content.indices.map { content[$0] }
    var queries: [String] = []
    request.forEachQuery { query in
      queries.append(Self.encoded(query.indices.map { query[$0] }))
    }
    self.queries = queries
  }

  /// Percent-encodes what would end a part of a URL.
  private static func encoded(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "="), UInt8(ascii: "."):
        String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }

  /// What `help` says.
  static var help: String {
    (0..<ConsoleCommand.count).map { index in
      var storage = [UInt8](repeating: 0, count: 256)
      var writer = ByteWriter(storage.mutableSpan)
      guard (try? ConsoleCommand.at(index).writeHelp(into: &writer)) != nil else {
        preconditionFailure("no row of the table is that long")
      }
      let written = writer.written
      return String(decoding: written.indices.map { written[$0] }, as: UTF8.self)
    }.joined()
  }
}
