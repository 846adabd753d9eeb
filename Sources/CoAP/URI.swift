import Bytes

/// Why a text is not a `coap` URI that can be requested, and where.
public struct URIError: Error, Equatable, Sendable {
  public enum Rule: UInt8, Sendable {
    /// It does not begin with `coap://`.
    case scheme = 1
    /// The host is not an IP address; names need a resolver, which a device has not.
    case host
    case port
    /// A `%` without two hexadecimal digits, or a byte that a URI may not hold.
    case encoding
    /// A fragment, which a CoAP URI may not have (RFC 7252 §6.1).
    case fragment
  }

  public let rule: Rule
  public let offset: Int
}

/// A `coap://` URI with an address as its host, taken apart without copying (RFC 7252 §6).
public struct URI: ~Escapable {
  /// Where requests for it are sent.
  public let peer: Peer
  /// From the first `/` on, percent-encoded; may be empty.
  private let path: Span<UInt8>
  /// Behind the `?`, percent-encoded; may be empty.
  private let query: Span<UInt8>

  @_lifetime(copy text)
  public init(_ text: Span<UInt8>) throws(URIError) {
    let scheme: StaticString = "coap://"
    let authority = scheme.utf8CodeUnitCount
    guard text.count > authority, text.extracting(..<authority).holdsSameBytes(as: scheme) else {
      throw URIError(rule: .scheme, offset: 0)
    }
    var end = authority
    while end < text.count, text[end] != UInt8(ascii: "/"), text[end] != UInt8(ascii: "?") { end += 1 }
    var parser = AddressParser(text, authority..<end)
    peer = try parser.authority()
    try Self.checkCharacters(text, from: end)
    var pathEnd = end
    while pathEnd < text.count, text[pathEnd] != UInt8(ascii: "?") { pathEnd += 1 }
    path = text.extracting(end..<pathEnd)
    query = text.extracting(min(pathEnd + 1, text.count)...)
  }

  /// Writes the Uri-Path and Uri-Query options (RFC 7252 §6.4), and between them, as the order of option numbers wants
  /// it, the format of the request's payload.
  public func writeOptions(
    into message: inout MessageWriter, contentFormat: ContentFormat? = nil
  ) throws(OutOfBounds) {
    if path.count > 1 {
      try Self.writeParts(
        of: path.extracting(1...), separator: UInt8(ascii: "/"), as: .uriPath, into: &message)
    }
    if let contentFormat { try message.option(.contentFormat, integer: UInt32(contentFormat.rawValue)) }
    if !query.isEmpty {
      try Self.writeParts(of: query, separator: UInt8(ascii: "&"), as: .uriQuery, into: &message)
    }
  }

  private static func writeParts(
    of text: Span<UInt8>, separator: UInt8, as number: OptionNumber, into message: inout MessageWriter
  ) throws(OutOfBounds) {
    var start = 0
    for index in 0...text.count where index == text.count || text[index] == separator {
      try message.option(number, percentEncoded: text.extracting(start..<index))
      start = index + 1
    }
  }

  private static func checkCharacters(_ text: Span<UInt8>, from start: Int) throws(URIError) {
    for index in start..<text.count {
      switch text[index] {
      case UInt8(ascii: "%"):
        guard index + 2 < text.count, hexadecimal(text[index + 1]) != nil, hexadecimal(text[index + 2]) != nil
        else { throw URIError(rule: .encoding, offset: index) }
      case UInt8(ascii: "#"):
        throw URIError(rule: .fragment, offset: index)
      case 0x21...0x7e:
        break
      default:
        throw URIError(rule: .encoding, offset: index)
      }
    }
  }
}

/// Gives the bytes that percent-encoded text stands for.
///
/// Makes do with text whose every `%` has two hexadecimal digits; ``URI`` checks that.
struct PercentDecoder: ~Escapable {
  private let text: Span<UInt8>
  private var index = 0

  @_lifetime(copy text)
  init(_ text: Span<UInt8>) {
    self.text = text
  }

  mutating func next() -> UInt8? {
    guard index < text.count else { return nil }
    guard text[index] == UInt8(ascii: "%"), index + 2 < text.count,
      let high = hexadecimal(text[index + 1]), let low = hexadecimal(text[index + 2])
    else {
      defer { index += 1 }
      return text[index]
    }
    index += 3
    return high << 4 | low
  }
}

@inline(never)
func hexadecimal(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
