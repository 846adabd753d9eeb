import Bytes
import CoAP

/// A message in a form that can be compared.
package struct Parsed: Equatable {
  package struct Option: Equatable {
    package let number: UInt16
    package let value: [UInt8]

    package init(_ number: OptionNumber, _ value: [UInt8]) {
      self.number = number.rawValue
      self.value = value
    }
  }

  package var type: MessageType
  package var code: Code
  package var messageID: UInt16
  package var token = Token(value: 0, count: 0)
  package var options: [Option] = []
  package var payload: [UInt8] = []

  package init(type: MessageType, code: Code, messageID: UInt16) {
    self.type = type
    self.code = code
    self.messageID = messageID
  }

  package init(_ bytes: [UInt8]) throws(MessageError) {
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

  package func values(of number: OptionNumber) -> [[UInt8]] {
    options.filter { $0.number == number.rawValue }.map(\.value)
  }

  /// Written over junk, so that a skipped byte shows.
  package func encoded(capacity: Int = 4096) throws(OutOfBounds) -> [UInt8] {
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
  package init(copying span: Span<UInt8>) {
    self = span.indices.map { span[$0] }
  }

  /// Bytes written in hexadecimal, white space ignored.
  package init(hex: String) {
    let digits = hex.filter(\.isHexDigit).compactMap(\.hexDigitValue)
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
