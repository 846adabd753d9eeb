import CoAP
import TestSupport

/// What an endpoint sent, read back.
extension Wire {
  func messages() throws -> [Parsed] {
    var parsed: [Parsed] = []
    for datagram in datagrams { parsed.append(try Parsed(datagram)) }
    return parsed
  }
}

extension Instant {
  static func ms(_ milliseconds: UInt64) -> Instant { Instant(milliseconds: milliseconds) }
}
