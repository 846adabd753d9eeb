/// Frames with a UDP datagram over IPv4 (RFC 791 §3.1, RFC 768).
enum IPv4 {
  /// The one router that the board knows.
  static let router: [UInt8] = [10, 0, 2, 2]
  static let board: [UInt8] = [10, 0, 2, 15]

  /// A frame, to the board's station unless another is named, with whatever addresses inside.
  static func frame(
    from source: [UInt8], port sourcePort: UInt16, to destination: [UInt8] = board, port: UInt16,
    at station: EthernetAddress = IPv6Gateway.boardStation, _ payload: [UInt8]
  ) -> [UInt8] {
    // A checksum of 0 says that there is none.
    let datagram = big(sourcePort) + big(port) + big(UInt16(8 + payload.count)) + [0, 0] + payload
    var header =
      [0x45, 0] + big(UInt16(20 + datagram.count)) + [0, 0, 0, 0, 64, 17, 0, 0] + source + destination
    header.replaceSubrange(10..<12, with: big(internetChecksum(header)))
    return station.bytes + IPv6Gateway.station.bytes + [0x08, 0x00] + header + datagram
  }

  /// The station that a group's frames are for (RFC 1112 §6.4).
  static func station(ofGroup group: [UInt8]) -> EthernetAddress {
    EthernetAddress(bytes: [0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3]])
  }

  /// Whether a frame holds a UDP datagram.
  static func isDatagram(_ frame: [UInt8]) -> Bool {
    frame.count >= 42 && frame[12..<14] == [0x08, 0x00] && frame[14] == 0x45 && frame[23] == 17
  }
}

/// Address resolution (RFC 826).
enum AddressResolution {
  /// The frame that tells the asker where `address` is; `nil` when `frame` does not ask for it.
  static func reply(to frame: [UInt8], for address: [UInt8], at station: EthernetAddress) -> [UInt8]? {
    let request: [UInt8] = [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]
    guard frame.count >= 42, frame[12..<22] == request[...], frame[38..<42] == address[...] else {
      return nil
    }
    let asker = frame[22..<32]
    return frame[6..<12] + station.bytes + request.dropLast() + [2] + station.bytes + address + asker
  }
}

/// The complement of the ones' complement sum (RFC 1071).
func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
  var sum = stride(from: 0, to: bytes.count, by: 2).reduce(0) {
    $0 + (Int(bytes[$1]) << 8 | ($1 + 1 < bytes.count ? Int(bytes[$1 + 1]) : 0))
  }
  while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
  return ~UInt16(sum)
}
