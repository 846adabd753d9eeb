// expect: 20
//
// The moving average of average.c, as a type of its own: it lives on the stack.
import BPFHelpers

struct MovingAverage {
  private var ring = InlineArray<8, Int32>(repeating: 0)
  private var next = 0
  private var sum: Int32 = 0

  @inline(never) mutating func add(_ value: Int32) -> Int32 {
    sum &+= value &- ring[next]
    ring[next] = value
    next = (next + 1) & 7
    return sum / 8
  }
}

@c public func program() -> UInt64 {
  var average = MovingAverage()
  var last: Int32 = 0
  var value: Int32 = 1
  while value <= 24 {
    last = average.add(value)
    value &+= 1
  }
  return UInt64(bitPattern: Int64(last))
}
