import CoAP
import Foundation
import NIOCore

extension Peer {
  /// The sender of a datagram; `nil` if it is no Internet address.
  init?(_ address: SocketAddress) {
    switch address {
    case .v4(let v4):
      let host = UInt32(bigEndian: v4.address.sin_addr.s_addr)
      self.init(ipv4: host, port: UInt16(bigEndian: v4.address.sin_port))
    case .v6(let v6):
      let halves = withUnsafeBytes(of: v6.address.sin6_addr) { bytes in
        (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      }
      self.init(
        high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1),
        port: UInt16(bigEndian: v6.address.sin6_port), zone: v6.address.sin6_scope_id)
    case .unixDomainSocket:
      return nil
    }
  }

  /// Whether the address holds on one link only, so that its zone means something (RFC 4291 §2.5.6).
  var isLinkLocal: Bool { high >> 54 == 0xfe80 >> 6 }

  /// The address as the system wants it for a socket of this family; an IPv6 socket reaches IPv4 peers by their
  /// mapped addresses. `nil` for an IPv6 peer of an IPv4 socket.
  func socketAddress(forIPv6Socket isIPv6: Bool) -> SocketAddress? {
    if isIPv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      address.sin6_scope_id = zone
      withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
        bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      return SocketAddress(address)
    }
    guard let ipv4 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = ipv4.bigEndian
    return SocketAddress(address)
  }
}

/// The URI with the name of an interface in its zone (`[fe80::1%eth0]`, `[fe80::1%25eth0]`) replaced by its number;
/// anything else unchanged.
func withNumericZone(_ uri: String) -> String {
  guard let match = uri.firstMatch(of: /^(coap:\/\/\[[0-9A-Fa-f:.]+%)(?:25)?([A-Za-z][^\]]*)\]/) else {
    return uri
  }
  let index = if_nametoindex(String(match.output.2))
  guard index != 0 else { return uri }
  return uri.replacingCharacters(in: match.range, with: "\(match.output.1)\(index)]")
}
