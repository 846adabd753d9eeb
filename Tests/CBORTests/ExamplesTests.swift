import Bytes
import CBOR
import Testing

/// The examples of RFC 8949 appendix A.
@Suite struct RFC8949Examples {
  @Test(
    arguments: [
      (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"),
      (1000, "1903e8"),
      (1_000_000, "1a000f4240"), (1_000_000_000_000, "1b000000e8d4a51000"), (-1, "20"), (-10, "29"),
      (-100, "3863"),
      (-1000, "3903e7"),
    ] as [(Int64, String)])
  func `integers are written and read as the appendix shows`(value: Int64, digits: String) throws {
    let bytes = hex(digits)
    #expect(try encoded { try $0.writeInteger(value) } == bytes)
    var reader = CBORReader(bytes.span)
    let read = try reader.readInteger()
    #expect(read == value)
  }

  @Test func `the largest argument is written and read as unsigned`() throws {
    let bytes = hex("1bffffffffffffffff")
    #expect(try encoded { try $0.writeUnsigned(.max) } == bytes)
    var reader = CBORReader(bytes.span)
    let read = try reader.readUnsigned()
    #expect(read == .max)
  }

  @Test(arguments: ["1bffffffffffffffff", "3bffffffffffffffff"])
  func `an integer beyond 64 bits with sign is out of range`(digits: String) {
    let bytes = hex(digits)
    #expect(throws: CBORError(.outOfRange, at: 0, found: digits.hasPrefix("1") ? .max : .min)) {
      var reader = CBORReader(bytes.span)
      _ = try reader.readInteger()
    }
  }

  @Test func `strings are written and read as the appendix shows`() throws {
    let content: [UInt8] = [1, 2, 3, 4]
    #expect(try encoded { try $0.writeBytes(content.span) } == hex("4401020304"))
    #expect(try encoded { try $0.writeBytes(content.span.extracting(0..<0)) } == hex("40"))
    #expect(try encoded { try $0.writeText("") } == hex("60"))
    #expect(try encoded { try $0.writeText("IETF") } == hex("6449455446"))
    #expect(try encoded { try $0.writeText("\"\\") } == hex("62225c"))
    #expect(try encoded { try $0.writeText("ü") } == hex("62c3bc"))
    #expect(try encoded { try $0.writeText("水") } == hex("63e6b0b4"))

    let text = hex("6449455446")
    var reader = CBORReader(text.span)
    let isSame = try reader.readText().holdsSameBytes(as: "IETF")
    #expect(isSame)
  }

  @Test func `containers, tags and simple values are written as the appendix shows`() throws {
    #expect(try encoded { try $0.beginArray(0) } == hex("80"))
    let nested = try encoded { writer throws in
      try writer.beginArray(3)
      try writer.writeInteger(1)
      try writer.beginArray(2)
      try writer.writeInteger(2)
      try writer.writeInteger(3)
      try writer.beginArray(2)
      try writer.writeInteger(4)
      try writer.writeInteger(5)
    }
    #expect(nested == hex("8301820203820405"))
    let map = try encoded { writer throws in
      try writer.beginMap(2)
      try writer.writeText("a")
      try writer.writeInteger(1)
      try writer.writeText("b")
      try writer.beginArray(2)
      try writer.writeInteger(2)
      try writer.writeInteger(3)
    }
    #expect(map == hex("a26161016162820203"))
    let tagged = try encoded { writer throws in
      try writer.writeTag(1)
      try writer.writeInteger(1_363_896_240)
    }
    #expect(tagged == hex("c11a514b67b0"))
    #expect(try encoded { try $0.writeBool(false) } == hex("f4"))
    #expect(try encoded { try $0.writeBool(true) } == hex("f5"))
    #expect(try encoded { try $0.writeNull() } == hex("f6"))
  }

  @Test(arguments: [
    "1bffffffffffffffff", "c249010000000000000000", "3bffffffffffffffff", "c349010000000000000000", "f90000",
    "f98000", "f93c00", "fb3ff199999999999a", "f93e00", "f97bff", "fa47c35000", "fa7f7fffff",
    "fb7e37e43c8800759c",
    "f90001", "f90400", "f9c400", "fbc010666666666666", "f97c00", "f97e00", "f9fc00", "fa7f800000",
    "fa7fc00000",
    "faff800000", "fb7ff0000000000000", "fb7ff8000000000000", "fbfff0000000000000", "f4", "f5", "f6", "f7",
    "f0",
    "f8ff", "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0", "c1fb41d452d9ec200000",
    "d74401020304",
    "d818456449455446", "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "40", "4401020304", "60",
    "6161",
    "6449455446", "62225c", "62c3bc", "63e6b0b4", "64f0908591", "80", "83010203", "8301820203820405",
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819", "a0", "a201020304", "a26161016162820203",
    "826161a161626163", "a56161614161626142616361436164614461656145",
  ])
  func `items of definite length are well-formed, and none of their beginnings is`(digits: String) throws {
    let bytes = hex(digits)
    try checkWellFormed(bytes)
    var reader = CBORReader(bytes.span)
    try reader.skip()
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
    for count in bytes.indices {
      let error = try #require(throws: CBORError.self) { try checkWellFormed(Array(bytes[..<count])) }
      #expect(error.reason == .truncated)
    }
  }

  @Test(arguments: [
    ("5f42010243030405ff", 0), ("7f657374726561646d696e67ff", 0), ("9fff", 0), ("9f018202039f0405ffff", 0),
    ("83018202039f0405ff", 5), ("83019f0203ff820405", 2), ("bf61610161629f0203ffff", 0),
    ("826161bf61626163ff", 3),
    ("bf6346756ef563416d7421ff", 0), ("ff", 0), ("1f", 0), ("3f", 0), ("df00", 0),
  ])
  func `an indefinite length is refused where it stands`(digits: String, offset: Int) {
    let bytes = hex(digits)
    #expect(throws: CBORError(.indefiniteLength, at: offset, found: Int(bytes[offset]))) {
      try checkWellFormed(bytes)
    }
  }
}
