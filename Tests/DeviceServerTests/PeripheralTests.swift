import Helpers
import Testing

@testable import DeviceClient

@Suite struct PeripheralState {
  @Test func `all sensors and actuators are told, and no display before a program has started it`() throws {
    var device = try Device()
    let answer = try device.request(.get, "peripherals")
    let state = try PeripheralDescription(try #require(Value(answer.payload)))
    #expect(state.display == [])
    #expect(state.readings.map(\.device) == Array(0..<10))
    let temperature = state.readings[1]
    #expect(temperature.type == DeviceType.temperature.rawValue)
    #expect(temperature.unit == PhysicalUnit.celsius.rawValue)
    #expect(temperature.values == [220])
    #expect(temperature.scale == -1)
  }

  @Test func `as text each is a paragraph`() throws {
    var device = try Device()
    let answer = try device.body(of: "peripherals", blockSize: 64, accept: 0)
    let paragraphs = String(decoding: answer, as: UTF8.self).split(separator: "\n\n")
    #expect(paragraphs.count == 10)
    #expect(paragraphs[5] == "device: 5\ntype: 133\nunit: 18\nscale: 0\nfirst: 60")
  }
}
