import Bytes
import CoAP
import TestSupport
import Testing

@Suite struct MessageRules {
  // RFC 7252 Appendix A, figures 16 to 18.
  @Test func `the basic GET request of the RFC is read`() throws {
    var expected = Parsed(type: .confirmable, code: .get, messageID: 0x7d34)
    expected.options = [.init(.uriPath, Array("temperature".utf8))]
    #expect(try Parsed([UInt8](hex: "40 01 7d34 bb 74656d7065726174757265")) == expected)
  }

  @Test func `the piggybacked response of the RFC is read`() throws {
    var expected = Parsed(type: .acknowledgement, code: .content, messageID: 0x7d34)
    expected.payload = Array("22.3 C".utf8)
    #expect(try Parsed([UInt8](hex: "60 45 7d34 ff 32322e332043")) == expected)
  }

  @Test func `the request with a token of the RFC is read`() throws {
    var expected = Parsed(type: .confirmable, code: .get, messageID: 0x7d35)
    expected.token = Token(value: 0x20, count: 1)
    expected.options = [.init(.uriPath, Array("temperature".utf8))]
    #expect(try Parsed([UInt8](hex: "41 01 7d35 20 bb 74656d7065726174757265")) == expected)
  }

  @Test(arguments: [
    ("", MessageError.Rule.truncatedHeader, 0), ("40", .truncatedHeader, 1),
    ("40 01 00", .truncatedHeader, 3),
    ("00 01 0000", .unknownVersion, 0), ("80 01 0000", .unknownVersion, 0),
    ("c0 01 0000", .unknownVersion, 0),
    ("49 01 0000 000000000000000000", .tokenLength, 0), ("4f 01 0000", .tokenLength, 0),
    ("41 01 0000", .truncated, 4), ("48 01 0000 00000000000000", .truncated, 4),
    ("40 01 0000 b1", .truncated, 5), ("40 01 0000 b2 61", .truncated, 5),
    ("40 01 0000 d0", .truncated, 5), ("40 01 0000 e0 00", .truncated, 5), ("40 01 0000 0d", .truncated, 5),
    ("40 01 0000 0e 00", .truncated, 5), ("40 01 0000 dd 00", .truncated, 6),
    ("40 01 0000 0e ffff 00", .truncated, 7),
    ("40 01 0000 f0", .reservedNibble, 4), ("40 01 0000 0f", .reservedNibble, 4),
    ("40 01 0000 00 f1 00", .reservedNibble, 5),
    ("40 01 0000 e0 ffff", .optionNumber, 4), ("40 01 0000 e0 fef2 10", .optionNumber, 4 + 3),
    ("40 01 0000 ff", .emptyPayload, 4), ("40 01 0000 10 ff", .emptyPayload, 5),
    ("40 00 0000 ff 00", .code, 1), ("41 00 0000 00", .code, 1), ("40 00 0000 10", .code, 1),
    ("40 20 0000", .code, 1), ("40 3f 0000", .code, 1), ("40 60 0000", .code, 1), ("40 c0 0000", .code, 1),
    ("40 e0 0000", .code, 1), ("60 ff 0000", .code, 1),
  ])
  func `a malformed message is refused with rule and place`(hex: String, rule: MessageError.Rule, offset: Int)
  {
    do throws(MessageError) {
      _ = try Parsed([UInt8](hex: hex))
      Issue.record("accepted \(hex)")
    } catch {
      #expect(error.rule == rule)
      #expect(error.offset == offset)
    }
  }

  @Test func `the largest option number is read`() throws {
    // 269 + 0xfef2 = 65535.
    let parsed = try Parsed([UInt8](hex: "40 01 0000 e1 fef2 2a"))
    #expect(parsed.options == [.init(OptionNumber(rawValue: 65535), [42])])
  }

  @Test(arguments: [0, 1, 12, 13, 14, 268, 269, 270, 1000])
  func `option deltas and lengths use the shortest of the three forms`(length: Int) throws {
    for number in [0, 1, 12, 13, 14, 268, 269, 270, 65535] {
      var message = Parsed(type: .confirmable, code: .post, messageID: 1)
      let value = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
      message.options = [.init(OptionNumber(rawValue: UInt16(number)), value)]
      let bytes = try message.encoded()
      func extensionBytes(_ value: Int) -> Int { value < 13 ? 0 : value < 269 ? 1 : 2 }
      #expect(bytes.count == 4 + 1 + extensionBytes(number) + extensionBytes(length) + length)
      #expect(try Parsed(bytes) == message)
    }
  }

  @Test(arguments: UInt64(0)..<200)
  func `what is written is read back, and no prefix of it is another request or response with all its parts`(
    seed: UInt64
  ) throws {
    var random = Repeatable(seed: seed)
    let message = Parsed.random(using: &random)
    let bytes = try message.encoded()
    #expect(try Parsed(bytes) == message)
    for end in bytes.indices {
      // A cut message is refused, or lacks at least an option or a part of its payload.
      guard let shorter = try? Parsed(Array(bytes[..<end])) else { continue }
      #expect(shorter != message)
      #expect(shorter.token == message.token && shorter.messageID == message.messageID)
      #expect(shorter.options == Array(message.options.prefix(shorter.options.count)))
      #expect(shorter.payload == Array(message.payload.prefix(shorter.payload.count)))
    }
  }

  @Test func `a buffer of any insufficient size is refused`() throws {
    var random = Repeatable(seed: 7)
    let message = Parsed.random(using: &random)
    let length = try message.encoded().count
    #expect(try message.encoded(capacity: length).count == length)
    for capacity in 0..<length {
      #expect(throws: OutOfBounds.self) { try message.encoded(capacity: capacity) }
    }
  }

  @Test(arguments: [
    (UInt32(0), ""), (1, "01"), (255, "ff"), (256, "0100"), (65535, "ffff"), (65536, "010000"),
    (0xff_ffff, "ffffff"), (0x0100_0000, "01000000"), (UInt32.max, "ffffffff"),
  ])
  func `an integer option takes as few bytes as it needs`(value: UInt32, hex: String) throws {
    var storage = [UInt8](repeating: 0xa5, count: 32)
    var writer = try MessageWriter(storage.mutableSpan, type: .confirmable, code: .get, messageID: 0)
    try writer.option(.maxAge, integer: value)
    let length = writer.count
    let bytes = Array(storage[..<length])
    #expect(try Parsed(bytes).options == [.init(.maxAge, [UInt8](hex: hex))])
    let message = try Message(bytes.span)
    let read = message.integer(.maxAge)
    #expect(read == value)
  }

  @Test func `an integer with leading zeros is read, one of five bytes is not`() throws {
    let padded = [UInt8](hex: "40 01 0000 d4 01 00000102")
    let long = [UInt8](hex: "40 01 0000 d5 01 0000000102")
    let first = try Message(padded.span).integer(.maxAge)
    #expect(first == 258)
    let second = try Message(long.span).integer(.maxAge)
    #expect(second == nil)
    let absent = try Message(padded.span).integer(.accept)
    #expect(absent == nil)
  }

  @Test func `a token keeps its length apart from its value`() throws {
    let short = try Parsed([UInt8](hex: "41 01 0000 01")).token
    let long = try Parsed([UInt8](hex: "42 01 0000 0001")).token
    #expect(short != long)
    #expect(short == Token(value: 0xff01, count: 1))
    #expect(Token(value: .max, count: 0) == Token(value: 0, count: 0))
    #expect(try Parsed([UInt8](hex: "48 01 0000 fffefdfcfbfaf9f8")).token.value == 0xfffe_fdfc_fbfa_f9f8)
  }

  @Test func `random bytes are read or refused, never more`() {
    var random = Repeatable(seed: 20)
    var accepted = 0
    for _ in 0..<100_000 {
      var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      // Most would fail at the first byte: give them a good one.
      if !bytes.isEmpty, Bool.random(using: &random) { bytes[0] = 0x40 | bytes[0] & 0x34 }
      if (try? Parsed(bytes)) != nil { accepted += 1 }
    }
    #expect(accepted > 100)
  }
}

extension Parsed {
  static func random(using random: inout Repeatable) -> Parsed {
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
    let codes: [Code] = [.get, .post, .put, .delete, .content, .changed, .notFound, .internalServerError]
    var message = Parsed(
      type: random.pick([MessageType.confirmable, .nonConfirmable, .acknowledgement]),
      code: random.pick(codes), messageID: UInt16.random(in: 0...UInt16.max, using: &random)
    )
    message.token = Token(
      value: UInt64.random(in: 0 ... .max, using: &random), count: Int.random(in: 0...8, using: &random))
    var number: UInt16 = 0
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      let delta: ClosedRange<UInt16> =
        random.pick([0...12, 13...268, 269...9000])
      number += UInt16.random(in: delta, using: &random)
      let length: ClosedRange<Int> = random.pick([0...12, 13...268, 269...300])
      message.options.append(
        .init(OptionNumber(rawValue: number), bytes(Int.random(in: length, using: &random))))
    }
    message.payload = bytes(Int.random(in: 0...40, using: &random))
    return message
  }
}

@Suite struct BlockOptionRules {
  @Test func `every value is read as the RFC lays it out or refused`() {
    for exponent in UInt8(0)...6 {
      for number in [UInt32(0), 1, 15, 16, 4095, 4096, BlockOption.largestNumber] {
        for more in [false, true] {
          let block = BlockOption(number: number, more: more, sizeExponent: exponent)
          #expect(BlockOption(rawValue: block.rawValue) == block)
          #expect(block.size == 1 << (Int(exponent) + 4))
          #expect(block.offset == Int(number) * block.size)
        }
      }
    }
    #expect(BlockOption(rawValue: 7) == nil)
    #expect(BlockOption(rawValue: 0xff_ffff) == nil)
    #expect(BlockOption(rawValue: 0x100_0000) == nil)
    // RFC 7959 §3.1: 2:1/1/128.
    #expect(BlockOption(rawValue: 0x1b) == BlockOption(number: 1, more: true, sizeExponent: 3))
  }

  @Test(arguments: [(-5, 0), (0, 0), (16, 0), (31, 0), (32, 1), (64, 2), (1023, 5), (1024, 6), (5000, 6)])
  func `the block size chosen is the largest that fits`(bytes: Int, exponent: UInt8) {
    #expect(BlockOption.sizeExponent(notAbove: bytes) == exponent)
  }
}

@Suite struct CodeRules {
  @Test func `class and detail make the code`() {
    #expect(Code.content.rawValue == 0x45)
    #expect(Code.unprocessableEntity.rawValue == 0x96)
    #expect(Code.notFound == Code(4, 4))
    #expect(Code.get.isRequest && !Code.get.isResponse && !Code.empty.isRequest && Code.empty.isEmpty)
    #expect(Code.content.isSuccess && !Code.notFound.isSuccess && Code.notFound.isResponse)
  }

  @Test func `critical options have odd numbers`() {
    for number: OptionNumber in [.ifMatch, .uriHost, .ifNoneMatch, .uriPort, .uriPath, .uriQuery, .accept] {
      #expect(number.isCritical)
    }
    for number: OptionNumber in [.block2, .block1, .proxyURI, .proxyScheme] { #expect(number.isCritical) }
    for number: OptionNumber in [.entityTag, .observe, .locationPath, .contentFormat, .maxAge, .size2] {
      #expect(!number.isCritical)
    }
  }
}
