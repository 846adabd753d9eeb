/// Appends to a caller's buffer and never beyond its end. A write that fails changes nothing.
public struct ByteWriter: ~Copyable, ~Escapable {
  private var storage: MutableSpan<UInt8>
  /// Bytes written so far.
  public private(set) var count = 0

  @_lifetime(copy storage)
  public init(_ storage: consuming MutableSpan<UInt8>) {
    self.storage = storage
  }

  public var capacity: Int { storage.count }
  public var remaining: Int { storage.count - count }

  /// What has been written.
  public var written: Span<UInt8> {
    @_lifetime(borrow self)
    get { storage.span.extracting(0..<count) }
  }

  public mutating func write(_ byte: UInt8) throws(OutOfBounds) {
    try reserve(1)
    storage[count] = byte
    count += 1
  }

  @_optimize(speed)
  public mutating func write(_ bytes: Span<UInt8>) throws(OutOfBounds) {
    try reserve(bytes.count)
    guard !bytes.isEmpty else { return }
    let start = count
    unsafe storage.withUnsafeMutableBytes { room in
      unsafe bytes.withUnsafeBytes { source in
        // SAFETY: there is so much room behind `start`. Neither is empty, so both have an address.
        unsafe (room.baseAddress.unsafelyUnwrapped + start).copyMemory(
          from: source.baseAddress.unsafelyUnwrapped, byteCount: source.count)
      }
    }
    count = start + bytes.count
  }

  public mutating func write(_ text: StaticString) throws(OutOfBounds) {
    try write(text.bytes)
  }

  /// The integer with its least significant byte first.
  public mutating func writeLittleEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T)
    throws(OutOfBounds)
  {
    try reserve(T.bitWidth / 8)
    for index in 0..<T.bitWidth / 8 {
      storage[count + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
    count += T.bitWidth / 8
  }

  /// The integer with its most significant byte first (network order).
  public mutating func writeBigEndian<T: FixedWidthInteger & UnsignedInteger>(_ value: T) throws(OutOfBounds)
  {
    let size = T.bitWidth / 8
    try reserve(size)
    for index in 0..<size {
      storage[count + index] = UInt8(truncatingIfNeeded: value >> (8 * (size - 1 - index)))
    }
    count += size
  }

  /// The number in decimal digits, with a leading `-` when negative.
  public mutating func writeDecimal<T: FixedWidthInteger>(_ value: T) throws(OutOfBounds) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var length = 0
    var rest = UInt64(value.magnitude)
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[length] = UInt8(ascii: "0") + UInt8(digit)
      length += 1
      rest = quotient
    } while rest != 0
    try reserve(length + (value < 0 ? 1 : 0))
    if value < 0 { try write(UInt8(ascii: "-")) }
    while length > 0 {
      length -= 1
      try write(digits[length])
    }
  }

  /// Forgets everything written after the first `count` bytes.
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count)
    self.count = count
  }

  private func reserve(_ size: Int) throws(OutOfBounds) {
    guard size <= remaining else { throw OutOfBounds(offset: count, count: size, available: storage.count) }
  }
}
