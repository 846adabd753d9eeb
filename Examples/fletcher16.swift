// expect: 43575
//
// The checksum of fletcher16.c over the same text.
import BPFHelpers

let text: StaticString = """
  Untrusted programs arrive over the air, in pieces, and nobody knows their authors by face. A \
  device trusts a key, a digest and a sequence number instead; and what it runs, it runs in a \
  compartment: a stack, some data, a packet to look at, a clock, a store with keys and values. A \
  program that reaches beyond is stopped and named.
  """

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
