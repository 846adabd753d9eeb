// expect: trap checkFailed
//
// The mistake of bounds.c. Swift checks the index itself and ends the program before it could do harm.
import BPFHelpers

@c public func program() -> UInt64 {
  var table = InlineArray<16, UInt8>(repeating: 0)
  Store.local[1] = 1_000_000
  table[Int(Store.local[1])] = 1
  return UInt64(table[3])
}
