public import Helpers

/// A physical value, or up to three that belong together: each is its number times 10 to the power of `scale`.
public struct PhysicalValue: Equatable, Sendable {
  /// The numbers; those beyond `count` mean nothing.
  public var first, second, third: Int16
  /// How many numbers there are, 1 to 3.
  public var count: Int
  /// A `PhysicalUnit`, or what a program took for one.
  public var unit: UInt8
  public var scale: Int8

  public init(_ first: Int16, unit: PhysicalUnit, scale: Int8 = 0) {
    self.init(first, 0, 0, count: 1, unit: unit.rawValue, scale: scale)
  }

  public init(_ first: Int16, _ second: Int16, _ third: Int16, count: Int, unit: UInt8, scale: Int8) {
    self.first = first
    self.second = second
    self.third = third
    self.count = count
    self.unit = unit
    self.scale = scale
  }
}

/// Why a sensor or an actuator did not do what it was asked for. The numbers are C's, as programs know them.
public enum PeripheralError: Int, Error, Sendable {
  /// There is no such device.
  case noDevice = 19
  /// There is no such place, or it takes no such value.
  case invalid = 22
  /// The device cannot be read, or not be set.
  case notSupported = 95
  /// The device did not answer.
  case cancelled = 125
}

/// A key of the keypad, by the number programs know it by.
public enum KeypadKey: UInt8, CaseIterable, Sendable {
  case right = 0, up, down, left, none
}

/// What is connected to a board: sensors and actuators, pins, a display, a keypad.
///
/// Every number may come from a program and be anything. `now` is the time since start in milliseconds.
public protocol PeripheralSet {
  // MARK: Sensors and actuators. They are numbered from 0.

  var deviceCount: Int { get }

  /// What the device with a number below `deviceCount` is.
  func type(ofDevice number: Int) -> DeviceType

  /// Reads a sensor, or what an actuator was set to last.
  mutating func read(device number: Int, at now: UInt64) throws(PeripheralError) -> PhysicalValue

  /// Sets an actuator and returns how many of the numbers it took.
  mutating func write(_ value: PhysicalValue, device number: Int, at now: UInt64) throws(PeripheralError)
    -> Int

  /// Has a simulated sensor measure this, or what it otherwise would if it is `nil`. Real sensors measure what is there.
  mutating func simulate(_ value: Int16?, device number: Int) throws(PeripheralError)

  // MARK: Pins

  /// Whether the pin is high; as an input first, if `asInput`. `nil` when there is no such pin.
  mutating func readPin(_ pin: UInt32, port: UInt32, asInput: Bool, at now: UInt64) -> Bool?

  /// Makes the pin an output of this level. False when there is no such pin.
  mutating func writePin(_ pin: UInt32, port: UInt32, high: Bool) -> Bool

  // MARK: The display

  /// Starts and clears it. False when there is none, or it does not answer.
  mutating func startDisplay() -> Bool

  mutating func clearDisplay()

  /// Shows the text from the cursor on, as much of it as the row has room for.
  mutating func print(_ text: Span<UInt8>)

  /// False when the display has no such place.
  mutating func moveCursor(column: UInt32, row: UInt32) -> Bool

  /// Copies what a row shows now to the start of `text`, one byte for each character, and returns how many those are; as many
  /// as there is room for. `nil` when there is no such row, counted from 0, or the board does not know what it shows.
  func readDisplay(row: Int, into text: inout MutableSpan<UInt8>) -> Int?

  // MARK: The keypad

  /// The key that is held down on the keypad at this line of the converter; `none` also when there is none.
  mutating func key(line: UInt32, at now: UInt64) -> KeypadKey
}

extension PeripheralSet {
  public mutating func simulate(_ value: Int16?, device number: Int) throws(PeripheralError) {
    throw .notSupported
  }
}
