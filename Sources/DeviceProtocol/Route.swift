public import Bytes
public import CoAP

/// The resource that a request's path names.
public struct Route: Equatable, Sendable {
  public let resource: Resource
  /// The number that stands where the path has `+`.
  public let parameter: Int?

  public init(_ resource: Resource, parameter: Int? = nil) {
    self.resource = resource
    self.parameter = parameter
  }

  /// `nil` when nothing is served under the request's path.
  @_optimize(speed)
  public init?(_ request: borrowing Message) {
    // The path as in `Resource.path`: a number stands for any.
    var storage = InlineArray<32, UInt8>(repeating: 0)
    var count = 0
    var parameter: Int?
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriPath else { continue }
      let number = decimal(option.value)
      let room = storage.count - count
      guard option.value.count < room else { return nil }
      if count > 0 {
        storage[count] = UInt8(ascii: "/")
        count += 1
      }
      if let number {
        storage[count] = UInt8(ascii: "+")
        count += 1
        parameter = number
        continue
      }
      for index in option.value.indices {
        let byte = option.value[index]
        // Within a segment both are themselves.
        guard byte != UInt8(ascii: "/"), byte != UInt8(ascii: "+") else { return nil }
        storage[count] = byte
        count += 1
      }
    }
    var number: UInt8 = 0
    while let resource = Resource(rawValue: number) {
      let path = resource.path
      if path.utf8CodeUnitCount == count, storage.span.extracting(0..<count).holdsSameBytes(as: path) {
        self.init(resource, parameter: parameter)
        return
      }
      number += 1
    }
    return nil
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

/// A number of at most so many digits, 9 or fewer, without leading zeros.
func decimal(_ text: Span<UInt8>, digits: Int = 4) -> Int? {
  guard (1...digits).contains(text.count), text.count == 1 || text[0] != UInt8(ascii: "0") else { return nil }
  var value = 0
  for index in text.indices {
    guard text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") else { return nil }
    value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
  }
  return value
}
