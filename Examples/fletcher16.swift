// expect: 44239
//
// The checksum of fletcher16.c over the same text.

let text: StaticString = "Untrusted programs, sent over the air, run in a compartment they cannot leave."

@c public func program() -> UInt64 {
  var low: UInt32 = 0
  var high: UInt32 = 0
  for index in 0..<text.utf8CodeUnitCount {
    low = (low + UInt32(text.utf8Start[index])) % 255
    high = (high + low) % 255
  }
  return UInt64(high << 8 | low)
}
