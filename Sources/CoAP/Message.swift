import Bytes

/// Why bytes are not a CoAP message, and where (RFC 7252 §3).
public struct MessageError: Error, Equatable, Sendable {
  public enum Rule: UInt8, Sendable {
    /// Fewer than four bytes.
    case truncatedHeader = 1
    /// The version is not 1; such messages are ignored.
    case unknownVersion
    /// A token length of 9 to 15.
    case tokenLength
    /// The token, an option or its extension reaches past the end.
    case truncated
    /// A nibble of 15 that is not the payload marker.
    case reservedNibble
    /// The option number leaves 16 bits.
    case optionNumber
    /// A payload marker with nothing behind it.
    case emptyPayload
    /// An empty message with more than its header, or a code class that nobody has defined.
    case code
  }

  public let rule: Rule
  /// Offset of the offending byte.
  public let offset: Int
}

/// A request's token: up to eight bytes that its response repeats (RFC 7252 §5.3.1).
public struct Token: Equatable, Sendable {
  /// The bytes, most significant first.
  public let value: UInt64
  /// How many there are, 0 to 8.
  public let count: Int

  /// - Precondition: `count` is 0 to 8.
  public init(value: UInt64, count: Int) {
    precondition((0...8).contains(count))
    self.value = count == 8 ? value : value & (1 << (8 * UInt64(count)) - 1)
    self.count = count
  }

  /// - Precondition: there are eight bytes at most.
  @_optimize(speed)
  init(_ bytes: Span<UInt8>) {
    var value: UInt64 = 0
    for index in bytes.indices { value = value << 8 | UInt64(truncatingIfNeeded: bytes[index]) }
    self.value = value
    count = bytes.count
  }
}

/// A received message. Making one proves every length in it; reading it cannot fail.
public struct Message: ~Escapable {
  public let type: MessageType
  public let code: Code
  public let messageID: UInt16
  public let token: Token
  public let payload: Span<UInt8>
  private let optionBytes: Span<UInt8>
  /// A bit for each option that is there, by its number modulo 32.
  private let optionKinds: UInt32

  @_lifetime(copy datagram)
  @_optimize(speed)
  public init(_ datagram: Span<UInt8>) throws(MessageError) {
    let header = try Header(datagram)
    type = header.type
    code = header.code
    messageID = header.messageID
    let tokenEnd = 4 + header.tokenLength
    guard tokenEnd <= datagram.count else { throw MessageError(rule: .truncated, offset: 4) }
    token = Token(datagram.extracting(4..<tokenEnd))
    var cursor = tokenEnd
    var number = 0
    var kinds: UInt32 = 0
    while cursor < datagram.count, datagram[cursor] != payloadMarker {
      let option = try OptionHeader(datagram, at: cursor)
      number += option.delta
      guard number <= UInt16.max else { throw MessageError(rule: .optionNumber, offset: cursor) }
      kinds |= 1 &<< UInt32(truncatingIfNeeded: number)
      cursor = option.valueStart + option.length
    }
    optionKinds = kinds
    optionBytes = datagram.extracting(tokenEnd..<cursor)
    if cursor < datagram.count {
      guard cursor + 1 < datagram.count else { throw MessageError(rule: .emptyPayload, offset: cursor) }
      payload = datagram.extracting((cursor + 1)...)
    } else {
      payload = datagram.extracting(cursor..<cursor)
    }
    guard code.isRequest || code.isResponse || code.isEmpty && datagram.count == 4 else {
      throw MessageError(rule: .code, offset: 1)
    }
  }

  /// The options, in ascending order of their numbers.
  public var options: Options {
    @_lifetime(copy self)
    get { Options(bytes: optionBytes) }
  }

  /// Whether an option with this number may be there: if not, nobody has to look.
  @inline(__always)
  public func mayHold(_ number: OptionNumber) -> Bool {
    optionKinds &>> UInt32(number.rawValue) & 1 != 0
  }

  /// The value of the first option with this number.
  @_lifetime(copy self)
  @inline(never) @_optimize(speed)
  public func option(_ number: OptionNumber) -> Span<UInt8>? {
    guard mayHold(number) else { return nil }
    var options = options
    while let option = options.nextSeldom() {
      if option.number == number { return option.value }
    }
    return nil
  }

  /// The first option with this number as an unsigned integer; `nil` when absent or longer than four bytes
  /// (RFC 7252 §3.2).
  @inline(never)
  public func integer(_ number: OptionNumber) -> UInt32? {
    guard mayHold(number), let bytes = option(number), bytes.count <= 4 else { return nil }
    var value: UInt32 = 0
    for index in bytes.indices { value = value << 8 | UInt32(bytes[index]) }
    return value
  }

  /// A Block1 or Block2 option; `nil` when absent or not well formed.
  @inline(never)
  public func block(_ number: OptionNumber) -> BlockOption? {
    guard mayHold(number), let bytes = option(number), bytes.count <= 3 else { return nil }
    return integer(number).flatMap(BlockOption.init(rawValue:))
  }
}

let payloadMarker: UInt8 = 0xff

/// The four bytes that every message begins with.
struct Header {
  let type: MessageType
  let tokenLength: Int
  let code: Code
  let messageID: UInt16

  init(_ datagram: Span<UInt8>) throws(MessageError) {
    guard datagram.count >= 4 else { throw MessageError(rule: .truncatedHeader, offset: datagram.count) }
    guard datagram[0] >> 6 == 1 else { throw MessageError(rule: .unknownVersion, offset: 0) }
    guard let type = MessageType(rawValue: datagram[0] >> 4 & 3), datagram[0] & 15 <= 8 else {
      throw MessageError(rule: .tokenLength, offset: 0)
    }
    self.type = type
    tokenLength = Int(datagram[0] & 15)
    code = Code(rawValue: datagram[1])
    messageID = UInt16(datagram[2]) << 8 | UInt16(datagram[3])
  }
}

/// Delta and length in front of an option's value (RFC 7252 §3.1).
struct OptionHeader {
  let delta: Int
  let length: Int
  let valueStart: Int

  init(_ bytes: Span<UInt8>, at start: Int) throws(MessageError) {
    var cursor = start + 1
    let first = bytes[start]
    // Nearly all: without extensions.
    if first < 13 << 4, first & 15 < 13 {
      delta = Int(first >> 4)
      length = Int(first & 15)
      valueStart = cursor
      guard length <= bytes.count - cursor else { throw MessageError(rule: .truncated, offset: cursor) }
      return
    }
    func extended(_ nibble: UInt8) throws(MessageError) -> Int {
      switch nibble {
      case 13:
        guard cursor < bytes.count else { throw MessageError(rule: .truncated, offset: cursor) }
        defer { cursor += 1 }
        return 13 + Int(bytes[cursor])
      case 14:
        guard cursor + 1 < bytes.count else { throw MessageError(rule: .truncated, offset: cursor) }
        defer { cursor += 2 }
        return 269 + Int(bytes[cursor]) << 8 + Int(bytes[cursor + 1])
      case 15:
        throw MessageError(rule: .reservedNibble, offset: start)
      default:
        return Int(nibble)
      }
    }
    delta = try extended(first >> 4)
    length = try extended(first & 15)
    valueStart = cursor
    guard length <= bytes.count - cursor else { throw MessageError(rule: .truncated, offset: cursor) }
  }
}

/// One option of a message.
public struct Option: ~Escapable {
  public let number: OptionNumber
  public let value: Span<UInt8>

  @_lifetime(copy value)
  init(number: OptionNumber, value: Span<UInt8>) {
    self.number = number
    self.value = value
  }
}

/// Walks over the options of a message.
public struct Options: ~Escapable {
  private let bytes: Span<UInt8>
  private var cursor = 0
  private var number: UInt16 = 0

  @_lifetime(copy bytes)
  init(bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  @_lifetime(copy self)
  public mutating func next() -> Option? {
    guard cursor < bytes.count, let header = try? OptionHeader(bytes, at: cursor) else { return nil }
    number &+= UInt16(truncatingIfNeeded: header.delta)
    cursor = header.valueStart + header.length
    return Option(
      number: OptionNumber(rawValue: number), value: bytes.extracting(header.valueStart..<cursor))
  }

  /// The same, out of line: for those who look so seldom that they need no decoding of their own.
  @_lifetime(copy self)
  @inline(never)
  mutating func nextSeldom() -> Option? { next() }
}
