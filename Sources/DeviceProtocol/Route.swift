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
  public init?(_ request: borrowing Message) {
    for resource in Resource.allCases {
      if let route = Route(request, matching: resource) {
        self = route
        return
      }
    }
    return nil
  }

  private init?(_ request: borrowing Message, matching resource: Resource) {
    var parameter: Int?
    var key: UInt32?
    var segments = PathSegments(resource.row.path.bytes)
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriPath else { continue }
      guard let segment = segments.next() else { return nil }
      if segment.holdsSameBytes(as: "+") {
        guard let number = decimal(option.value) else { return nil }
        parameter = number
      } else if segment.holdsSameBytes(as: "*") {
        guard let number = decimalNumber(option.value).flatMap(UInt32.init(exactly:)) else { return nil }
        key = number
      } else {
        guard segment.holdsSameBytes(as: option.value) else { return nil }
      }
    }
    guard segments.isAtEnd else { return nil }
    self.init(resource, parameter: parameter, key: key)
  }

  /// Writes the path, from the first segment on and without a leading `/`.
  public func writePath(into output: inout ByteWriter) throws(OutOfBounds) {
    var segments = PathSegments(resource.row.path.bytes)
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
