import Bytes

extension CBORReader {
  /// How many arrays, maps and tags may stand inside each other.
  public static var nestingLimit: Int { 10 }

  /// Proves that what is left is exactly one well-formed item (RFC 8949 §5.3.1) with definite lengths, at most
  /// `nestingLimit` levels, no key twice in a map, and nothing behind it. The cursor stays.
  ///
  /// Keys are the same when their heads mean the same and their contents agree in the same order, so `01` and `1801`
  /// are; floats of different width never are.
  @inline(never)
  public func checkWellFormed() throws(CBORError) {
    var item = self
    try item.check(depth: 0)
    guard item.isAtEnd else {
      throw CBORError(.trailingBytes, at: item.offset, found: item.input.remaining)
    }
  }

  private mutating func check(depth: Int) throws(CBORError) {
    let start = offset
    let head = try input.readHead()
    let inside = try enter(head, at: start)
    guard depth < Self.nestingLimit || !head.opensLevel else {
      throw CBORError(.tooDeep, at: start, expected: Self.nestingLimit)
    }
    guard head.type == .map else {
      for _ in 0..<inside { try check(depth: depth + 1) }
      return
    }
    let firstKey = self
    for index in 0..<inside / 2 {
      let key = self
      try check(depth: depth + 1)
      var earlier = firstKey
      for _ in 0..<index {
        guard !(try earlier.nextItemEquals(key)) else { throw CBORError(.duplicateKey, at: key.offset) }
        try earlier.skip()
        try earlier.skip()
      }
      try check(depth: depth + 1)
    }
  }

  /// Whether the next items of both readers, already found well-formed, are the same.
  private func nextItemEquals(_ other: CBORReader) throws(CBORError) -> Bool {
    var left = self
    var right = other
    var pending = 1
    while pending > 0 {
      let head = try left.input.readHead()
      let otherHead = try right.input.readHead()
      guard head.type == otherHead.type, head.argument == otherHead.argument,
        head.type != .simple || head.initialByte == otherHead.initialByte
      else { return false }
      let (start, otherStart) = (left.offset, right.offset)
      pending = pending &+ (try left.enter(head, at: start)) &- 1
      _ = try right.enter(otherHead, at: otherStart)
      // Content of a string; nothing of anything else has been passed.
      guard left.passed(from: start).holdsSameBytes(as: right.passed(from: otherStart)) else { return false }
    }
    return true
  }

  /// What has been read since the cursor was at `start`.
  @_lifetime(copy self)
  private func passed(from start: Int) -> Span<UInt8> {
    input.bytes.extracting(start..<offset)
  }
}
