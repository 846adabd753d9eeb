public import Helpers
public import Platform

/// Sensors, actuators, pins, a display and a keypad of a machine that has none.
public struct SimulatedPeripherals: PeripheralSet, Sendable {
  /// In which order sensors and actuators are numbered: as the boards do for which programs were published.
  public enum Order: Sendable {
    /// Button, two pairs of temperature and humidity, sound, light, three LEDs.
    case sensorsFirst
    /// Three LEDs, button, two pairs of temperature and humidity, sound, light.
    case ledsFirst
  }

  public static let ports = 8
  /// The line of the analog converter that the keypad is at.
  public static let keypadLine: UInt32 = 2

  public let course: Course
  private let order: Order
  /// Bit n: LED n is on.
  public private(set) var leds: UInt8 = 0
  public private(set) var display = SimulatedDisplay()
  /// Levels that somebody outside applies to the pins of each port, a bit for each pin.
  public var inputs = InlineArray<8, UInt16>(repeating: 0)
  /// Levels that programs give the pins of each port.
  public private(set) var outputs = InlineArray<8, UInt16>(repeating: 0)
  private var isOutput = InlineArray<8, UInt16>(repeating: 0)
  /// What sensors measure whatever the course says, by their number in the order with sensors first.
  private var simulated = InlineArray<7, Int16?>(repeating: nil)
  /// The key that is held down, whatever the course says.
  public var key: KeypadKey?

  /// Holds the button down or up, whatever the course says.
  public var button: Bool? {
    get { simulated[0].map { $0 != 0 } }
    set { simulated[0] = newValue.map { $0 ? 1 : 0 } }
  }

  public init(course: Course, order: Order = .sensorsFirst) {
    self.course = course
    self.order = order
  }

  // MARK: Sensors and actuators

  private static let ledCount = 3

  public var deviceCount: Int { 10 }

  /// The number that the device has in the order with sensors first.
  private func canonical(_ number: Int) -> Int {
    order == .sensorsFirst ? number : number < Self.ledCount ? number + 7 : number - Self.ledCount
  }

  public func type(ofDevice number: Int) -> DeviceType {
    switch canonical(number) {
    case 0: .button
    case 1, 3: .temperature
    case 2, 4: .humidity
    case 5: .sound
    case 6: .light
    default: .switch
    }
  }

  public mutating func read(device number: Int, at now: UInt64) throws(PeripheralError) -> PhysicalValue {
    guard (0..<deviceCount).contains(number) else { throw .noDevice }
    let device = canonical(number)
    let simulated = device < simulated.count ? simulated[device] : nil
    func level(_ range: ClosedRange<Int32>, period: UInt32) -> Int16 {
      simulated
        ?? Int16(truncatingIfNeeded: course.level(UInt32(device), in: range, period: period, at: now))
    }
    switch type(ofDevice: number) {
    case .button:
      let isPressed = course.pressed(0, every: 15_000, hold: 500, at: now) != nil
      return PhysicalValue(simulated ?? (isPressed ? 1 : 0), unit: .boolean)
    case .temperature: return PhysicalValue(level(180...260, period: 1 << 17), unit: .celsius, scale: -1)
    case .humidity: return PhysicalValue(level(350...650, period: 1 << 17), unit: .percent, scale: -1)
    case .sound: return PhysicalValue(level(40...80, period: 1 << 12), unit: .decibel)
    case .light: return PhysicalValue(level(5...95, period: 1 << 15), unit: .percent)
    default: return PhysicalValue(Int16(leds >> UInt8(device - 7) & 1), unit: .boolean)
    }
  }

  public mutating func write(
    _ value: PhysicalValue, device number: Int, at now: UInt64
  ) throws(PeripheralError) -> Int {
    guard (0..<deviceCount).contains(number) else { throw .noDevice }
    guard type(ofDevice: number) == .switch else { throw .notSupported }
    let bit: UInt8 = 1 << UInt8(canonical(number) - 7)
    if value.first != 0 { leds |= bit } else { leds &= ~bit }
    return 1
  }

  public mutating func simulate(_ value: Int16?, device number: Int) throws(PeripheralError) {
    guard (0..<deviceCount).contains(number) else { throw .noDevice }
    guard canonical(number) < simulated.count else { throw .notSupported }
    simulated[canonical(number)] = value
  }

  // MARK: Pins

  private func bit(_ pin: UInt32, _ port: UInt32) -> UInt16? {
    port < Self.ports && pin < 16 ? 1 << UInt16(pin) : nil
  }

  public mutating func readPin(_ pin: UInt32, port: UInt32, asInput: Bool, at now: UInt64) -> Bool? {
    guard let bit = bit(pin, port) else { return nil }
    let port = Int(port)
    if asInput { isOutput[port] &= ~bit }
    return (isOutput[port] & bit != 0 ? outputs[port] : inputs[port]) & bit != 0
  }

  public mutating func writePin(_ pin: UInt32, port: UInt32, high: Bool) -> Bool {
    guard let bit = bit(pin, port) else { return false }
    let port = Int(port)
    isOutput[port] |= bit
    if high { outputs[port] |= bit } else { outputs[port] &= ~bit }
    return true
  }

  // MARK: Display and keypad

  public mutating func startDisplay() -> Bool {
    display.start()
    return true
  }

  public mutating func clearDisplay() {
    display.clear()
  }

  public mutating func print(_ text: Span<UInt8>) {
    display.print(text)
  }

  public mutating func moveCursor(column: UInt32, row: UInt32) -> Bool {
    display.moveCursor(column: column, row: row)
  }

  public func readDisplay(row: Int, into text: inout MutableSpan<UInt8>) -> Int? {
    guard display.isStarted, (0..<SimulatedDisplay.rows).contains(row) else { return nil }
    let shown = display.text(row: row)
    let count = min(shown.count, text.count)
    for column in 0..<count { text[column] = shown[column] }
    return count
  }

  public mutating func key(line: UInt32, at now: UInt64) -> KeypadKey {
    guard line == Self.keypadLine else { return .none }
    if let key { return key }
    guard let step = course.pressed(1, every: 8000, hold: 300, at: now) else { return .none }
    return course == .scripted || step & 3 == 0 ? .up : KeypadKey(rawValue: UInt8(step & 3)) ?? .none
  }
}
