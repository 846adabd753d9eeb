// expect: 500
//
// The humidity in tenths of a percent, if the sensor says so.
import BPFHelpers

@c public func program() -> Int64 {
  guard let reading = Sensor.humidity?.read() else { return -1 }
  return reading.unit == .percent && reading.scale == -1 ? Int64(reading.value) : -2
}
