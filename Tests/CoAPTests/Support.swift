import Bytes
import CoAP

/// A message in a form that can be compared.
struct Parsed: Equatable {
  struct Option: Equatable {
    let number: UInt16
    let value: [UInt8]

    init(_ number: OptionNumber, _ value: [UInt8]) {
      self.number = number.rawValue
      self.value = value
    }
  }

  var type: MessageType
  var code: Code
  var messageID: UInt16
  var token = Token(value: 0, count: 0)
  var options: [Option] = []
  var payload: [UInt8] = []

  init(type: MessageType, code: Code, messageID: UInt16) {
    self.type = type
    self.code = code
    self.messageID = messageID
  }

  init(_ bytes: [UInt8]) throws(MessageError) {
    let message = try Message(bytes.span)
    type = message.type
    code = message.code
    messageID = message.messageID
    token = message.token
    payload = Array(copying: message.payload)
    var options = message.options
    while let option = options.next() {
      self.options.append(Option(option.number, Array(copying: option.value)))
    }
  }

  func values(of number: OptionNumber) -> [[UInt8]] {
    options.filter { $0.number == number.rawValue }.map(\.value)
  }

  /// Written over junk, so that a skipped byte shows.
  func encoded(capacity: Int = 4096) throws(OutOfBounds) -> [UInt8] {
    var storage = [UInt8](repeating: 0xa5, count: capacity)
    var writer = try MessageWriter(
      storage.mutableSpan, type: type, code: code, messageID: messageID, token: token)
    for option in options {
      try writer.option(OptionNumber(rawValue: option.number), option.value.span)
    }
    try writer.payload(payload.span)
    let length = writer.count
    return Array(storage[..<length])
  }
}

extension Array<UInt8> {
  init(copying span: Span<UInt8>) {
    self = span.indices.map { span[$0] }
  }

  /// Bytes written in hexadecimal, white space ignored.
  init(hex: String) {
    let digits = hex.filter(\.isHexDigit).compactMap(\.hexDigitValue)
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}

/// What an endpoint sent, read back.
extension Wire {
  func messages() throws -> [Parsed] {
    var parsed: [Parsed] = []
    for datagram in datagrams { parsed.append(try Parsed(datagram)) }
    return parsed
  }
}

extension Instant {
  static func ms(_ milliseconds: UInt64) -> Instant { Instant(milliseconds: milliseconds) }
}
