// expect: running "tick 3"
//
// Wakes every 20 milliseconds, until somebody ends it.
import BPFHelpers

@c public func program() -> UInt64 {
  var ticker = Ticker(everyMicroseconds: 20000)
  var tick: UInt32 = 1
  while true {
    ticker.wait()
    print("tick %u\n", tick)
    tick &+= 1
  }
}
