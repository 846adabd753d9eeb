import CBOR

/// The bytes written as hexadecimal digits, spaces ignored.
func hex(_ digits: String) -> [UInt8] {
  let nibbles = digits.compactMap(\.hexDigitValue)
  return stride(from: 0, to: nibbles.count - 1, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
}

/// What `body` writes into a buffer of `capacity` bytes that held something else before.
func encoded(
  capacity: Int = 64, _ body: (inout CBORWriter) throws -> Void
) throws -> [UInt8] {
  var storage = [UInt8](repeating: 0xA5, count: capacity)
  var writer = CBORWriter(storage.mutableSpan)
  try body(&writer)
  let count = writer.count
  return Array(storage[..<count])
}

func checkWellFormed(_ bytes: [UInt8]) throws {
  try CBORReader(bytes.span).checkWellFormed()
}
