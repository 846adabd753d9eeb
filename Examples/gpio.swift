// expect: 5
//
// The pins of gpio.c.
import BPFHelpers

@c public func program() -> UInt64 {
  let output = Pin(port: 1, 3)
  output.isHigh = true
  let high: UInt64 = output.isHigh ? 5 : 0
  output.isHigh = false
  let low: UInt64 = output.isHigh ? 8 : 0
  let input: UInt64 = Pin(port: 1, 4).input() ? 16 : 0
  let missing: UInt64 = Pin(port: 99, 0).isHigh ? 32 : 0
  return high &+ low &+ input &+ missing
}
