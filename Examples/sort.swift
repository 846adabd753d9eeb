// expect: 123456789
//
// Sorts numbers on the stack, as sort.c does.
import BPFHelpers

@c public func program() -> UInt64 {
  var sorted: InlineArray<9, UInt8> = [5, 3, 9, 1, 8, 2, 7, 4, 6]
  var index = 1
  while index < 9 {
    let number = sorted[index]
    var place = index
    while place > 0, sorted[place &- 1] > number {
      sorted[place] = sorted[place &- 1]
      place &-= 1
    }
    sorted[place] = number
    index &+= 1
  }
  var digits: UInt64 = 0
  for index in sorted.indices { digits = digits &* 10 &+ UInt64(sorted[index]) }
  return digits
}
