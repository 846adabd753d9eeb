public import Bytes

/// Encodes into a caller's buffer with the shortest heads and definite lengths (RFC 8949 §4.2.1). A write that does
/// not fit changes nothing. Counts of arrays and maps, and the order of keys, are the caller's part.
public struct CBORWriter: ~Copyable, ~Escapable {
  private var output: ByteWriter

  @_lifetime(copy storage)
  public init(_ storage: consuming MutableSpan<UInt8>) {
    output = ByteWriter(storage)
  }

  /// Bytes written so far.
  public var count: Int { output.count }

  /// What has been written.
  public var written: Span<UInt8> {
    @_lifetime(borrow self)
    get { output.written }
  }

  public mutating func writeUnsigned(_ value: UInt64) throws(OutOfBounds) {
    try writeHead(.unsigned, value)
  }

  public mutating func writeInteger(_ value: Int64) throws(OutOfBounds) {
    // -1 - n without overflow: the complement of the two's complement.
    try value < 0 ? writeHead(.negative, UInt64(~value)) : writeHead(.unsigned, UInt64(value))
  }

  public mutating func writeBytes(_ content: Span<UInt8>) throws(OutOfBounds) {
    try writeString(.bytes, content)
  }

  /// A text string; `content` must be valid UTF-8.
  public mutating func writeText(_ content: Span<UInt8>) throws(OutOfBounds) {
    try writeString(.text, content)
  }

  public mutating func writeText(_ content: StaticString) throws(OutOfBounds) {
    try writeString(.text, content.bytes)
  }

  /// Begins an array whose `count` elements are written next.
  public mutating func beginArray(_ count: Int) throws(OutOfBounds) {
    precondition(count >= 0)
    try writeHead(.array, UInt64(count))
  }

  /// Begins a map whose `count` keys and values are written next, alternating.
  public mutating func beginMap(_ count: Int) throws(OutOfBounds) {
    precondition(count >= 0)
    try writeHead(.map, UInt64(count))
  }

  /// Tags the item that is written next.
  public mutating func writeTag(_ number: UInt64) throws(OutOfBounds) {
    try writeHead(.tag, number)
  }

  public mutating func writeBool(_ value: Bool) throws(OutOfBounds) {
    try output.write(value ? Simple.true : Simple.false)
  }

  public mutating func writeNull() throws(OutOfBounds) {
    try output.write(Simple.null)
  }

  @_optimize(speed)
  private mutating func writeString(_ type: CBORType, _ content: Span<UInt8>) throws(OutOfBounds) {
    let start = output.count
    try writeHead(type, UInt64(content.count))
    do throws(OutOfBounds) { try output.write(content) } catch {
      output.truncate(to: start)
      throw error
    }
  }

  private mutating func writeHead(_ type: CBORType, _ argument: UInt64) throws(OutOfBounds) {
    try output.writeCBORHead(type, argument)
  }
}

extension ByteWriter {
  /// Writes the head of an item, as short as can be: for whoever writes other formats as well into the same bytes.
  ///
  /// - Parameters:
  ///   - type: of the item.
  ///   - argument: its value, length or count, as its type has it.
  /// - Throws: ``OutOfBounds``; nothing is written then.
  @_optimize(speed)
  @inline(never)
  public mutating func writeCBORHead(_ type: CBORType, _ argument: UInt64) throws(OutOfBounds) {
    let start = count
    let type = type.rawValue << 5
    if argument < UInt64(Head.Information.oneByte) { return try write(type | UInt8(argument)) }
    do throws(OutOfBounds) {
      switch argument {
      case 0...UInt64(UInt8.max):
        try write(type | Head.Information.oneByte)
        try write(UInt8(argument))
      case 0...UInt64(UInt16.max):
        try write(type | Head.Information.twoBytes)
        try writeBigEndian(UInt16(argument))
      case 0...UInt64(UInt32.max):
        try write(type | Head.Information.fourBytes)
        try writeBigEndian(UInt32(argument))
      default:
        try write(type | Head.Information.eightBytes)
        try writeBigEndian(argument)
      }
    } catch {
      truncate(to: start)
      throw error
    }
  }
}
