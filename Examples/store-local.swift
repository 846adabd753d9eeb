// expect: 1
//
// What a program keeps for itself outlives a run of it, not the program: a new one starts with an empty store.
import BPFHelpers

@c public func program() -> UInt64 {
  Store.local[1] &+= 1
  return UInt64(Store.local[1])
}
