import Bytes
import Testing

@Suite struct ByteReaderRules {
  @Test func `integers are read in the byte order asked for`() throws {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6]
    var reader = ByteReader(bytes.span)
    let little = try reader.readLittleEndian(UInt16.self)
    let big = try reader.readBigEndian(UInt32.self)
    let isAtEnd = reader.isAtEnd
    #expect(little == 0x0201)
    #expect(big == 0x0304_0506)
    #expect(isAtEnd)
  }

  @Test func `a read past the end throws its place and leaves the cursor`() throws {
    let bytes: [UInt8] = [1, 2, 3]
    var reader = ByteReader(bytes.span)
    _ = try reader.readByte()
    var thrown: OutOfBounds?
    do throws(OutOfBounds) { _ = try reader.readLittleEndian(UInt32.self) } catch { thrown = error }
    let offset = reader.offset
    #expect(thrown == OutOfBounds(offset: 1, count: 4, available: 3))
    #expect(offset == 1)
  }

  @Test func `a length that would overflow the offset is refused`() {
    let bytes: [UInt8] = [1]
    #expect(throws: OutOfBounds(offset: 1, count: .max, available: 1)) {
      _ = try bytes.span.slice(at: 1, count: .max)
    }
  }
}
