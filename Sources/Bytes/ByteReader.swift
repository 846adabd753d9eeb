/// A cursor over borrowed bytes. A read that fails leaves the cursor where it was.
public struct ByteReader: ~Escapable {
  public let bytes: Span<UInt8>
  /// Index of the next byte to read; never beyond `bytes.count`.
  public private(set) var offset: Int

  /// Begins at `offset`, counted from the start of the bytes.
  ///
  /// - Precondition: the offset lies inside the bytes, or at their end.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>, from offset: Int = 0) {
    precondition(offset >= 0 && offset <= bytes.count)
    self.bytes = bytes
    self.offset = offset
  }

  public var remaining: Int { bytes.count - offset }
  public var isAtEnd: Bool { offset == bytes.count }

  /// Moves the cursor to `offset`, counted from the start of the bytes.
  public mutating func seek(to offset: Int) throws(OutOfBounds) {
    guard offset >= 0, offset <= bytes.count else {
      throw OutOfBounds(offset: offset, count: 0, available: bytes.count)
    }
    self.offset = offset
  }

  /// The next byte, without moving.
  public func peek() -> UInt8? {
    isAtEnd ? nil : bytes[offset]
  }

  /// The next `count` bytes.
  @_lifetime(copy self)
  public mutating func read(_ count: Int) throws(OutOfBounds) -> Span<UInt8> {
    guard count >= 0, count <= remaining else {
      throw OutOfBounds(offset: offset, count: count, available: bytes.count)
    }
    let start = offset
    offset += count
    return bytes.extracting(start..<offset)
  }

  public mutating func readByte() throws(OutOfBounds) -> UInt8 {
    guard !isAtEnd else { throw OutOfBounds(offset: offset, count: 1, available: bytes.count) }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// An integer of `T`'s size with the least significant byte first.
  public mutating func readLittleEndian<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(OutOfBounds) -> T {
    try read(T.bitWidth / 8).loadLittleEndian(at: 0)
  }

  /// An integer of `T`'s size with the most significant byte first (network order).
  public mutating func readBigEndian<T: FixedWidthInteger & UnsignedInteger>(
    _: T.Type = T.self
  ) throws(OutOfBounds) -> T {
    let field = try read(T.bitWidth / 8)
    var value: T = 0
    for index in field.indices { value = value << 8 | T(truncatingIfNeeded: field[index]) }
    return value
  }
}

extension Span<UInt8> {
  /// The little-endian integer that starts at `offset`.
  public func loadLittleEndian<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    at offset: Int, as: T.Type = T.self
  ) throws(OutOfBounds) -> T {
    let size = T.bitWidth / 8
    guard offset >= 0, offset <= count - size else {
      throw OutOfBounds(offset: offset, count: size, available: count)
    }
    return littleEndian(at: offset)
  }

  /// The little-endian integer that starts at `offset`, which the caller has found to lie inside.
  public func littleEndian<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    at offset: Int, as: T.Type = T.self
  ) -> T {
    precondition(offset >= 0 && offset <= count - T.bitWidth / 8)
    // SAFETY: the bytes lie inside, they are initialized, and every pattern of bits is an integer.
    return unsafe T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The `count` bytes that start at `offset`.
  @_lifetime(copy self)
  public func slice(at offset: Int, count size: Int) throws(OutOfBounds) -> Span<UInt8> {
    guard offset >= 0, size >= 0, offset <= count, size <= count - offset else {
      throw OutOfBounds(offset: offset, count: size, available: count)
    }
    return extracting(offset..<offset + size)
  }

  /// Whether both hold the same bytes. Takes time that depends on the contents: not for secrets.
  public func holdsSameBytes(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// Whether these are exactly the bytes of `text`.
  public func holdsSameBytes(as text: StaticString) -> Bool {
    holdsSameBytes(as: text.bytes)
  }
}

extension StaticString {
  /// The UTF-8 bytes of the literal.
  public var bytes: Span<UInt8> {
    @_lifetime(immortal)
    get {
      precondition(hasPointerRepresentation)
      // SAFETY: a literal with pointer representation lives, unchanged, as long as the program.
      let bytes = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
      return unsafe _overrideLifetime(bytes, borrowing: ())
    }
  }
}
