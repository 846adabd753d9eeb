// expect: trap checkFailed
//
// Adds until the sum does not fit any more: Swift notices, and the program ends. In C the sum would be a wrong one.
import BPFHelpers

@c public func program() -> UInt64 {
  Store.local[1] = 1
  var sum = UInt8(truncatingIfNeeded: Store.local[1])
  for _ in 0..<9 { sum += sum }
  return UInt64(sum)
}
