import CoAP
import CoAPTransport
import TestSupport

/// The one neighbour on a board's Ethernet segment: it takes datagrams of this machine to the board over IPv6, and those of
/// the board to this machine. A port on the one side is the same port on the other.
///
/// It is the board's IPv4 router too, but what the board sends there goes no further.
final class IPv6Gateway: Sendable {
  /// What has happened on the segment.
  struct Record: Sendable {
    /// Where the board said it is.
    var advertised: EthernetAddress?
    /// How often the board asked where the gateway is.
    var solicitations = 0
    /// UDP datagrams from the board.
    var datagrams = 0
    /// UDP datagrams from the board that were not for the gateway.
    var strays = 0
    /// The frame of the last of those that came over IPv4.
    var stray: [UInt8] = []
    /// Packets from the board with a wrong checksum.
    var damaged = 0
  }

  static let station = EthernetAddress(bytes: [0x0a, 0, 0, 0, 0, 1])
  /// QEMU's first network interface, unless it is told another address.
  static let boardStation = EthernetAddress(bytes: [0x52, 0x54, 0, 0x12, 0x34, 0x56])

  private let socket: DatagramSocket<GatewayEngine>
  /// For frames, and for what goes to the board's CoAP port.
  var port: UInt16 { socket.port }
  /// The board, for programs of this machine.
  var url: String { "coap://127.0.0.1:\(port)" }

  /// A gateway that asks the board where it is, unless it knows.
  private init(knowsBoard: Bool) async throws {
    socket = try await DatagramSocket.open(host: "127.0.0.1") {
      GatewayEngine(board: knowsBoard ? Self.boardStation : nil)
    }
  }

  static func run<R>(knowsBoard: Bool = false, _ body: (IPv6Gateway) async throws -> R) async throws -> R {
    let gateway = try await IPv6Gateway(knowsBoard: knowsBoard)
    do {
      let result = try await body(gateway)
      await gateway.socket.close()
      return result
    } catch {
      await gateway.socket.close()
      throw error
    }
  }

  func connect(toBoardAt port: UInt16) async throws {
    try await socket.perform { engine, _, _ in engine.segment = Peer(ipv4: 0x7f00_0001, port: port) }
  }

  /// Puts a frame on the segment.
  func send(_ frame: [UInt8]) async throws {
    try await socket.perform { engine, _, sink in engine.send(frame, sink: &sink) }
  }

  func record() async throws -> Record {
    try await socket.perform { engine, _, _ in engine.record }
  }
}

private struct GatewayEngine: DatagramEngine, ~Copyable {
  var segment: Peer?
  private(set) var record = IPv6Gateway.Record()
  private var board: EthernetAddress?
  /// Datagrams to the board until it is known where that is.
  private var waiting: [IPv6Packet] = []

  private let own = IPv6Address.linkLocal(IPv6Gateway.station)
  private let boardAddress = IPv6Address.linkLocal(IPv6Gateway.boardStation)

  init(board: EthernetAddress?) {
    self.board = board
  }

  var nextDeadline: Instant? { nil }
  mutating func poll(at now: Instant, sink: inout Outbox) {}

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    let bytes = Array(copying: datagram)
    guard let segment else { return }
    if peer == segment {
      take(bytes, sink: &sink)
      return
    }
    waiting.append(
      IPv6Packet(from: own, port: peer.port, to: boardAddress, port: Peer.defaultPort, bytes))
    if board == nil {
      let packet = Neighbour.solicitation(for: boardAddress, from: IPv6Gateway.station)
      send(packet, to: .multicast(packet.destination), sink: &sink)
    }
    flush(&sink)
  }

  private mutating func take(_ frame: [UInt8], sink: inout Outbox) {
    if let packet = IPv6Packet(frame: frame) {
      take(packet, sink: &sink)
    } else if let reply = AddressResolution.reply(to: frame, for: IPv4.router, at: IPv6Gateway.station) {
      send(reply, sink: &sink)
    } else if IPv4.isDatagram(frame) {
      record.strays += 1
      record.stray = frame
    }
  }

  private mutating func take(_ packet: IPv6Packet, sink: inout Outbox) {
    // Reports of group membership have an extension header (RFC 2710 §3) and are of no interest here.
    guard packet.nextHeader == IPv6Packet.udp || packet.nextHeader == IPv6Packet.icmp else { return }
    guard packet.isIntact else {
      record.damaged += 1
      return
    }
    if Neighbour.isSolicitation(packet, for: own) {
      record.solicitations += 1
      send(
        Neighbour.advertisement(by: IPv6Gateway.station, to: packet.source), to: IPv6Gateway.boardStation,
        sink: &sink)
    } else if let station = Neighbour.advertised(packet, for: boardAddress) {
      record.advertised = station
      board = station
      flush(&sink)
    } else if packet.nextHeader == IPv6Packet.udp, packet.source == boardAddress, packet.payload.count >= 8 {
      guard packet.destination == own else {
        record.strays += 1
        return
      }
      record.datagrams += 1
      let port = UInt16(packet.payload[2]) << 8 | UInt16(packet.payload[3])
      let content = Array(packet.payload.dropFirst(8))
      sink.send(content.span, to: Peer(ipv4: 0x7f00_0001, port: port))
    }
  }

  private mutating func flush(_ sink: inout Outbox) {
    guard let board else { return }
    for packet in waiting { send(packet, to: board, sink: &sink) }
    waiting = []
  }

  private func send(_ packet: IPv6Packet, to station: EthernetAddress, sink: inout Outbox) {
    send(packet.frame(from: IPv6Gateway.station, to: station), sink: &sink)
  }

  func send(_ frame: [UInt8], sink: inout Outbox) {
    guard let segment else { return }
    sink.send(frame.span, to: segment)
  }
}
