import Bytes

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

  /// One link: its path, its resource type (`rt`), what GET returns (`ct`) and what it is for (`title`).
  public mutating func link(
    path: Span<UInt8>, resourceType: StaticString, contentFormat: ContentFormat, title: StaticString
  ) throws(OutOfBounds) {
    if !isFirst { try output.write(UInt8(ascii: ",")) }
    isFirst = false
    try output.write("</")
    try output.write(path)
    try output.write(">;rt=\"")
    try output.write(resourceType)
    try output.write("\";ct=")
    try output.writeDecimal(contentFormat.rawValue)
    try output.write(";title=\"")
    try output.write(title)
    try output.write("\"")
  }
}
