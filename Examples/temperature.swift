// expect: 220
//
// The temperature in tenths of a degree.
import BPFHelpers

@c public func program() -> Int64 {
  guard let reading = Sensor.temperature?.read() else { return -1 }
  return Int64(reading.value)
}
