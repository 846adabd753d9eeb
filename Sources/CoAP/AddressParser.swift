/// Reads the authority of a URI: an IPv4 address, or an IPv6 address in brackets with an optional zone (RFC 3986
/// §3.2.2, RFC 6874; a bare `%` before the zone is taken too, as RIOT's tools write it), and an optional port.
struct AddressParser: ~Escapable {
  private let text: Span<UInt8>
  private var index: Int
  private let end: Int

  @_lifetime(copy text)
  init(_ text: Span<UInt8>, _ range: Range<Int>) {
    self.text = text
    index = range.lowerBound
    end = range.upperBound
  }

  mutating func authority() throws(URIError) -> Peer {
    let start = index
    if take(UInt8(ascii: "[")) {
      let (high, low) = try ipv6()
      let zone = try zone()
      guard take(UInt8(ascii: "]")) else { throw URIError(rule: .host, offset: index) }
      return Peer(high: high, low: low, port: try port(), zone: zone)
    }
    guard let address = ipv4() else { throw URIError(rule: .host, offset: start) }
    return Peer(ipv4: address, port: try port())
  }

  private var next: UInt8? { index < end ? text[index] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    index += 1
    return true
  }

  private mutating func decimal(upTo limit: UInt32) -> UInt32? {
    var value: UInt32?
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let grown = (value ?? 0) * 10 + UInt32(byte - UInt8(ascii: "0"))
      guard grown <= limit else { return nil }
      value = grown
      index += 1
    }
    return value
  }

  private mutating func port() throws(URIError) -> UInt16 {
    guard take(UInt8(ascii: ":")) else {
      guard index == end else { throw URIError(rule: .host, offset: index) }
      return Peer.defaultPort
    }
    guard index < end else { return Peer.defaultPort }
    guard let port = decimal(upTo: UInt32(UInt16.max)), port > 0, index == end else {
      throw URIError(rule: .port, offset: index)
    }
    return UInt16(port)
  }

  private mutating func ipv4() -> UInt32? {
    var address: UInt32 = 0
    for part in 0..<4 {
      guard part == 0 || take(UInt8(ascii: ".")), let octet = decimal(upTo: 255) else { return nil }
      address = address << 8 | octet
    }
    return address
  }

  private mutating func zone() throws(URIError) -> UInt32 {
    guard take(UInt8(ascii: "%")) else { return 0 }
    if next == UInt8(ascii: "2"), index + 1 < end, text[index + 1] == UInt8(ascii: "5") { index += 2 }
    guard let zone = decimal(upTo: 0xff_ffff) else { throw URIError(rule: .host, offset: index) }
    return zone
  }

  private mutating func ipv6() throws(URIError) -> (high: UInt64, low: UInt64) {
    // What stands before `::`, or all, and what stands behind it.
    var head = Groups()
    var tail = Groups()
    var hasGap = false
    if take(UInt8(ascii: ":")) {
      guard take(UInt8(ascii: ":")) else { throw URIError(rule: .host, offset: index) }
      hasGap = true
    }
    while isAtDigit {
      let count = head.count + tail.count
      guard count < 8 else { throw URIError(rule: .host, offset: index) }
      let start = index
      if count <= 6, let address = embeddedIPv4() {
        if hasGap { tail.append(ipv4: address) } else { head.append(ipv4: address) }
        break
      }
      index = start
      let group = try group()
      if hasGap { tail.append(group) } else { head.append(group) }
      guard take(UInt8(ascii: ":")) else { break }
      if take(UInt8(ascii: ":")) {
        guard !hasGap else { throw URIError(rule: .host, offset: index) }
        hasGap = true
      } else {
        guard isAtDigit else { throw URIError(rule: .host, offset: index) }
      }
    }
    guard head.count + tail.count < 8 ? hasGap : !hasGap else { throw URIError(rule: .host, offset: index) }
    while head.count < 8 { head.append(0) }
    return (head.high | tail.high, head.low | tail.low)
  }

  /// Groups of an IPv6 address, the last one at the end of the 128 bits.
  private struct Groups {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0
    private(set) var count = 0

    @inline(never)
    mutating func append(_ group: UInt16) {
      high = high << 16 | low >> 48
      low = low << 16 | UInt64(group)
      count += 1
    }

    /// Two groups at once.
    mutating func append(ipv4 address: UInt32) {
      append(UInt16(truncatingIfNeeded: address >> 16))
      append(UInt16(truncatingIfNeeded: address))
    }
  }

  @inline(never)
  private var isAtDigit: Bool {
    guard let next else { return false }
    return hexadecimal(next) != nil
  }

  @inline(never)
  private mutating func group() throws(URIError) -> UInt16 {
    var value: UInt16 = 0
    var digits = 0
    while let byte = next, let digit = hexadecimal(byte) {
      guard digits < 4 else { throw URIError(rule: .host, offset: index) }
      value = value << 4 | UInt16(digit)
      digits += 1
      index += 1
    }
    return value
  }

  /// The dotted form that may stand for the last two groups.
  private mutating func embeddedIPv4() -> UInt32? {
    guard let address = ipv4(), next == UInt8(ascii: "]") || next == UInt8(ascii: "%") else { return nil }
    return address
  }
}
