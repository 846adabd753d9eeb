import Bytes

extension CBORReader {
  /// How many arrays, maps and tags may stand inside each other.
  public static var nestingLimit: Int { 10 }

  /// Proves that what is left is exactly one well-formed item (RFC 8949 §5.3.1) with definite lengths, at most
  /// `nestingLimit` levels, no key twice in a map, and nothing behind it. The cursor stays.
  ///
  /// Keys are the same when their heads mean the same and their contents agree in the same order, so `01` and `1801`
  /// are; floats of different width never are.
  public func checkWellFormed() throws(CBORError) {
    var item = self
    try item.check(depth: 0)
    guard item.isAtEnd else {
      throw CBORError(.trailingBytes, at: item.offset, found: item.input.remaining)
    }
  }

  private mutating func check(depth: Int) throws(CBORError) {
    let start = offset
    let head = try input.readHead(base: base)
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
      let head = try left.input.readHead(base: base)
      let otherHead = try right.input.readHead(base: base)
      guard head.type == otherHead.type, head.argument == otherHead.argument else { return false }
      switch head.type {
      case .unsigned, .negative: break
      case .simple:
        guard head.initialByte == otherHead.initialByte else { return false }
      case .bytes, .text:
        let content = try left.readContent(of: head, at: left.offset)
        guard content.holdsSameBytes(as: try right.readContent(of: otherHead, at: right.offset)) else {
          return false
        }
      case .array, .map, .tag:
        pending += try left.enter(head, at: left.offset)
      }
      pending -= 1
    }
    return true
  }
}
