// expect: 44239
//
// The checksum of fletcher16.c over the same text.
import BPFHelpers

let text: StaticString = "Untrusted programs, sent over the air, run in a compartment they cannot leave."

@c public func program() -> UInt64 {
  // Asked of the device: a length that is known to the compiler would let it do the whole sum by itself.
  let length = bpf_strlen(text.utf8Start)
  var low: UInt32 = 0
  var high: UInt32 = 0
  for index in 0..<length {
    low = (low + UInt32(text.utf8Start[index])) % 255
    high = (high + low) % 255
  }
  return UInt64(high << 8 | low)
}
