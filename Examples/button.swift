// expect: on button "press 2, value 1"
//
// Runs whenever the button is pressed, and is given what the button says then.
import BPFHelpers

@c public func program(_ event: UnsafePointer<phydat_t>) -> UInt64 {
  Store.local[1] &+= 1
  let presses = Store.local[1]
  print("press %u, value %d\n", presses, UInt32(bitPattern: Int32(Reading(event).value)))
  return UInt64(presses)
}
