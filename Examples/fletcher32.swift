// expect: 4031760169
//
// The checksum of fletcher32.c.
import BPFHelpers

let text: StaticString = "abcde"

@c public func program() -> UInt64 {
  let length = bpf_strlen(text.utf8Start)
  var low: UInt32 = 0
  var high: UInt32 = 0
  var index = 0
  while index < length {
    let upper = index &+ 1 < length ? UInt32(text.utf8Start[index &+ 1]) << 8 : 0
    low = (low &+ (UInt32(text.utf8Start[index]) | upper)) % 65535
    high = (high &+ low) % 65535
    index &+= 2
  }
  return UInt64(high << 16 | low)
}
