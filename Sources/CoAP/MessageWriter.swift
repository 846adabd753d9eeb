import Bytes

/// Builds a message in a caller's buffer: header first, options in ascending order, payload last.
public struct MessageWriter: ~Copyable, ~Escapable {
  private var output: ByteWriter
  private var lastOption: UInt16 = 0

  @_lifetime(copy storage)
  @_optimize(speed)
  public init(
    _ storage: consuming MutableSpan<UInt8>, type: MessageType, code: Code, messageID: UInt16,
    token: Token = Token(value: 0, count: 0)
  ) throws(OutOfBounds) {
    output = ByteWriter(storage)
    try output.write(1 << 6 | type.rawValue << 4 | UInt8(token.count))
    try output.write(code.rawValue)
    try output.writeBigEndian(messageID)
    // Shifted by constants, as the core has no shift of 64 bits by a number.
    var rest = token.value
    for _ in token.count..<8 { rest <<= 8 }
    for _ in 0..<token.count {
      try output.write(UInt8(truncatingIfNeeded: rest >> 56))
      rest <<= 8
    }
  }

  /// Bytes of the message so far.
  public var count: Int { output.count }
  /// Room left in the buffer.
  public var remaining: Int { output.remaining }

  /// - Precondition: no option with a higher number has been written.
  public mutating func option(_ number: OptionNumber, _ value: Span<UInt8>) throws(OutOfBounds) {
    try header(number, length: value.count)
    try output.write(value)
  }

  public mutating func option(_ number: OptionNumber, _ text: StaticString) throws(OutOfBounds) {
    try option(number, text.bytes)
  }

  /// An unsigned integer in as few bytes as it needs; none for 0 (RFC 7252 §3.2).
  @inline(never)
  public mutating func option(_ number: OptionNumber, integer value: UInt32) throws(OutOfBounds) {
    let length = (UInt32.bitWidth - value.leadingZeroBitCount + 7) / 8
    try header(number, length: length)
    for index in 0..<length {
      try output.write(UInt8(truncatingIfNeeded: value >> (8 * UInt32(length - 1 - index))))
    }
  }

  public mutating func option(_ number: OptionNumber, _ block: BlockOption) throws(OutOfBounds) {
    try option(number, integer: block.rawValue)
  }

  /// An option whose value stands percent-encoded in a URI.
  ///
  /// - Precondition: every `%` is followed by two hexadecimal digits.
  mutating func option(_ number: OptionNumber, percentEncoded text: Span<UInt8>) throws(OutOfBounds) {
    var length = 0
    var decoder = PercentDecoder(text)
    while decoder.next() != nil { length += 1 }
    try header(number, length: length)
    decoder = PercentDecoder(text)
    while let byte = decoder.next() { try output.write(byte) }
  }

  /// The payload, with the marker in front unless it is empty. Nothing may be written after it.
  public mutating func payload(_ bytes: Span<UInt8>) throws(OutOfBounds) {
    guard !bytes.isEmpty else { return }
    try output.write(payloadMarker)
    try output.write(bytes)
  }

  // Out of line, because one copy is smaller, and because Swift 6.3 fails an internal check of its optimizer when it
  // inlines this into another module of the device.
  @inline(never) @_optimize(speed)
  private mutating func header(_ number: OptionNumber, length: Int) throws(OutOfBounds) {
    precondition(number.rawValue >= lastOption, "options are written in ascending order")
    let delta = Int(number.rawValue - lastOption)
    try output.write(nibble(delta) << 4 | nibble(length))
    try extend(delta)
    try extend(length)
    lastOption = number.rawValue
  }

  private func nibble(_ value: Int) -> UInt8 {
    value < 13 ? UInt8(value) : value < 269 ? 13 : 14
  }

  private mutating func extend(_ value: Int) throws(OutOfBounds) {
    if value >= 269 {
      guard value - 269 <= UInt16.max else {
        throw OutOfBounds(offset: output.count, count: value, available: output.capacity)
      }
      try output.writeBigEndian(UInt16(value - 269))
    } else if value >= 13 {
      try output.write(UInt8(value - 13))
    }
  }
}
