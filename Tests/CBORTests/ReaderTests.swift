import Bytes
import CBOR
import TestSupport
import Testing

@Suite struct ReaderRules {
  @Test func `a read of another type names both and leaves the cursor`() throws {
    let bytes = hex("000000820143010203")
    var reader = CBORReader(bytes.span, from: 3)
    let count = try reader.readArray()
    var thrown: CBORError?
    do throws(CBORError) { _ = try reader.readText() } catch { thrown = error }
    let first = try reader.readUnsigned()
    let type = try reader.peekType()
    let content = try reader.readBytes()
    #expect(count == 2)
    #expect(thrown == CBORError(.wrongType, at: 4, expected: 3, found: 0))
    #expect(first == 1)
    #expect(type == .bytes)
    #expect(content.count == 3)
    let offset = reader.offset
    #expect(offset == 9)
  }

  @Test func `an array of another length and a tag of another number are refused`() throws {
    let bytes = hex("d2820102")
    var reader = CBORReader(bytes.span)
    var wrongTag: CBORError?
    do throws(CBORError) { try reader.readTag(98) } catch { wrongTag = error }
    try reader.readTag(18)
    var wrongCount: CBORError?
    do throws(CBORError) { try reader.readArray(of: 4) } catch { wrongCount = error }
    try reader.readArray(of: 2)
    #expect(wrongTag == CBORError(.wrongValue, at: 0, expected: 98, found: 18))
    #expect(wrongCount == CBORError(.wrongValue, at: 1, expected: 4, found: 2))
  }

  @Test func `a map announces pairs`() throws {
    let bytes = hex("a201020304")
    var reader = CBORReader(bytes.span)
    let count = try reader.readMap()
    #expect(count == 2)
  }

  @Test func `booleans and null are told from each other and from numbers`() throws {
    let bytes = hex("f4f5f6")
    var reader = CBORReader(bytes.span)
    let no = try reader.readBool()
    let yes = try reader.readBool()
    var thrown: CBORError?
    do throws(CBORError) { _ = try reader.readBool() } catch { thrown = error }
    try reader.readNull()
    #expect(!no)
    #expect(yes)
    #expect(thrown == CBORError(.wrongType, at: 2, expected: 0xF4, found: 0xF6))
    #expect(throws: CBORError(.wrongType, at: 0, expected: 0xF6, found: 0)) {
      let zero: [UInt8] = [0]
      var reader = CBORReader(zero.span)
      try reader.readNull()
    }
  }

  @Test func `a wrapped item is proved before it is handed out and keeps its place`() throws {
    let good = hex("0043a10102")
    var reader = CBORReader(good.span)
    try reader.skip()
    var wrapped = try reader.readWrapped()
    let offset = wrapped.offset
    let count = try wrapped.readMap()
    #expect(offset == 2)
    #expect(count == 1)
    #expect(throws: CBORError(.trailingBytes, at: 2, found: 1)) {
      let bytes = hex("420102")
      var reader = CBORReader(bytes.span)
      _ = try reader.readWrapped()
    }
  }
}

@Suite struct WriterRules {
  @Test func `a write that does not fit changes nothing`() throws {
    var storage: [UInt8] = [9, 9, 9, 9]
    var writer = CBORWriter(storage.mutableSpan)
    let long: [UInt8] = [1, 2, 3, 4]
    var thrown: OutOfBounds?
    do throws(OutOfBounds) { try writer.writeBytes(long.span) } catch { thrown = error }
    let count = writer.count
    var wide: OutOfBounds?
    do throws(OutOfBounds) { try writer.writeUnsigned(0x1_0000_0000) } catch { wide = error }
    try writer.writeUnsigned(0xFFFF)
    let written = writer.count
    #expect(thrown == OutOfBounds(offset: 1, count: 4, available: 4))
    #expect(count == 0)
    #expect(wide == OutOfBounds(offset: 1, count: 8, available: 4))
    #expect(written == 3)
  }

  @Test func `every integer is read back, from the shortest head`() throws {
    var random = Repeatable(seed: 2)
    for shift in 0..<64 {
      for _ in 0..<20 {
        let value = Int64(truncatingIfNeeded: random.next() >> UInt64(shift))
        for value in [value, ~value] {
          let bytes = try encoded { try $0.writeInteger(value) }
          var reader = CBORReader(bytes.span)
          let read = try reader.readInteger()
          let isAtEnd = reader.isAtEnd
          #expect(read == value)
          #expect(isAtEnd)
          let argument = UInt64(value < 0 ? ~value : value)
          let expected =
            argument < 24 ? 1 : argument < 256 ? 2 : argument < 65536 ? 3 : argument >> 32 == 0 ? 5 : 9
          #expect(bytes.count == expected)
        }
      }
    }
  }

  @Test func `what is written from a random tree is well-formed`() throws {
    var random = Repeatable(seed: 3)
    for _ in 0..<500 {
      let bytes = try encoded(capacity: 4096) { try writeTree(depth: 4, to: &$0, using: &random) }
      try checkWellFormed(bytes)
    }
  }

  private func writeTree(
    depth: Int, to writer: inout CBORWriter, using random: inout Repeatable
  ) throws {
    let content = [UInt8](repeating: 0x61, count: Int.random(in: 0...30, using: &random))
    let count = Int.random(in: 0...3, using: &random)
    switch Int.random(in: 0...(depth == 0 ? 4 : 7), using: &random) {
    case 0: try writer.writeInteger(Int64.random(in: .min ... .max, using: &random))
    case 1: try writer.writeBytes(content.span)
    case 2: try writer.writeText(content.span)
    case 3: try writer.writeBool(.random(using: &random))
    case 4: try writer.writeNull()
    case 5:
      try writer.writeTag(random.next())
      try writeTree(depth: depth - 1, to: &writer, using: &random)
    case 6:
      try writer.beginArray(count)
      for _ in 0..<count { try writeTree(depth: depth - 1, to: &writer, using: &random) }
    default:
      try writer.beginMap(count)
      for key in 0..<count {
        try writer.writeInteger(Int64(key))
        try writeTree(depth: depth - 1, to: &writer, using: &random)
      }
    }
  }
}
