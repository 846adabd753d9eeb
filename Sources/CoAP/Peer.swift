import Bytes

/// The other end of a datagram: an IPv6 address (an IPv4 one is held in its mapped form, RFC 4291 §2.5.5.2) and a port.
public struct Peer: Equatable, Sendable {
  /// The first eight bytes of the address, most significant first.
  public let high: UInt64
  /// The last eight bytes.
  public let low: UInt64
  public let port: UInt16
  /// The interface a link-local address belongs to; 0 if any (RFC 4007 §6).
  public let zone: UInt32

  public static let defaultPort: UInt16 = 5683

  public init(high: UInt64, low: UInt64, port: UInt16, zone: UInt32 = 0) {
    self.high = high
    self.low = low
    self.port = port
    self.zone = zone
  }

  /// An IPv4 address, first octet most significant.
  public init(ipv4 address: UInt32, port: UInt16) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address), port: port)
  }

  /// The IPv4 address, if it is one.
  public var ipv4: UInt32? {
    high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
  }

  /// Whether a datagram from `source` comes from this peer: a zone that only one of them names makes no difference,
  /// for whoever has a single interface need not say which.
  @inline(never)
  func isReached(as source: Peer) -> Bool {
    high == source.high && low == source.low && port == source.port
      && (zone == source.zone || zone == 0 || source.zone == 0)
  }

  /// One of the eight 16-bit groups of the address.
  public func group(_ index: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (16 * UInt64(3 - index & 3)))
  }

  /// The address as it stands in a URI, IPv6 in brackets (RFC 3986 §3.2.2, RFC 5952), without the port.
  public func writeHost(into output: inout ByteWriter) throws(OutOfBounds) {
    if let ipv4 {
      for index in 0..<4 {
        if index > 0 { try output.write(UInt8(ascii: ".")) }
        try output.writeDecimal(UInt8(truncatingIfNeeded: ipv4 >> (24 - 8 * UInt32(index))))
      }
      return
    }
    let zeros = longestZeroRun
    try output.write(UInt8(ascii: "["))
    var index = 0
    while index < 8 {
      if index == zeros.lowerBound, zeros.count > 1 {
        try output.write("::")
        index = zeros.upperBound
        continue
      }
      if index > 0, index != zeros.upperBound || zeros.count < 2 { try output.write(UInt8(ascii: ":")) }
      try output.writeHexadecimal(group(index))
      index += 1
    }
    if zone != 0 {
      try output.write("%25")
      try output.writeDecimal(zone)
    }
    try output.write(UInt8(ascii: "]"))
  }

  /// The first of the longest runs of zero groups, which RFC 5952 §4.2 shortens to `::`.
  private var longestZeroRun: Range<Int> {
    var best = 0..<0
    var start = 0
    for index in 0..<8 {
      if group(index) != 0 {
        start = index + 1
      } else if index + 1 - start > best.count {
        best = start..<index + 1
      }
    }
    return best
  }
}

extension ByteWriter {
  fileprivate mutating func writeHexadecimal(_ value: UInt16) throws(OutOfBounds) {
    var shift: UInt16 = 12
    while shift > 0, value >> shift == 0 { shift -= 4 }
    while true {
      let digit = UInt8(value >> shift & 15)
      try write(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      guard shift > 0 else { return }
      shift -= 4
    }
  }
}
