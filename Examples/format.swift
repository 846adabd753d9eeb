// expect: 24
// prints: -12.5 and 12345 and 0.05
//
// Numbers as text, with decimal points.
import BPFHelpers

@c public func program() -> UInt64 {
  var text = Text()
  text.append(-125, scale: -1)
  text.append(" and ")
  text.append(12345)
  text.append(" and ")
  text.append(5, scale: -2)
  text.withCString { _ = bpf_printf($0) }
  return UInt64(text.count)
}
