import Bytes
import CoAP
import TestSupport
import Testing

/// Collects what an endpoint sends.
struct Wire: DatagramSink {
  var datagrams: [[UInt8]] = []

  mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    datagrams.append(datagram.indices.map { datagram[$0] })
  }
}

@Suite struct EndpointRules {
  static let client = Peer(ipv4: 0x7f00_0001, port: 40000)
  static let server = Peer(ipv4: 0x7f00_0001, port: 5683)
  static let start = Instant(milliseconds: 0)

  /// Sends one GET from a client to a server, which answers with `body`; returns what the client got.
  func fetch(_ body: [UInt8], blockSize: Int) throws -> [UInt8] {
    var client = Endpoint<4>(seed: 1)
    var server = Endpoint<4>(seed: 2)
    var fetch = BlockwiseFetch(preferredSize: blockSize)
    var received: [UInt8] = []
    for _ in 0..<1000 {
      var toServer = Wire()
      let next = fetch.next
      _ = try client.request(.get, to: Self.server, at: Self.start, sink: &toServer) {
        (message: inout MessageWriter) throws(OutOfBounds) in
        try message.option(.uriPath, "file")
        try message.option(.block2, next)
      }
      var toClient = Wire()
      let request = toServer.datagrams[0]
      guard
        case .request(let id) = server.receive(
          request.span, from: Self.client, at: Self.start, sink: &toClient)
      else { throw WrongEvent() }
      server.respond(
        to: id, Response(.content, contentFormat: .octetStream), body: body.span, at: Self.start,
        sink: &toClient)
      var nothing = Wire()
      let response = toClient.datagrams[0]
      guard
        case .response = client.receive(
          response.span, from: Self.server, at: Self.start, sink: &nothing)
      else { throw WrongEvent() }
      let message = try Message(response.span)
      guard case .received(let offset, let isLast) = try fetch.accept(message) else { throw WrongEvent() }
      guard offset == received.count else { throw WrongEvent() }
      received += message.payload.indices.map { message.payload[$0] }
      if isLast { return received }
    }
    throw WrongEvent()
  }

  struct WrongEvent: Error {}

  @Test(arguments: [16, 64, 512, 1024], [0, 1, 16, 1000, 1024, 1025, 5000])
  func `a body of any length arrives whole in blocks of any size`(blockSize: Int, length: Int) throws {
    let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    #expect(try fetch(body, blockSize: blockSize) == body)
  }

  @Test func `a request sent again is answered from memory and not handed out twice`() throws {
    var server = Endpoint<4>(seed: 2)
    let body: [UInt8] = [1, 2]
    let request: [UInt8] = [0x41, 0x01, 0x12, 0x34, 0xaa, 0xb1, 0x78]
    var wire = Wire()
    guard case .request(let id) = server.receive(request.span, from: Self.client, at: Self.start, sink: &wire)
    else { throw WrongEvent() }
    server.respond(to: id, Response(.content), body: body.span, at: Self.start, sink: &wire)
    let again = server.receive(request.span, from: Self.client, at: Self.start, sink: &wire)
    #expect(again == .none)
    #expect(
      wire.datagrams == [
        [0x61, 0x45, 0x12, 0x34, 0xaa, 0xff, 1, 2], [0x61, 0x45, 0x12, 0x34, 0xaa, 0xff, 1, 2],
      ])
  }
}
