// expect: trap budgetSpent
//
// Waits for something that never comes, as budget.c does.
import BPFHelpers

@c public func program() -> UInt64 {
  while Store.local[1] == 0 {}
  return UInt64(Store.local[1])
}
