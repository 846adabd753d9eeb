// expect: 3421780262
//
// The CRC of crc32.c.
import BPFHelpers

let text: StaticString = "123456789"

@c public func program() -> UInt64 {
  let length = bpf_strlen(text.utf8Start)
  var crc: UInt32 = 0xffff_ffff
  for index in 0..<length {
    crc ^= UInt32(text.utf8Start[index])
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0xedb8_8320) }
  }
  return UInt64(~crc)
}
