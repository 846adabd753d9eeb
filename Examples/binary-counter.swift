// expect: 7
//
// Counts in binary on three LEDs, as binary-counter.c does.
import BPFHelpers

@c public func program() -> UInt64 {
  var shown: UInt64 = 0
  var count: Int16 = 0
  while count < 8 {
    shown = 0
    var bit: Int32 = 0
    while bit < 3 {
      guard let led = Actuator(position: 7 &+ bit), led.set(count &>> Int16(truncatingIfNeeded: bit) & 1),
        let reading = led.read()
      else { return .max }
      shown |= UInt64(truncatingIfNeeded: reading.value) &<< UInt64(truncatingIfNeeded: bit)
      bit &+= 1
    }
    count &+= 1
  }
  return shown
}
