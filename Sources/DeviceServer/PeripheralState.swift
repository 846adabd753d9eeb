import Bytes
import DeviceProtocol
import Helpers
import Platform

/// What is connected to a board, as it is now: a map for each row of the display, then one for each sensor and actuator.
struct PeripheralState: Representation {
  /// One row of the display; no real one is longer.
  private struct DisplayRow {
    var text = InlineArray<40, UInt8>(repeating: 0)
    var count = 0
  }

  private var rows = InlineArray<4, DisplayRow?>(repeating: nil)
  /// By the device's number; `nil` where there is none, or it does not answer.
  private var readings = InlineArray<16, DeviceReading?>(repeating: nil)

  init(of peripherals: inout some PeripheralSet, at now: UInt64) {
    for row in rows.indices {
      var shown = DisplayRow()
      var text = shown.text.mutableSpan
      guard let count = peripherals.readDisplay(row: row, into: &text) else { break }
      shown.count = count
      // The characters of a display are its own; of these everybody knows what they mean.
      for column in 0..<count where !(0x20...0x7e).contains(shown.text[column]) {
        shown.text[column] = UInt8(ascii: "?")
      }
      rows[row] = shown
    }
    for number in 0..<min(readings.count, peripherals.deviceCount) {
      readings[number] = try? DeviceReading(of: number, in: &peripherals, at: now)
    }
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    var count = 0
    for row in rows.indices where rows[row] != nil { count += 1 }
    for number in readings.indices where readings[number] != nil { count += 1 }
    try writer.beginList(count)
    for row in rows.indices {
      guard let shown = rows[row] else { continue }
      try writer.beginMap(2)
      try writer.field(Field.row, Int64(row))
      try writer.field(Field.text, text: shown.text.span.extracting(0..<shown.count))
    }
    for number in readings.indices { try readings[number]?.write(into: &writer) }
  }
}

/// What a sensor measures, or an actuator is set to.
struct DeviceReading: Representation {
  private let number: Int
  private let type: DeviceType
  private let value: PhysicalValue

  init(of number: Int, in peripherals: inout some PeripheralSet, at now: UInt64) throws(PeripheralError) {
    guard (0..<peripherals.deviceCount).contains(number) else { throw .noDevice }
    self.number = number
    type = peripherals.type(ofDevice: number)
    value = try peripherals.read(device: number, at: now)
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(4 + min(max(value.count, 1), 3))
    try writer.field(Field.device, Int64(number))
    try writer.field(Field.type, Int64(type.rawValue))
    try writer.field(Field.unit, Int64(value.unit))
    try writer.field(Field.scale, Int64(value.scale))
    try writer.field(Field.first, Int64(value.first))
    if value.count > 1 { try writer.field(Field.second, Int64(value.second)) }
    if value.count > 2 { try writer.field(Field.third, Int64(value.third)) }
  }
}
