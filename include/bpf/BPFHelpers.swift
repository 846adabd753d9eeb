// What programs in Swift call: the helpers, in Swift's words. Everything here is inlined, so that nothing of it is left in a
// program but the calls. Made from the tables in Sources/Helpers; do not change by hand.
@_exported import BPFHelpers

// MARK: The console

/// Prints on the device's console. There is no line feed but those in the text.
@inline(__always) public func print(_ text: StaticString) { _ = bpf_printf(text.utf8Start) }

/// Prints a number by the `%d`, `%i`, `%u`, `%x`, `%X` or `%c` in the text.
@inline(__always) public func print(_ text: StaticString, _ a: some BinaryInteger) {
  _ = bpf_printf(text.utf8Start, UInt64(truncatingIfNeeded: a))
}

/// Prints two numbers.
@inline(__always) public func print(_ text: StaticString, _ a: some BinaryInteger, _ b: some BinaryInteger) {
  _ = bpf_printf(text.utf8Start, UInt64(truncatingIfNeeded: a), UInt64(truncatingIfNeeded: b))
}

/// Prints three numbers.
@inline(__always) public func print(
  _ text: StaticString, _ a: some BinaryInteger, _ b: some BinaryInteger, _ c: some BinaryInteger
) {
  _ = bpf_printf(
    text.utf8Start, UInt64(truncatingIfNeeded: a), UInt64(truncatingIfNeeded: b), UInt64(truncatingIfNeeded: c))
}

/// Prints four numbers.
@inline(__always) public func print(
  _ text: StaticString, _ a: some BinaryInteger, _ b: some BinaryInteger, _ c: some BinaryInteger,
  _ d: some BinaryInteger
) {
  _ = bpf_printf(
    text.utf8Start, UInt64(truncatingIfNeeded: a), UInt64(truncatingIfNeeded: b), UInt64(truncatingIfNeeded: c),
    UInt64(truncatingIfNeeded: d))
}

// MARK: Stores

/// The device's key-value stores. What is not there reads as 0.
public enum Store {
  /// This program's own.
  @inline(__always) public static var local: LocalStore { LocalStore() }
  /// The one that all programs share.
  @inline(__always) public static var global: GlobalStore { GlobalStore() }
}

public struct LocalStore {
  @inline(__always) init() {}

  /// A store that is full drops what it is given; ``set(_:for:)`` tells.
  public subscript(key: UInt32) -> UInt32 {
    @inline(__always) get {
      var value: UInt32 = 0
      _ = bpf_fetch_local(key, &value)
      return value
    }
    @inline(__always) nonmutating set { _ = bpf_store_local(key, newValue) }
  }

  /// False when the store is full.
  @inline(__always) public func set(_ value: UInt32, for key: UInt32) -> Bool { bpf_store_local(key, value) == 0 }
}

public struct GlobalStore {
  @inline(__always) init() {}

  /// A store that is full drops what it is given; ``set(_:for:)`` tells.
  public subscript(key: UInt32) -> UInt32 {
    @inline(__always) get {
      var value: UInt32 = 0
      _ = bpf_fetch_global(key, &value)
      return value
    }
    @inline(__always) nonmutating set { _ = bpf_store_global(key, newValue) }
  }

  /// False when the store, or this program's part of it, is full.
  @inline(__always) public func set(_ value: UInt32, for key: UInt32) -> Bool { bpf_store_global(key, value) == 0 }
}

// MARK: Time

public enum Clock {
  /// Milliseconds since the device started, modulo 2^32.
  @inline(__always) public static var milliseconds: UInt32 { bpf_now_ms() }
  /// Microseconds since the device started, modulo 2^32.
  @inline(__always) public static var microseconds: UInt32 { bpf_ztimer_now() }
}

/// Wakes a program at equal intervals, however long it is at work between.
public struct Ticker {
  private var last: UInt32
  private let period: UInt32

  /// The first interval begins now.
  @inline(__always) public init(everyMicroseconds period: UInt32) {
    last = bpf_ztimer_now()
    self.period = period
  }

  /// Sleeps until the interval is over.
  @inline(__always) public mutating func wait() { bpf_ztimer_periodic_wakeup(&last, period) }
}

// MARK: Sensors and actuators

/// What a sensor measured, or an actuator is set to: `value` times 10 to the power of `scale`.
public struct Reading {
  private let data: phydat_t

  @inline(__always) init(_ data: phydat_t) { self.data = data }

  /// What a program is given that an event of the board runs.
  @inline(__always) public init(_ event: UnsafePointer<phydat_t>) { data = event.pointee }

  /// The only number, or the first.
  @inline(__always) public var value: Int16 { data.val.0 }
  @inline(__always) public var second: Int16 { data.val.1 }
  @inline(__always) public var third: Int16 { data.val.2 }
  @inline(__always) public var scale: Int32 { Int32(data.scale) }
  /// `nil` for a unit that has no name here.
  @inline(__always) public var unit: Unit? { Unit(rawValue: data.unit) }
}

/// A sensor.
public struct Sensor {
  private let handle: OpaquePointer

  /// The first of a kind that the device has; `nil` when it has none.
  @inline(__always) public init?(_ kind: DeviceKind) {
    guard let handle = bpf_saul_reg_find_type(kind.rawValue) else { return nil }
    self.handle = handle
  }

  /// The one at this position of the device's list, counted from 0.
  @inline(__always) public init?(position: Int32) {
    guard let handle = bpf_saul_reg_find_nth(position) else { return nil }
    self.handle = handle
  }

  @inline(__always) public static var temperature: Sensor? { Sensor(.temperature) }
  @inline(__always) public static var humidity: Sensor? { Sensor(.humidity) }
  @inline(__always) public static var light: Sensor? { Sensor(.light) }
  @inline(__always) public static var sound: Sensor? { Sensor(.sound) }
  @inline(__always) public static var button: Sensor? { Sensor(.button) }

  /// What it measures; `nil` when it does not answer.
  @inline(__always) public func read() -> Reading? {
    var data = phydat_t()
    return bpf_saul_reg_read(handle, &data) > 0 ? Reading(data) : nil
  }
}

/// Something that can be set.
public struct Actuator {
  private let handle: OpaquePointer

  /// The first of a kind that the device has; `nil` when it has none.
  @inline(__always) public init?(_ kind: DeviceKind) {
    guard let handle = bpf_saul_reg_find_type(kind.rawValue) else { return nil }
    self.handle = handle
  }

  /// The one at this position of the device's list, counted from 0.
  @inline(__always) public init?(position: Int32) {
    guard let handle = bpf_saul_reg_find_nth(position) else { return nil }
    self.handle = handle
  }

  /// False when it does not take the value.
  @inline(__always) public func set(_ value: Int16) -> Bool {
    var data = phydat_t()
    data.val.0 = value
    return bpf_saul_reg_write(handle, &data) > 0
  }

  /// What it is set to.
  @inline(__always) public func read() -> Reading? {
    var data = phydat_t()
    return bpf_saul_reg_read(handle, &data) > 0 ? Reading(data) : nil
  }
}

/// A pin of the board.
public struct Pin {
  private let port: UInt32
  private let number: UInt32

  @inline(__always) public init(port: UInt32, _ number: UInt32) {
    self.port = port
    self.number = number
  }

  /// Setting makes it an output.
  @inline(__always) public var isHigh: Bool {
    get { bpf_gpio_read_raw(port, number) != 0 }
    nonmutating set { _ = bpf_gpio_write(port, number, newValue ? 1 : 0) }
  }

  /// Makes it an input and reads it.
  @inline(__always) public func input() -> Bool { bpf_gpio_read_input(port, number) != 0 }
}

// MARK: Display and keypad

/// A display of two rows with 16 characters.
public struct Display {
  private let handle: UInt64

  /// Starts and clears the device's display; `nil` when it has none.
  @inline(__always) public init?() {
    handle = bpf_hd44780_init()
    if handle == 0xffff_ffff { return nil }
  }

  @inline(__always) public func clear() { _ = bpf_hd44780_clear(handle) }

  /// False when the display has no such place.
  @inline(__always) public func moveCursor(column: UInt8, row: UInt8) -> Bool {
    bpf_hd44780_set_cursor(handle, column, row) == 0
  }

  /// Shows a text from the cursor on.
  @inline(__always) public func show(_ text: StaticString) {
    text.utf8Start.withMemoryRebound(to: CChar.self, capacity: text.utf8CodeUnitCount + 1) {
      _ = bpf_hd44780_print(handle, $0)
    }
  }

  /// Shows a text from the cursor on.
  @inline(__always) public func show(_ text: inout Text) {
    text.withCString { _ = bpf_hd44780_print(handle, $0) }
  }
}

/// A key of the keypad.
public enum Key: UInt8 {
  case right, up, down, left, none

  /// The key that is held down at a line of the converter.
  @inline(__always) public static func pressed(line: UInt32) -> Key {
    Key(rawValue: UInt8(truncatingIfNeeded: bpf_keypad_get_input(line))) ?? .none
  }
}

// MARK: Texts

/// A text of at most 47 bytes that is put together on the stack.
public struct Text {
  private var bytes = InlineArray<48, UInt8>(repeating: 0)
  public private(set) var count = 0

  @inline(__always) public init() {}

  /// The program stops when there is no room.
  @inline(__always) public mutating func append(_ text: StaticString) {
    precondition(text.utf8CodeUnitCount <= 47 &- count)
    let offset = count
    withBytes { _ = bpf_memcpy($0 + offset, text.utf8Start, text.utf8CodeUnitCount) }
    count &+= text.utf8CodeUnitCount
  }

  @inline(__always) public mutating func append(_ number: UInt32) {
    precondition(count <= 47 - 10)
    let offset = count
    count &+= withBytes { Int(bpf_fmt_u32_dec($0 + offset, number)) }
  }

  /// Appends `value` times 10 to the power of `scale`.
  @inline(__always) public mutating func append(_ value: Int16, scale: Int32) {
    precondition(count <= 47 - 22)
    let offset = count
    count &+= withBytes { Int(bpf_fmt_s16_dfp($0 + offset, value, scale)) }
  }

  @inline(__always) public mutating func append(_ reading: Reading) { append(reading.value, scale: reading.scale) }

  /// The text with a zero byte behind it.
  @inline(__always) public mutating func withCString<Result>(
    _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    withBytes { body(UnsafePointer($0)) }
  }

  @inline(__always) private mutating func withBytes<Result>(
    _ body: (UnsafeMutablePointer<CChar>) -> Result
  ) -> Result {
    withUnsafeMutablePointer(to: &bytes) {
      body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: CChar.self))
    }
  }
}

// MARK: CoAP

/// The code of a response.
public enum ResponseCode: UInt32 {
  case created = 0x41, deleted = 0x42, valid = 0x43, changed = 0x44, content = 0x45
  case badRequest = 0x80, forbidden = 0x83, notFound = 0x84, methodNotAllowed = 0x85
  case internalServerError = 0xa0, serviceUnavailable = 0xa3
}

/// What a payload is (RFC 7252 section 12.3).
public enum ContentFormat: UInt32 {
  case text = 0, octets = 42, json = 50, cbor = 60
}

/// The CoAP request that a program was started to answer: what its function is given.
public struct Request {
  private let context: UnsafeMutablePointer<bpf_coap_ctx_t>

  @inline(__always) public init(_ context: UnsafeMutablePointer<bpf_coap_ctx_t>) { self.context = context }

  /// 1 GET, 2 POST, 3 PUT, 4 DELETE.
  @inline(__always) public var method: UInt8 { context.pointee.buf[1] }

  /// The payload; it is gone once a response is begun.
  @inline(__always) public var payload: UnsafeBufferPointer<UInt8> {
    let packet = context.pointee.pkt.assumingMemoryBound(to: bpf_coap_packet_t.self)
    return UnsafeBufferPointer(start: bpf_coap_get_pdu(context), count: Int(packet.pointee.payload_len))
  }

  /// Builds a response.
  ///
  /// - Returns: its length, which the program has to return.
  @inline(__always) public func respond(
    _ code: ResponseCode, _ format: ContentFormat = .text, _ write: (inout ResponsePayload) -> Void
  ) -> UInt64 {
    bpf_gcoap_resp_init(context, code.rawValue)
    bpf_coap_add_format(context, format.rawValue)
    let length = bpf_coap_opt_finish(context, UInt32(COAP_OPT_FINISH_PAYLOAD))
    let start = bpf_coap_get_pdu(context).unsafelyUnwrapped
    var payload = ResponsePayload(end: start)
    write(&payload)
    return UInt64(truncatingIfNeeded: length &+ (payload.end - start))
  }

  /// Builds a response without a payload, and returns its length.
  @inline(__always) public func respond(_ code: ResponseCode) -> UInt64 {
    bpf_gcoap_resp_init(context, code.rawValue)
    return UInt64(truncatingIfNeeded: bpf_coap_opt_finish(context, 0))
  }
}

/// The payload of a response, which grows as it is written. A response that is too long is not sent.
public struct ResponsePayload {
  fileprivate var end: UnsafeMutablePointer<UInt8>

  @inline(__always) fileprivate init(end: UnsafeMutablePointer<UInt8>) { self.end = end }

  @inline(__always) public mutating func write(_ text: StaticString) {
    _ = bpf_memcpy(end, text.utf8Start, text.utf8CodeUnitCount)
    end += text.utf8CodeUnitCount
  }

  @inline(__always) public mutating func write(_ number: UInt32) {
    end += Int(bpf_fmt_u32_dec(UnsafeMutableRawPointer(end).assumingMemoryBound(to: CChar.self), number))
  }

  /// Writes `value` times 10 to the power of `scale`.
  @inline(__always) public mutating func write(_ value: Int16, scale: Int32) {
    end += Int(bpf_fmt_s16_dfp(UnsafeMutableRawPointer(end).assumingMemoryBound(to: CChar.self), value, scale))
  }

  @inline(__always) public mutating func write(_ reading: Reading) { write(reading.value, scale: reading.scale) }

  @inline(__always) public mutating func write(byte: UInt8) {
    end.pointee = byte
    end += 1
  }
}

// MARK: Tables

/// What a sensor or an actuator is.
public enum DeviceKind: UInt8 {
  case `anyActuator` = 0x40
  case `ledRGB` = 0x41
  case `servo` = 0x42
  case `motor` = 0x43
  case `switch` = 0x44
  case `dimmer` = 0x45
  case `anySensor` = 0x80
  case `button` = 0x81
  case `temperature` = 0x82
  case `humidity` = 0x83
  case `light` = 0x84
  case `sound` = 0x85
  case `acceleration` = 0x86
  case `magneticField` = 0x87
  case `rotation` = 0x88
  case `color` = 0x89
  case `pressure` = 0x8a
  case `analog` = 0x8b
  case `ultraviolet` = 0x8c
  case `objectTemperature` = 0x8d
  case `count` = 0x8e
  case `distance` = 0x8f
  case `carbonDioxide` = 0x90
  case `organicCompounds` = 0x91
  case `gas` = 0x92
  case `occupancy` = 0x93
  case `proximity` = 0x94
  case `signalStrength` = 0x95
  case `charge` = 0x96
  case `current` = 0x97
  case `particulateMatter` = 0x98
  case `capacitance` = 0x99
  case `voltage` = 0x9a
  case `pH` = 0x9b
  case `power` = 0x9c
  case `size` = 0x9d
}
/// Units of physical values.
public enum Unit: UInt8 {
  case `undefined` = 0x0
  case `none` = 0x1
  case `celsius` = 0x2
  case `fahrenheit` = 0x3
  case `kelvin` = 0x4
  case `lux` = 0x5
  case `metre` = 0x6
  case `squareMetre` = 0x7
  case `cubicMetre` = 0x8
  case `gravity` = 0x9
  case `degreesPerSecond` = 0xa
  case `gram` = 0xb
  case `ampere` = 0xc
  case `volt` = 0xd
  case `watt` = 0xe
  case `gauss` = 0xf
  case `tesla` = 0x10
  case `decibelMilliwatt` = 0x11
  case `decibel` = 0x12
  case `coulomb` = 0x13
  case `farad` = 0x14
  case `ohm` = 0x15
  case `pH` = 0x16
  case `bar` = 0x17
  case `pascal` = 0x18
  case `candela` = 0x19
  case `boolean` = 0x1a
  case `count` = 0x1b
  case `percent` = 0x1c
  case `permille` = 0x1d
  case `partsPerMillion` = 0x1e
  case `partsPerBillion` = 0x1f
  case `time` = 0x20
  case `date` = 0x21
  case `gramsPerCubicMetre` = 0x22
  case `countPerCubicMetre` = 0x23
}
