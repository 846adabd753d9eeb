import Bytes

/// One link of `/.well-known/core`: what it says of a resource besides its path.
public struct LinkAttributes: Sendable {
  /// The resource type, `rt` (RFC 6690 §3.1).
  public let resourceType: StaticString
  /// What GET returns, `ct` (RFC 7252 §7.2.1).
  public let contentFormat: ContentFormat
  /// What it is for, `title`.
  public let title: StaticString
  /// Whether it can be observed, `obs` (RFC 7641 §6).
  public let isObservable: Bool

  public init(
    resourceType: StaticString, contentFormat: ContentFormat, title: StaticString, isObservable: Bool = false
  ) {
    self.resourceType = resourceType
    self.contentFormat = contentFormat
    self.title = title
    self.isObservable = isObservable
  }
}

/// Writes links for `/.well-known/core` (RFC 6690 §2).
public struct LinkFormatWriter: ~Copyable, ~Escapable {
  public private(set) var output: ByteWriter
  private var isFirst = true

  @_lifetime(copy output)
  public init(_ output: consuming ByteWriter) {
    self.output = output
  }

  public var written: Span<UInt8> {
    @_lifetime(borrow self)
    get { output.written }
  }

  /// One link, if its path and attributes pass what the request asks for.
  public mutating func link(
    path: Span<UInt8>, _ attributes: LinkAttributes, matching request: borrowing Message
  ) throws(OutOfBounds) {
    var options = request.options
    while let option = options.nextSeldom() {
      guard option.number != .uriQuery || attributes.match(option.value, path: path) else { return }
    }
    try link(path: path, attributes)
  }

  public mutating func link(path: Span<UInt8>, _ attributes: LinkAttributes) throws(OutOfBounds) {
    if !isFirst { try output.write(UInt8(ascii: ",")) }
    isFirst = false
    try output.write("</")
    try output.write(path)
    try output.write(">;rt=\"")
    try output.write(attributes.resourceType)
    try output.write("\";ct=")
    try output.writeDecimal(attributes.contentFormat.rawValue)
    try output.write(";title=\"")
    try output.write(attributes.title)
    try output.write(attributes.isObservable ? "\";obs" : "\"")
  }
}

extension LinkAttributes {
  /// Whether a link with this path passes a filter `name=value`, whose value may end in `*` (RFC 6690 §4.1). What a link
  /// does not have passes no filter.
  func match(_ filter: Span<UInt8>, path: Span<UInt8>) -> Bool {
    var equals = 0
    while equals < filter.count, filter[equals] != UInt8(ascii: "=") { equals += 1 }
    let name = filter.extracting(..<equals)
    let value = filter.extracting(min(equals + 1, filter.count)...)
    if name.holdsSameBytes(as: "href") {
      // The path of a link begins with the `/` that its segments do not have.
      guard !value.isEmpty else { return false }
      guard value[0] == UInt8(ascii: "/") else { return value.count == 1 && value[0] == wildcard }
      return Self.match(value.extracting(1...), path)
    }
    if name.holdsSameBytes(as: "rt") { return Self.match(value, resourceType.bytes) }
    if name.holdsSameBytes(as: "title") { return Self.match(value, title.bytes) }
    if name.holdsSameBytes(as: "obs") { return isObservable && equals == filter.count }
    guard name.holdsSameBytes(as: "ct") else { return false }
    var storage = InlineArray<5, UInt8>(repeating: 0)
    var digits = ByteWriter(storage.mutableSpan)
    do throws(OutOfBounds) {
      try digits.writeDecimal(contentFormat.rawValue)
    } catch {
      preconditionFailure("16 bits have five digits at most")
    }
    return Self.match(value, digits.written)
  }

  private static func match(_ pattern: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
    guard !pattern.isEmpty, pattern[pattern.count - 1] == wildcard else {
      return text.holdsSameBytes(as: pattern)
    }
    let prefix = pattern.extracting(..<(pattern.count - 1))
    return text.count >= prefix.count && text.extracting(..<prefix.count).holdsSameBytes(as: prefix)
  }
}

private let wildcard = UInt8(ascii: "*")
