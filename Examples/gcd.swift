// expect: 21
//
// Euclid's algorithm, as in gcd.c.
import BPFHelpers

@c public func program() -> UInt64 {
  Store.local[1] = 1071
  Store.local[2] = 462
  var (a, b) = (Store.local[1], Store.local[2])
  while b != 0 { (a, b) = (b, a % b) }
  return UInt64(a)
}
