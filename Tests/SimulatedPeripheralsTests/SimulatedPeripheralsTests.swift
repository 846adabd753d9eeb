import Helpers
import Platform
import SimulatedPeripherals
import Testing

private func values(_ course: Course, device: Int, times: [UInt64]) throws -> [Int16] {
  var peripherals = SimulatedPeripherals(course: course)
  return try times.map { try peripherals.read(device: device, at: $0).first }
}

@Suite struct Courses {
  static let times = (0..<2000).map { UInt64($0) * 97 }

  @Test(arguments: [.steady, .scripted, .random(seed: 7)] as [Course])
  func `a course is the same whenever it is asked`(course: Course) throws {
    for device in 0..<7 {
      let forward = try values(course, device: device, times: Self.times)
      let backward = try values(course, device: device, times: Self.times.reversed())
      #expect(forward == backward.reversed())
    }
  }

  @Test(
    arguments: [
      (1, 180...260), (2, 350...650), (3, 180...260), (4, 350...650), (5, 40...80), (6, 5...95),
    ] as [(Int, ClosedRange<Int16>)])
  func `every reading is within the sensor's range, and all but the steady ones move`(
    device: Int, range: ClosedRange<Int16>
  ) throws {
    for course in [.steady, .scripted, .random(seed: 1), .random(seed: .max)] as [Course] {
      let readings = try values(course, device: device, times: Self.times + [.max])
      #expect(readings.allSatisfy(range.contains))
      #expect((Set(readings).count > 1) == (course != .steady))
    }
  }

  @Test func `a level moves in small steps`() throws {
    for course in [.scripted, .random(seed: 3)] as [Course] {
      let readings = try values(course, device: 1, times: (0..<3000).map { $0 * 100 })
      #expect(zip(readings, readings.dropFirst()).allSatisfy { abs($0 - $1) <= 1 })
    }
  }

  @Test func `another seed is another course`() throws {
    let first = try values(.random(seed: 2), device: 1, times: Self.times)
    let second = try values(.random(seed: 3), device: 1, times: Self.times)
    #expect(first != second)
    #expect(Course(seed: 0) == .steady)
    #expect(Course(seed: 1) == .scripted)
    #expect(Course(seed: 2) == .random(seed: 2))
  }

  @Test func `the scripted button is down for half a second every 15, the key for 300 ms every 8`() throws {
    var peripherals = SimulatedPeripherals(course: .scripted)
    for (time, pressed) in [(0, 0), (14_999, 0), (15_000, 1), (15_499, 1), (15_500, 0)] as [(UInt64, Int16)] {
      let reading = try peripherals.read(device: 0, at: time)
      #expect(reading == PhysicalValue(pressed, unit: .boolean))
    }
    for (time, key) in [(0, .none), (8000, .up), (8299, .up), (8300, .none)] as [(UInt64, KeypadKey)] {
      let found = peripherals.key(line: SimulatedPeripherals.keypadLine, at: time)
      #expect(found == key)
    }
    let elsewhere = peripherals.key(line: 0, at: 8000)
    #expect(elsewhere == .none)
  }
}

@Suite struct Devices {
  @Test func `the list is in the order of the boards for which programs were published`() {
    let sensorsFirst = SimulatedPeripherals(course: .steady)
    #expect(
      (0..<sensorsFirst.deviceCount).map(sensorsFirst.type) == [
        .button, .temperature, .humidity, .temperature, .humidity, .sound, .light, .switch, .switch, .switch,
      ])
    let ledsFirst = SimulatedPeripherals(course: .steady, order: .ledsFirst)
    #expect(
      (0..<ledsFirst.deviceCount).map(ledsFirst.type) == [
        .switch, .switch, .switch, .button, .temperature, .humidity, .temperature, .humidity, .sound, .light,
      ])
  }

  @Test(arguments: [(SimulatedPeripherals.Order.sensorsFirst, 7), (.ledsFirst, 0)])
  func `a LED is what it was set to`(order: SimulatedPeripherals.Order, first: Int) throws {
    var peripherals = SimulatedPeripherals(course: .steady, order: order)
    let on = PhysicalValue(1, unit: .boolean)
    let taken = try peripherals.write(on, device: first + 1, at: 0)
    #expect(taken == 1)
    #expect(peripherals.leds == 0b010)
    let reading = try peripherals.read(device: first + 1, at: 0)
    #expect(reading == on)
    _ = try peripherals.write(PhysicalValue(0, unit: .boolean), device: first + 1, at: 0)
    #expect(peripherals.leds == 0)
  }

  @Test(arguments: [-1, 10, .max, .min])
  func `there is nothing beyond the list`(number: Int) {
    var peripherals = SimulatedPeripherals(course: .steady)
    #expect(throws: PeripheralError.noDevice) { try peripherals.read(device: number, at: 0) }
    #expect(throws: PeripheralError.noDevice) {
      try peripherals.write(PhysicalValue(1, unit: .none), device: number, at: 0)
    }
  }

  @Test func `a sensor cannot be set`() {
    var peripherals = SimulatedPeripherals(course: .steady)
    #expect(throws: PeripheralError.notSupported) {
      try peripherals.write(PhysicalValue(1, unit: .none), device: 1, at: 0)
    }
  }

  @Test func `a pin is an input with an outside level, or an output with the one it was given`() {
    var peripherals = SimulatedPeripherals(course: .steady)
    peripherals.inputs[2] = 1 << 5
    func read(asInput: Bool) -> Bool? { peripherals.readPin(5, port: 2, asInput: asInput, at: 0) }
    func write(_ high: Bool) -> Bool { peripherals.writePin(5, port: 2, high: high) }
    #expect(read(asInput: true) == true)
    #expect(write(false))
    #expect(read(asInput: false) == false)
    #expect(write(true))
    #expect(peripherals.outputs[2] == 1 << 5)
    #expect(read(asInput: false) == true)
    #expect(read(asInput: true) == true)
    for (pin, port) in [(16, 0), (0, 8), (.max, 0), (0, .max)] as [(UInt32, UInt32)] {
      let level = peripherals.readPin(pin, port: port, asInput: true, at: 0)
      let written = peripherals.writePin(pin, port: port, high: true)
      #expect(level == nil)
      #expect(!written)
    }
  }

  @Test func `the display shows what was printed from the cursor on`() {
    var peripherals = SimulatedPeripherals(course: .steady)
    func row(_ row: Int) -> String {
      let text = peripherals.display.text(row: row)
      return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    }
    func show(_ text: String) {
      let bytes = Array(text.utf8)
      peripherals.print(bytes.span)
    }
    #expect(!peripherals.display.isStarted)
    let started = peripherals.startDisplay()
    #expect(started)
    show("Temperature\n!")
    #expect(row(0) == "Temperature !   ")
    func move(_ column: UInt32, _ row: UInt32) -> Bool { peripherals.moveCursor(column: column, row: row) }
    #expect(move(14, 1))
    show("21.5 C")
    #expect(row(1) == "              21")
    for (column, row) in [(16, 0), (0, 2), (.max, .max)] as [(UInt32, UInt32)] {
      #expect(!move(column, row))
    }
    peripherals.clearDisplay()
    show("x")
    #expect(row(0) == "x               ")
    #expect(row(1) == String(repeating: " ", count: 16))
  }
}
