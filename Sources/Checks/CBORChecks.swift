import Bytes
import CBOR

/// Numbers and lengths of 64 bits in front of an `Int` of 32.
public let cborChecks: [Check] = [
  Check("the largest and the smallest integer are read as they were written") { () throws(CheckFailure) in
    var memory = InlineArray<32, UInt8>(repeating: 0xa5)
    guard let count = try? writeIntegers(into: memory.mutableSpan) else {
      throw CheckFailure("32 bytes hold them")
    }
    try expect(count == 27, "nine bytes each")
    var reader = CBORReader(memory.span.extracting(0..<count))
    try expect((try? reader.readUnsigned()) == .max, "unsigned")
    try expect((try? reader.readInteger()) == .max, "positive")
    try expect((try? reader.readInteger()) == .min, "negative")
    try expect(reader.isAtEnd, "nothing more")
  },
  Check("a string that claims 2^32 or 2^64 - 1 bytes is refused") { () throws(CheckFailure) in
    let tooLong: InlineArray<10, UInt8> = [0x5b, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    try expect(
      refusal: CBORError(.truncated, at: 0, expected: Int(clamping: 1 << 32 as Int64), found: 1),
      "not cut down to 0 bytes"
    ) { () throws(CBORError) in
      var reader = CBORReader(tooLong.span)
      _ = try reader.readBytes()
    }
    let longest: InlineArray<10, UInt8> = [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]
    try expect(
      refusal: CBORError(.truncated, at: 0, expected: .max, found: 1), "not taken for a negative number"
    ) { () throws(CBORError) in
      var reader = CBORReader(longest.span)
      _ = try reader.readBytes()
    }
  },
  Check("an array that claims 2^32 + 1 elements is refused") { () throws(CheckFailure) in
    let bytes: InlineArray<10, UInt8> = [0x9b, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    try expect(
      refusal: CBORError(.truncated, at: 0, expected: Int(clamping: (1 << 32) + 1 as Int64), found: 1),
      "not cut down to the one that is there"
    ) { () throws(CBORError) in
      var reader = CBORReader(bytes.span)
      _ = try reader.readArray()
    }
  },
]

/// Returns the number of bytes written.
private func writeIntegers(into memory: consuming MutableSpan<UInt8>) throws(OutOfBounds) -> Int {
  var writer = CBORWriter(memory)
  try writer.writeUnsigned(.max)
  try writer.writeInteger(.max)
  try writer.writeInteger(.min)
  return writer.count
}
