import Bytes

/// A cursor over encoded items, without copying. A read that fails leaves the cursor where it was.
///
/// Reads the deterministic subset of RFC 8949 with definite lengths; heads need not be the shortest. Text is handed
/// out as bytes, whether they are valid UTF-8 is for its user to say. Every length is checked against the bytes that
/// are there, so a count returned by `readArray` or `readMap` never exceeds them.
public struct CBORReader: ~Escapable {
  var input: ByteReader

  /// Reads from `offset` of the bytes on; errors count from the start of the bytes, too.
  ///
  /// - Precondition: the offset lies inside the bytes, or at their end.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>, from offset: Int = 0) {
    input = ByteReader(bytes, from: offset)
  }

  /// Offset of the next item.
  public var offset: Int { input.offset }
  public var isAtEnd: Bool { input.isAtEnd }

  /// What is left.
  public var rest: Span<UInt8> {
    @_lifetime(copy self)
    get { input.bytes.extracting(input.offset...) }
  }

  /// The major type of the next item, without moving.
  public func peekType() throws(CBORError) -> CBORType {
    var next = input
    return try next.readHead().type
  }

  public mutating func readUnsigned() throws(CBORError) -> UInt64 {
    try readHead(.unsigned).argument
  }

  /// An integer of either sign.
  public mutating func readInteger() throws(CBORError) -> Int64 {
    let start = offset
    var next = input
    let head = try next.readHead()
    guard head.type == .unsigned || head.type == .negative else {
      throw wrongType(.unsigned, found: head, at: start)
    }
    guard let magnitude = Int64(exactly: head.argument) else {
      throw CBORError(.outOfRange, at: start, found: head.type == .unsigned ? .max : .min)
    }
    input = next
    return head.type == .unsigned ? magnitude : -1 - magnitude
  }

  /// The content of a byte string.
  @_lifetime(copy self)
  public mutating func readBytes() throws(CBORError) -> Span<UInt8> {
    try readString(.bytes)
  }

  /// The length of a byte string whose content, which follows, need not be there yet.
  public mutating func readBytesHead() throws(CBORError) -> UInt64 {
    try readHead(.bytes).argument
  }

  /// The content of a text string.
  @_lifetime(copy self)
  public mutating func readText() throws(CBORError) -> Span<UInt8> {
    try readString(.text)
  }

  /// The number of elements of an array, which follow.
  public mutating func readArray() throws(CBORError) -> Int {
    try readContainer(.array, itemsPerEntry: 1)
  }

  /// Enters an array that must have `count` elements.
  public mutating func readArray(of count: Int) throws(CBORError) {
    let start = offset
    var next = self
    let found = try next.readArray()
    guard found == count else {
      throw CBORError(.wrongValue, at: start, expected: count, found: found)
    }
    self = next
  }

  /// The number of pairs of a map, which follow as key, value, key, value.
  public mutating func readMap() throws(CBORError) -> Int {
    try readContainer(.map, itemsPerEntry: 2)
  }

  /// A tag number; the tagged item follows.
  public mutating func readTag() throws(CBORError) -> UInt64 {
    try readHead(.tag).argument
  }

  /// Enters an item that must have the tag `number`.
  public mutating func readTag(_ number: UInt64) throws(CBORError) {
    let start = offset
    var next = self
    let found = try next.readTag()
    guard found == number else {
      throw CBORError(
        .wrongValue, at: start, expected: Int(clamping: number), found: Int(clamping: found))
    }
    self = next
  }

  public mutating func readBool() throws(CBORError) -> Bool {
    let start = offset
    var next = input
    let head = try next.readHead()
    guard head.initialByte == Simple.true || head.initialByte == Simple.false else {
      throw CBORError(
        .wrongType, at: start, expected: Int(Simple.false), found: Int(head.initialByte))
    }
    input = next
    return head.initialByte == Simple.true
  }

  public mutating func readNull() throws(CBORError) {
    let start = offset
    var next = input
    let head = try next.readHead()
    guard head.initialByte == Simple.null else {
      throw CBORError(.wrongType, at: start, expected: Int(Simple.null), found: Int(head.initialByte))
    }
    input = next
  }

  /// Enters a byte string: a reader of its content, of which nothing is proved. Its offsets continue those of this reader.
  @_lifetime(copy self)
  public mutating func enterBytes() throws(CBORError) -> CBORReader {
    let count = try readString(.bytes).count
    return CBORReader(input.bytes.extracting(0..<offset), from: offset - count)
  }

  /// The content of a byte string that holds one encoded item, proved well-formed before it is handed out. Its
  /// offsets continue those of this reader.
  @_lifetime(copy self)
  public mutating func readWrapped() throws(CBORError) -> CBORReader {
    var next = self
    let wrapped = try next.enterBytes()
    try wrapped.checkWellFormed()
    self = next
    return wrapped
  }

  /// Passes over the next item with everything inside it.
  @inline(never)
  public mutating func skip() throws(CBORError) {
    var next = self
    var pending = 1
    while pending > 0 {
      let start = next.offset
      let head = try next.input.readHead()
      // No sum of two numbers of bytes that are there overflows.
      pending = pending &+ (try next.enter(head, at: start)) &- 1
      // Each item takes a byte at least.
      guard pending <= next.input.remaining else {
        throw CBORError(
          .truncated, at: start, expected: pending, found: next.input.remaining)
      }
    }
    self = next
  }

  /// Moves past the content of a string, and says how many items follow inside anything else.
  @inline(never)
  mutating func enter(_ head: Head, at start: Int) throws(CBORError) -> Int {
    switch head.type {
    case .unsigned, .negative, .simple: return 0
    case .bytes, .text:
      _ = try readContent(of: head, at: start)
      return 0
    case .array: return try available(head.argument, bytesEach: 1, at: start)
    case .map: return 2 * (try available(head.argument, bytesEach: 2, at: start))
    case .tag: return 1
    }
  }

  /// The content of the string whose head, at `start`, has just been read.
  @_lifetime(copy self)
  @inline(never)
  mutating func readContent(of head: Head, at start: Int) throws(CBORError) -> Span<UInt8> {
    guard let content = try? input.read(Int(clamping: head.argument)) else {
      throw CBORError(
        .truncated, at: start, expected: Int(clamping: head.argument), found: input.remaining)
    }
    return content
  }

  @inline(never)
  private mutating func readHead(_ type: CBORType) throws(CBORError) -> Head {
    let start = offset
    var next = input
    let head = try next.readHead()
    guard head.type == type else { throw wrongType(type, found: head, at: start) }
    input = next
    return head
  }

  @_lifetime(copy self)
  @inline(never)
  private mutating func readString(_ type: CBORType) throws(CBORError) -> Span<UInt8> {
    let start = offset
    var next = self
    let head = try next.readHead(type)
    let content = try next.readContent(of: head, at: start)
    self = next
    return content
  }

  @inline(never)
  private mutating func readContainer(_ type: CBORType, itemsPerEntry: Int) throws(CBORError) -> Int {
    let start = offset
    var next = self
    let head = try next.readHead(type)
    let count = try next.available(head.argument, bytesEach: itemsPerEntry, at: start)
    self = next
    return count
  }

  /// `count` as a number that the bytes left can hold.
  @inline(never)
  private func available(_ count: UInt64, bytesEach: Int, at start: Int) throws(CBORError) -> Int {
    guard count <= UInt64(input.remaining / bytesEach) else {
      throw CBORError(
        .truncated, at: start, expected: Int(clamping: count), found: input.remaining)
    }
    return Int(count)
  }

  private func wrongType(_ expected: CBORType, found head: Head, at start: Int) -> CBORError {
    CBORError(
      .wrongType, at: start, expected: Int(expected.rawValue), found: Int(head.type.rawValue))
  }
}
