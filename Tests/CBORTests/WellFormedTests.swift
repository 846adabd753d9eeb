import Bytes
import CBOR
import TestSupport
import Testing

@Suite struct WellFormedness {
  @Test func `nothing is not an item`() {
    #expect(throws: CBORError(.truncated, at: 0, expected: 1)) { try checkWellFormed([]) }
  }

  @Test func `bytes behind the item are refused`() {
    #expect(throws: CBORError(.trailingBytes, at: 1, found: 2)) { try checkWellFormed(hex("f50000")) }
  }

  @Test(arguments: ["1c", "1d", "1e", "5c", "fc", "f800", "f818", "f81f"])
  func `reserved heads are refused`(digits: String) {
    let bytes = hex(digits)
    #expect(throws: CBORError(.reserved, at: 0, found: Int(bytes[0]))) { try checkWellFormed(bytes) }
  }

  @Test(
    arguments: [
      ("5bffffffffffffffff", Int.max, 0), ("9bffffffffffffffff00", .max, 1),
      ("ba8000000000", 0x8000_0000, 1),
      ("4201", 2, 1), ("8201", 2, 1), ("a2010203", 2, 3),
    ] as [(String, Int, Int)])
  func `a count is compared with what is left before anything is done with it`(
    digits: String, expected: Int, found: Int
  ) {
    #expect(throws: CBORError(.truncated, at: 0, expected: expected, found: found)) {
      try checkWellFormed(hex(digits))
    }
    #expect(throws: CBORError(.truncated, at: 0, expected: expected, found: found)) {
      let bytes = hex(digits)
      var reader = CBORReader(bytes.span)
      try reader.skip()
    }
  }

  @Test func `skipping many announced items within each other ends without overflow`() {
    let bytes = hex("82828282")
    let error = #expect(throws: CBORError.self) {
      var reader = CBORReader(bytes.span)
      try reader.skip()
    }
    #expect(error?.reason == .truncated)
  }

  @Test(arguments: [UInt8(0x81), 0xC1])
  func `ten levels are allowed, eleven are not`(opening: UInt8) throws {
    let ten = [UInt8](repeating: opening, count: 10) + [0]
    try checkWellFormed(ten)
    #expect(throws: CBORError(.tooDeep, at: 10, expected: 10)) {
      try checkWellFormed([opening] + ten)
    }
    #expect(throws: CBORError(.tooDeep, at: 10, expected: 10)) {
      try checkWellFormed([UInt8](repeating: opening, count: 10) + [0x80])
    }
  }

  @Test(arguments: [
    ("a201000100", 3), ("a20100180100", 3), ("a2616100616100", 4), ("a2810100810100", 4),
    ("a3010002000200", 5),
    ("a10aa220002000", 5), ("a2f500f500", 3), ("a2c10000c10000", 4),
  ])
  func `a key that stands twice in a map is refused at the second`(digits: String, offset: Int) {
    #expect(throws: CBORError(.duplicateKey, at: offset)) { try checkWellFormed(hex(digits)) }
  }

  @Test(arguments: [
    "a201002000", "a2410000616100", "a2616100616200", "a2810100810200", "a2f400f500",
    "a2f93c0000fa3f80000000",
    "a2810000818000", "a301a1010002a1010003a10100",
  ])
  func `keys that differ are kept apart`(digits: String) throws {
    try checkWellFormed(hex(digits))
  }

  @Test func `arbitrary bytes are judged without a trap, and skipping never passes what checking took`() {
    var random = Repeatable(seed: 1)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let isWellFormed = (try? checkWellFormed(bytes)) != nil
      var reader = CBORReader(bytes.span)
      let isSkipped = (try? reader.skip()) != nil && reader.isAtEnd
      #expect(!isWellFormed || isSkipped)
    }
  }
}
