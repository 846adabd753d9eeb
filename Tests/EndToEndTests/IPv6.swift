import TestSupport

/// A station's address (IEEE 802).
struct EthernetAddress: Equatable, Sendable {
  let bytes: [UInt8]

  /// Where frames to an IPv6 multicast address go (RFC 2464 §7).
  static func multicast(_ group: IPv6Address) -> Self {
    Self(bytes: [0x33, 0x33] + group.bytes.suffix(4))
  }
}

struct IPv6Address: Equatable, Sendable {
  let bytes: [UInt8]

  /// The link-local address that a station makes of its own (RFC 4862 §5.3, RFC 2464 §4).
  static func linkLocal(_ station: EthernetAddress) -> Self {
    let mac = station.bytes
    return Self(
      bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]])
  }

  /// The group where an address's owner is looked for (RFC 4291 §2.7.1).
  var solicitedNode: Self {
    Self(bytes: [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] + bytes.suffix(3))
  }
}

/// An IPv6 packet without extension headers (RFC 8200 §3).
struct IPv6Packet {
  static let udp: UInt8 = 17
  static let icmp: UInt8 = 58

  let source: IPv6Address
  let destination: IPv6Address
  let nextHeader: UInt8
  /// 255 on packets that no router has passed on, which neighbour discovery insists on (RFC 4861 §7.1).
  let hopLimit: UInt8
  private(set) var payload: [UInt8]

  /// A packet of `payload`, which has zeros at `checksumOffset` where its checksum belongs.
  init(
    from source: IPv6Address, to destination: IPv6Address, _ nextHeader: UInt8, payload: [UInt8],
    checksumOffset: Int
  ) {
    self.source = source
    self.destination = destination
    self.nextHeader = nextHeader
    hopLimit = 255
    self.payload = payload
    let sum = checksum
    // UDP has another meaning for 0 (RFC 8200 §8.1).
    let value = sum == 0 && nextHeader == Self.udp ? 0xffff : sum
    self.payload.replaceSubrange(checksumOffset..<checksumOffset + 2, with: big(value))
  }

  /// A UDP datagram.
  init(
    from source: IPv6Address, port sourcePort: UInt16, to destination: IPv6Address, port: UInt16,
    _ content: [UInt8]
  ) {
    self.init(
      from: source, to: destination, Self.udp,
      payload: big(sourcePort) + big(port) + big(UInt16(8 + content.count)) + [0, 0] + content,
      checksumOffset: 6)
  }

  /// The packet in a frame; `nil` when it holds none.
  init?(frame: [UInt8]) {
    guard frame.count >= 54, frame[12] == 0x86, frame[13] == 0xdd, frame[14] >> 4 == 6 else { return nil }
    let length = Int(frame[18]) << 8 | Int(frame[19])
    guard frame.count >= 54 + length else { return nil }
    nextHeader = frame[20]
    hopLimit = frame[21]
    source = IPv6Address(bytes: Array(frame[22..<38]))
    destination = IPv6Address(bytes: Array(frame[38..<54]))
    payload = Array(frame[54..<54 + length])
  }

  func frame(from sender: EthernetAddress, to receiver: EthernetAddress) -> [UInt8] {
    receiver.bytes + sender.bytes + [0x86, 0xdd, 0x60, 0, 0, 0] + big(UInt16(payload.count))
      + [nextHeader, hopLimit] + source.bytes + destination.bytes + payload
  }

  /// Whether the payload's own checksum is right: then the sum over it is 0.
  var isIntact: Bool { checksum == 0 }

  /// Over the payload and the pseudo-header (RFC 8200 §8.1).
  private var checksum: UInt16 {
    internetChecksum(
      source.bytes + destination.bytes + [0, 0] + big(UInt16(payload.count)) + [0, 0, 0, nextHeader] + payload
    )
  }
}

/// Neighbour discovery (RFC 4861 §4.3, §4.4).
enum Neighbour {
  private static let solicitationType: UInt8 = 135
  private static let advertisementType: UInt8 = 136

  /// Asks who has `target`.
  static func solicitation(for target: IPv6Address, from sender: EthernetAddress) -> IPv6Packet {
    IPv6Packet(
      from: .linkLocal(sender), to: target.solicitedNode, IPv6Packet.icmp,
      payload: [solicitationType, 0, 0, 0, 0, 0, 0, 0] + target.bytes + [1, 1] + sender.bytes,
      checksumOffset: 2)
  }

  /// Tells `asker` that `sender` is at its own link-local address.
  static func advertisement(by sender: EthernetAddress, to asker: IPv6Address) -> IPv6Packet {
    let target = IPv6Address.linkLocal(sender)
    return IPv6Packet(
      from: target, to: asker, IPv6Packet.icmp,
      payload: [advertisementType, 0, 0, 0, 0x60, 0, 0, 0] + target.bytes + [2, 1] + sender.bytes,
      checksumOffset: 2)
  }

  static func isSolicitation(_ packet: IPv6Packet, for target: IPv6Address) -> Bool {
    isMessage(packet, solicitationType) && Array(packet.payload[8..<24]) == target.bytes
  }

  /// The station that an advertisement says `target` is at.
  static func advertised(_ packet: IPv6Packet, for target: IPv6Address) -> EthernetAddress? {
    guard isMessage(packet, advertisementType), Array(packet.payload[8..<24]) == target.bytes,
      packet.payload.count >= 32, packet.payload[24] == 2, packet.payload[25] == 1
    else { return nil }
    return EthernetAddress(bytes: Array(packet.payload[26..<32]))
  }

  private static func isMessage(_ packet: IPv6Packet, _ type: UInt8) -> Bool {
    packet.nextHeader == IPv6Packet.icmp && packet.hopLimit == 255 && packet.payload.count >= 24
      && packet.payload[0] == type && packet.payload[1] == 0
  }
}

func big(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
