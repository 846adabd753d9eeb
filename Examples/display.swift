// expect: 0
//
// Two rows on the display, as display.c writes them.
import BPFHelpers

@c public func program() -> UInt64 {
  guard let display = Display() else { return 1 }
  display.show("Compartment")
  guard display.moveCursor(column: 0, row: 1) else { return 2 }
  var number = Text()
  number.append("no. ")
  number.append(5)
  display.show(&number)
  return display.moveCursor(column: 0, row: 9) ? 3 : 0
}
