// expect: running "cold 3"
//
// Watches the temperature and warns while it is below a limit.
import BPFHelpers

let limit: Int16 = 230

@c public func program() -> UInt64 {
  guard let sensor = Sensor.temperature else { return 1 }
  var ticker = Ticker(everyMicroseconds: 20000)
  var warnings: UInt32 = 0
  while true {
    if let reading = sensor.read(), reading.value < limit {
      warnings &+= 1
      print("cold %u\n", warnings)
    }
    ticker.wait()
  }
}
