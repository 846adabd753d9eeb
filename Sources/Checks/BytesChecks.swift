import Bytes

/// Reading and writing within bounds.
public let bytesChecks: [Check] = [
  Check("a length of all ones is refused where it stands") { () throws(CheckFailure) in
    let bytes: InlineArray<4, UInt8> = [1, 2, 3, 4]
    try expect(
      refusal: OutOfBounds(offset: 1, count: .max, available: 4),
      "the cursor's offset and the length do not wrap"
    ) { () throws(OutOfBounds) in
      var reader = ByteReader(bytes.span)
      _ = try reader.readByte()
      _ = try reader.read(.max)
    }
    try expect(
      refusal: OutOfBounds(offset: 2, count: .max, available: 4),
      "a slice's offset and its length do not wrap"
    ) { () throws(OutOfBounds) in
      _ = try bytes.span.slice(at: 2, count: .max)
    }
  },
  Check("64-bit integers keep both byte orders at odd addresses") { () throws(CheckFailure) in
    let number: UInt64 = 0x0102_0304_0506_0708
    var memory = InlineArray<17, UInt8>(repeating: 0xa5)
    guard (try? writeInBothOrders(number, into: memory.mutableSpan)) != nil else {
      throw CheckFailure("17 bytes hold both")
    }
    try expect(memory[1] == 8 && memory[9] == 1, "the least and the most significant byte come first")
    var reader = ByteReader(memory.span)
    try expect((try? reader.readByte()) == 0, "the byte in front")
    try expect((try? reader.readLittleEndian()) == number, "little-endian")
    try expect((try? reader.readBigEndian()) == number, "big-endian")
  },
  Check("the largest and the smallest number have all their digits") { () throws(CheckFailure) in
    var memory = InlineArray<40, UInt8>(repeating: 0)
    guard (try? writeExtremes(into: memory.mutableSpan)) != nil else {
      throw CheckFailure("40 bytes hold both")
    }
    try expect(memory.span.holdsSameBytes(as: "18446744073709551615-9223372036854775808"), "64-bit division")
  },
  Check("a buffer is aligned to its size, and clearing it leaves nothing") { () throws(CheckFailure) in
    var buffer = Buffer(count: 4096, alignment: 4096)
    try expect(buffer.address.isMultiple(of: 4096), "aligned")
    fill(buffer.mutableSpan)
    buffer.clear()
    for index in buffer.span.indices { try expect(buffer.span[index] == 0, "zero") }
  },
]

private func fill(_ memory: consuming MutableSpan<UInt8>) {
  for index in memory.indices { memory[index] = 0xa5 }
}

private func writeInBothOrders(
  _ number: UInt64, into memory: consuming MutableSpan<UInt8>
) throws(OutOfBounds) {
  var writer = ByteWriter(memory)
  try writer.write(0)
  try writer.writeLittleEndian(number)
  try writer.writeBigEndian(number)
}

private func writeExtremes(into memory: consuming MutableSpan<UInt8>) throws(OutOfBounds) {
  var writer = ByteWriter(memory)
  try writer.writeDecimal(UInt64.max)
  try writer.writeDecimal(Int64.min)
}
