import CoAP
public import CoAPTransport

/// A bad network between one client and one server on this machine: a UDP port that leads to the server's, and back.
///
/// Whoever sends to it first, and is not the server, is the client. It listens on the loopback interface only.
public final class FaultyRelay: Sendable {
  private let socket: DatagramSocket<RelayEngine>

  /// - Parameters:
  ///   - port: the server's UDP port.
  ///   - rates: what happens, in each direction.
  ///   - seed: decides to which datagrams.
  /// - Throws: ``SocketError`` when there is no free port.
  public init(to port: UInt16, rates: FaultRates, seed: UInt64) async throws(SocketError) {
    socket = try await DatagramSocket.open(host: "127.0.0.1") {
      RelayEngine(server: Peer(ipv4: 0x7f00_0001, port: port), rates: rates, seed: seed)
    }
  }

  /// The port that leads to the server.
  public var port: UInt16 { socket.port }

  /// Ends the network, with everything that is on its way.
  ///
  /// - Returns: what it did in both directions.
  public func close() async -> FaultCounts {
    let counts = try? await socket.perform { engine, _, _ in engine.counts }
    await socket.close()
    return counts ?? FaultCounts()
  }
}

/// The relay without its socket.
struct RelayEngine: DatagramEngine, ~Copyable {
  private let server: Peer
  private var client: Peer?
  private var toServer: FaultyPath
  private var toClient: FaultyPath

  init(server: Peer, rates: FaultRates, seed: UInt64) {
    self.server = server
    toServer = FaultyPath(rates: rates, seed: seed)
    toClient = FaultyPath(rates: rates, seed: ~seed)
  }

  var counts: FaultCounts { toServer.counts + toClient.counts }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    let bytes = datagram.indices.map { datagram[$0] }
    if peer == server {
      toClient.carry(bytes, at: now)
    } else {
      if client == nil { client = peer }
      if peer == client { toServer.carry(bytes, at: now) }
    }
    poll(at: now, sink: &sink)
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    for bytes in toServer.deliveries(at: now) { sink.send(bytes.span, to: server) }
    guard let client else { return }
    for bytes in toClient.deliveries(at: now) { sink.send(bytes.span, to: client) }
  }

  var nextDeadline: Instant? {
    [toServer.nextArrival, toClient.nextArrival].compactMap(\.self).min()
  }
}
