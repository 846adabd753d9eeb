public import Bytes
public import CoAP

/// The resource that a request's path names.
public struct Route: Equatable, Sendable {
  public let resource: Resource
  /// The number that stands where the path has `+`.
  public let parameter: Int?
  /// The key that stands where the path has `*`.
  public let key: UInt32?

  public init(_ resource: Resource, parameter: Int? = nil, key: UInt32? = nil) {
    self.resource = resource
    self.parameter = parameter
    self.key = key
  }

  /// `nil` when nothing is served under the request's path.
  @_optimize(speed)
  public init?(_ request: borrowing Message) {
    // The path as in `Resource.path`, with `+` for every number.
    var storage = InlineArray<32, UInt8>(repeating: 0)
    var count = 0
    var numbers: (first: UInt32?, second: UInt32?) = (nil, nil)
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriPath else { continue }
      guard option.value.count < storage.count - count else { return nil }
      if count > 0 {
        storage[count] = UInt8(ascii: "/")
        count += 1
      }
      if !option.value.isEmpty, option.value[0] <= UInt8(ascii: "9"),
        let number = decimalNumber(option.value).flatMap(UInt32.init(exactly:))
      {
        guard numbers.second == nil else { return nil }
        if numbers.first == nil { numbers.first = number } else { numbers.second = number }
        storage[count] = UInt8(ascii: "+")
        count += 1
        continue
      }
      for index in option.value.indices {
        let byte = option.value[index]
        // Within a segment these are themselves.
        if byte <= UInt8(ascii: "/"),
          byte == UInt8(ascii: "/") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "*")
        {
          return nil
        }
        storage[count] = byte
        count += 1
      }
    }
    var rawValue: UInt8 = 0
    while let resource = Resource(rawValue: rawValue) {
      if resource.path.utf8CodeUnitCount == count,
        let hasKey = Self.isPath(storage.span.extracting(0..<count), of: resource.path.bytes)
      {
        let key = hasKey ? numbers.second ?? numbers.first : nil
        let parameter = hasKey && numbers.second == nil ? nil : numbers.first
        guard parameter ?? 0 < 10_000 else { return nil }
        self.init(resource, parameter: parameter.map(Int.init), key: key)
        return
      }
      rawValue += 1
    }
    return nil
  }

  /// Whether the path ends with a key; `nil` when it is another one than that of the table, which is as long.
  private static func isPath(_ path: Span<UInt8>, of pattern: Span<UInt8>) -> Bool? {
    guard let last = pattern.indices.last, pattern[last] == UInt8(ascii: "*") else {
      return path.holdsSameBytes(as: pattern) ? false : nil
    }
    let isSame =
      path[last] == UInt8(ascii: "+")
      && path.extracting(0..<last).holdsSameBytes(as: pattern.extracting(0..<last))
    return isSame ? true : nil
  }

  /// Writes the path, from the first segment on and without a leading `/`.
  public func writePath(into output: inout ByteWriter) throws(OutOfBounds) {
    var segments = PathSegments(resource.path.bytes)
    var isFirst = true
    while let segment = segments.next() {
      if !isFirst { try output.write(UInt8(ascii: "/")) }
      isFirst = false
      if segment.holdsSameBytes(as: "+"), let parameter {
        try output.writeDecimal(parameter)
      } else if segment.holdsSameBytes(as: "*"), let key {
        try output.writeDecimal(key)
      } else {
        try output.write(segment)
      }
    }
  }
}

/// Divides a path at its slashes.
struct PathSegments: ~Escapable {
  private let path: Span<UInt8>
  private var start = 0

  @_lifetime(copy path)
  init(_ path: Span<UInt8>) {
    self.path = path
  }

  var isAtEnd: Bool { start > path.count }

  @_lifetime(copy self)
  mutating func next() -> Span<UInt8>? {
    guard !isAtEnd else { return nil }
    var end = start
    while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
    let segment = path.extracting(start..<end)
    start = end + 1
    return segment
  }
}
