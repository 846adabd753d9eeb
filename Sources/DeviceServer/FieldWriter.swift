import Bytes
import CBOR
import CoAP
import DeviceProtocol

/// What the device tells about one thing: written once, sent in whichever format was asked for.
protocol Representation {
  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds)
}

/// Takes the members of maps and writes them in one format.
protocol FieldWriter: ~Copyable, ~Escapable {
  /// What follows is a list of so many maps.
  mutating func beginList(_ count: Int) throws(OutOfBounds)
  /// What follows is a map of so many members.
  mutating func beginMap(_ count: Int) throws(OutOfBounds)
  mutating func field(_ name: StaticString, _ value: Int64) throws(OutOfBounds)
  mutating func field(_ name: StaticString, bytes: Span<UInt8>) throws(OutOfBounds)
  mutating func field(_ name: StaticString, text: Span<UInt8>) throws(OutOfBounds)
}

extension CBORWriter: FieldWriter {
  mutating func beginList(_ count: Int) throws(OutOfBounds) {
    try beginArray(count)
  }

  @inline(never) @_optimize(speed)
  mutating func field(_ name: StaticString, _ value: Int64) throws(OutOfBounds) {
    try writeText(name)
    try writeInteger(value)
  }

  @inline(never)
  mutating func field(_ name: StaticString, bytes: Span<UInt8>) throws(OutOfBounds) {
    try writeText(name)
    try writeBytes(bytes)
  }

  @inline(never)
  mutating func field(_ name: StaticString, text: Span<UInt8>) throws(OutOfBounds) {
    try writeText(name)
    try writeText(text)
  }
}

/// A line for each member, an empty line between maps.
struct TextWriter: FieldWriter, ~Copyable, ~Escapable {
  private(set) var output: ByteWriter
  private var maps = 0

  @_lifetime(copy output)
  init(_ output: consuming ByteWriter) {
    self.output = output
  }

  mutating func beginList(_ count: Int) throws(OutOfBounds) {}

  mutating func beginMap(_ count: Int) throws(OutOfBounds) {
    if maps > 0 { try output.write("\n") }
    maps += 1
  }

  @inline(never)
  mutating func field(_ name: StaticString, _ value: Int64) throws(OutOfBounds) {
    try begin(name)
    try output.writeDecimal(value)
    try output.write("\n")
  }

  @inline(never)
  mutating func field(_ name: StaticString, bytes: Span<UInt8>) throws(OutOfBounds) {
    try begin(name)
    try output.writeHexadecimal(bytes)
    try output.write("\n")
  }

  @inline(never)
  mutating func field(_ name: StaticString, text: Span<UInt8>) throws(OutOfBounds) {
    try begin(name)
    try output.write(text)
    try output.write("\n")
  }

  private mutating func begin(_ name: StaticString) throws(OutOfBounds) {
    try output.write(name)
    try output.write(": ")
  }
}

/// JSON (RFC 8259): an object for each map, byte strings as hexadecimal digits.
struct JSONWriter: FieldWriter, ~Copyable, ~Escapable {
  private(set) var output: ByteWriter
  /// What is still to come: maps of the list, members of the map.
  private var maps = 0
  private var members = 0

  @_lifetime(copy output)
  init(_ output: consuming ByteWriter) {
    self.output = output
  }

  mutating func beginList(_ count: Int) throws(OutOfBounds) {
    maps = count
    try output.write(count == 0 ? "[]" : "[")
  }

  mutating func beginMap(_ count: Int) throws(OutOfBounds) {
    members = count
    try output.write("{")
    if count == 0 { try endMap() }
  }

  @inline(never)
  mutating func field(_ name: StaticString, _ value: Int64) throws(OutOfBounds) {
    try begin(name)
    try output.writeDecimal(value)
    try end()
  }

  @inline(never)
  mutating func field(_ name: StaticString, bytes: Span<UInt8>) throws(OutOfBounds) {
    try begin(name)
    try output.write("\"")
    try output.writeHexadecimal(bytes)
    try output.write("\"")
    try end()
  }

  @inline(never)
  mutating func field(_ name: StaticString, text: Span<UInt8>) throws(OutOfBounds) {
    try begin(name)
    try output.write("\"")
    for index in text.indices {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        try output.write(UInt8(ascii: "\\"))
        try output.write(byte)
      case 0..<0x20:
        try output.write("\\u00")
        try output.writeHexadecimal(byte)
      default: try output.write(byte)
      }
    }
    try output.write("\"")
    try end()
  }

  private mutating func begin(_ name: StaticString) throws(OutOfBounds) {
    try output.write("\"")
    try output.write(name)
    try output.write("\":")
  }

  private mutating func end() throws(OutOfBounds) {
    members -= 1
    guard members == 0 else { return try output.write(",") }
    try endMap()
  }

  private mutating func endMap() throws(OutOfBounds) {
    try output.write("}")
    guard maps > 0 else { return }
    maps -= 1
    try output.write(maps == 0 ? "]" : ",")
  }
}

extension ByteWriter {
  fileprivate mutating func writeHexadecimal(_ bytes: Span<UInt8>) throws(OutOfBounds) {
    for index in bytes.indices { try writeHexadecimal(bytes[index]) }
  }

  fileprivate mutating func writeHexadecimal(_ byte: UInt8) throws(OutOfBounds) {
    for shift in stride(from: UInt8(4), through: 0, by: -4) {
      let digit = byte >> shift & 15
      try write(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
}
