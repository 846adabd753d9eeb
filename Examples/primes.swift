// expect: 168
//
// The sieve of primes.c. Each index into the sieve is checked.
import BPFHelpers

@c public func program() -> UInt64 {
  var composite = InlineArray<16, UInt64>(repeating: 0)
  var count: UInt64 = 0
  var number = 2
  while number < 1000 {
    if composite[number &>> 6] &>> UInt64(number & 63) & 1 == 0 {
      count &+= 1
      var multiple = number &* number
      while multiple < 1000 {
        composite[multiple &>> 6] |= 1 &<< UInt64(multiple & 63)
        multiple &+= number
      }
    }
    number &+= 1
  }
  return count
}
