import Bytes
import Testing

@Suite struct ByteWriterRules {
  @Test(arguments: [
    (0, "0"), (-7, "-7"), (Int64.min, "-9223372036854775808"), (Int64.max, "9223372036854775807"),
  ])
  func `decimal numbers are written in full`(value: Int64, text: String) throws {
    var storage = [UInt8](repeating: 0xA5, count: 20)
    var writer = ByteWriter(storage.mutableSpan)
    try writer.writeDecimal(value)
    let count = writer.count
    #expect(String(decoding: storage[..<count], as: UTF8.self) == text)
  }

  @Test func `a write that does not fit changes nothing`() throws {
    var storage = [UInt8](repeating: 0xA5, count: 3)
    var writer = ByteWriter(storage.mutableSpan)
    try writer.writeBigEndian(UInt16(0x0102))
    var thrown: OutOfBounds?
    do throws(OutOfBounds) { try writer.writeDecimal(-1) } catch { thrown = error }
    #expect(thrown == OutOfBounds(offset: 2, count: 2, available: 3))
    #expect(storage == [1, 2, 0xA5])
  }

  @Test func `a buffer is aligned and zero`() {
    var buffer = Buffer(count: 64, alignment: 4096)
    let address = buffer.address
    #expect(address % 4096 == 0)
    for index in 0..<64 {
      let byte = buffer.span[index]
      #expect(byte == 0)
    }
    do {
      var writable = buffer.mutableSpan
      writable[3] = 9
    }
    let written = buffer.span[3]
    buffer.clear()
    let cleared = buffer.span[3]
    #expect(written == 9)
    #expect(cleared == 0)
  }
}
