// expect: 8501
//
// The arithmetic of arithmetic.c. What cannot overflow by the programmer's word is said so, with &* and &+; every other operation
// is checked.
import BPFHelpers

@c public func program() -> UInt64 {
  Store.local[1] = 1_000_003
  let value = UInt64(Store.local[1])
  let square = value &* value
  let quotient = square / 1_000_000_007
  let remainder = square % 10007
  let bits = (square >> 32) ^ (square & 15)
  let negative = 0 &- Int64(bitPattern: value)
  let sign = UInt64(bitPattern: negative >> 63) & 3
  return quotient &+ remainder &+ bits &+ sign &+ (square > UInt64(UInt32.max) ? 1800 : 0)
}
