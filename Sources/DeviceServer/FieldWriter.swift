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

  @inline(never)
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
    for index in bytes.indices {
      for shift in stride(from: UInt8(4), through: 0, by: -4) {
        let digit = bytes[index] >> shift & 15
        try output.write(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      }
    }
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
