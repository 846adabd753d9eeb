import Bytes
import CBOR
import DeviceProtocol

/// What the device tells about one thing: written once, sent in whichever format was asked for.
protocol Representation {
  func write(into writer: inout FieldWriter) throws(OutOfBounds)
}

/// Takes the members of maps and writes them in one format: CBOR; JSON (RFC 8259) with an object for each map and byte strings as
/// hexadecimal digits; or text with a line for each member and an empty line between maps.
struct FieldWriter: ~Copyable, ~Escapable {
  private(set) var output: ByteWriter
  private let format: Format
  /// Of JSON what is still to come: maps of the list, members of the map. Of text the maps so far.
  private var maps = 0
  private var members = 0

  @_lifetime(copy output)
  init(_ output: consuming ByteWriter, _ format: Format) {
    self.output = output
    self.format = format
  }

  /// What follows is a list of so many maps.
  mutating func beginList(_ count: Int) throws(OutOfBounds) {
    switch format {
    case .text: return
    case .json:
      maps = count
      try output.write(count == 0 ? "[]" : "[")
    case .cbor, .linkFormat: try output.writeCBORHead(.array, UInt64(count))
    }
  }

  /// What follows is a map of so many members.
  @inline(never)
  mutating func beginMap(_ count: Int) throws(OutOfBounds) {
    switch format {
    case .text:
      if maps > 0 { try output.write("\n") }
      maps += 1
    case .json:
      members = count
      try output.write("{")
      if count == 0 { try endMap() }
    case .cbor, .linkFormat: try output.writeCBORHead(.map, UInt64(count))
    }
  }

  @inline(never)
  mutating func field(_ name: StaticString, _ value: Int64) throws(OutOfBounds) {
    try begin(name)
    if isCBOR {
      // -1 - n without overflow: the complement of the two's complement.
      try output.writeCBORHead(
        value < 0 ? .negative : .unsigned, UInt64(bitPattern: value < 0 ? ~value : value))
    } else {
      try output.writeDecimal(value)
    }
    try end()
  }

  /// A byte string, which may stand in two parts.
  @inline(never)
  mutating func field(
    _ name: StaticString, bytes: Span<UInt8>, _ rest: Span<UInt8> = Span()
  ) throws(OutOfBounds) {
    try begin(name)
    if format == .json { try output.write("\"") }
    if isCBOR {
      try output.writeCBORHead(.bytes, UInt64(bytes.count + rest.count))
      try output.write(bytes)
      try output.write(rest)
    } else {
      try output.writeHexadecimal(bytes)
      try output.writeHexadecimal(rest)
    }
    if format == .json { try output.write("\"") }
    try end()
  }

  @inline(never)
  mutating func field(_ name: StaticString, text: Span<UInt8>) throws(OutOfBounds) {
    try begin(name)
    switch format {
    case .text: try output.write(text)
    case .json: try output.writeQuoted(text)
    case .cbor, .linkFormat: try writeCBORText(text)
    }
    try end()
  }

  private var isCBOR: Bool { format == .cbor || format == .linkFormat }

  private mutating func writeCBORText(_ text: Span<UInt8>) throws(OutOfBounds) {
    try output.writeCBORHead(.text, UInt64(text.count))
    try output.write(text)
  }

  private mutating func begin(_ name: StaticString) throws(OutOfBounds) {
    switch format {
    case .text:
      try output.write(name)
      try output.write(": ")
    case .json:
      try output.write("\"")
      try output.write(name)
      try output.write("\":")
    case .cbor, .linkFormat: try writeCBORText(name.bytes)
    }
  }

  private mutating func end() throws(OutOfBounds) {
    switch format {
    case .text: try output.write("\n")
    case .json:
      members -= 1
      guard members == 0 else { return try output.write(",") }
      try endMap()
    case .cbor, .linkFormat: return
    }
  }

  private mutating func endMap() throws(OutOfBounds) {
    try output.write("}")
    guard maps > 0 else { return }
    maps -= 1
    try output.write(maps == 0 ? "]" : ",")
  }
}

extension ByteWriter {
  /// A JSON string.
  fileprivate mutating func writeQuoted(_ text: Span<UInt8>) throws(OutOfBounds) {
    try write("\"")
    for index in text.indices {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        try write(UInt8(ascii: "\\"))
        try write(byte)
      case 0..<0x20:
        try write("\\u00")
        try writeHexadecimal(byte)
      default: try write(byte)
      }
    }
    try write("\"")
  }

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
