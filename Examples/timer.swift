// expect: every 20 ms "run 3"
//
// A timer runs it again and again. Each run starts anew; what it has to remember is in its store.
import BPFHelpers

@c public func program() -> UInt64 {
  Store.local[1] &+= 1
  let runs = Store.local[1]
  print("run %u\n", runs)
  return UInt64(runs)
}
