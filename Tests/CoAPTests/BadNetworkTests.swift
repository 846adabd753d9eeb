import Bytes
import CoAP
import TestSupport
import Testing

/// A link that drops, doubles and delays datagrams, the same way for the same seed.
struct BadLink {
  private struct Flight {
    let arrival: UInt64
    let order: Int
    let datagram: [UInt8]
  }

  var random: Repeatable
  let loss: Double
  private var flights: [Flight] = []
  private var count = 0

  init(seed: UInt64, loss: Double) {
    random = Repeatable(seed: seed)
    self.loss = loss
  }

  mutating func carry(_ datagrams: [[UInt8]], at now: Instant) {
    for datagram in datagrams {
      for _ in 0..<(Double.random(in: 0..<1, using: &random) < 0.1 ? 2 : 1)
      where Double.random(in: 0..<1, using: &random) >= loss {
        // Now and then a datagram is overtaken by those sent seconds after it.
        let delay =
          Double.random(in: 0..<1, using: &random) < 0.05
          ? UInt64.random(in: 1000...20_000, using: &random) : UInt64.random(in: 1...200, using: &random)
        count += 1
        flights.append(Flight(arrival: now.milliseconds + delay, order: count, datagram: datagram))
      }
    }
  }

  var nextArrival: Instant? { flights.map(\.arrival).min().map(Instant.ms) }

  /// What has arrived by now, in order.
  mutating func arrived(at now: Instant) -> [[UInt8]] {
    let due = flights.filter { $0.arrival <= now.milliseconds }
    flights.removeAll { $0.arrival <= now.milliseconds }
    return due.sorted { ($0.arrival, $0.order) < ($1.arrival, $1.order) }.map(\.datagram)
  }
}

/// A client and a server with a bad link between them, on a clock that jumps from event to event.
///
/// The server answers GET with a block of its body, and POST after it has counted it; each second one it answers
/// separately, half a second after it came.
struct BadNetwork: ~Copyable {
  static let clientPeer = Peer(ipv4: 1, port: 40000)
  static let serverPeer = Peer(ipv4: 2, port: 5683)

  var client: Endpoint<8>
  var server: Endpoint<64>
  var toServer: BadLink
  var toClient: BadLink
  var clientWire = Wire()
  var serverWire = Wire()
  var now = Instant.ms(0)
  let body: [UInt8]
  /// How often the POST with each payload was handed out.
  var executions: [[UInt8]: Int] = [:]
  private var handedOut = 0
  private var delayed: [(at: Instant, id: RequestID, isPost: Bool)] = []

  init(seed: UInt64, loss: Double, body: [UInt8]) {
    client = Endpoint(seed: seed &* 2 &+ 1)
    server = Endpoint(seed: seed &* 2 &+ 2)
    toServer = BadLink(seed: seed &+ 1000, loss: loss)
    toClient = BadLink(seed: seed &+ 2000, loss: loss)
    self.body = body
  }

  /// Runs until the client's exchange has ended; the response's bytes or `nil`.
  mutating func answer(to exchange: ExchangeID) throws -> [UInt8]? {
    toServer.carry(clientWire.take(), at: now)
    for _ in 0..<100_000 {
      let clientDeadline = client.nextDeadline
      let serverDeadline = server.nextDeadline
      let times = [
        clientDeadline, serverDeadline, toServer.nextArrival, toClient.nextArrival, delayed.map(\.at).min(),
      ]
      now = max(now, try #require(times.compactMap { $0 }.min(), "an exchange without an end"))
      serve()
      var ended: [UInt8]??
      for datagram in toClient.arrived(at: now) {
        switch client.receive(datagram.span, from: Self.serverPeer, at: now, sink: &clientWire) {
        case .response(exchange): ended = .some(datagram)
        case .failed(exchange, _): ended = .some(nil)
        case .none: break
        default: Issue.record("an event of no exchange")
        }
      }
      if ended == nil, case .failed(exchange, .timedOut) = client.poll(at: now, sink: &clientWire) {
        ended = .some(nil)
      }
      toServer.carry(clientWire.take(), at: now)
      if let ended { return ended }
    }
    Issue.record("an exchange without an end")
    return nil
  }

  private mutating func serve() {
    for datagram in toServer.arrived(at: now) {
      guard
        case .request(let id) = server.receive(
          datagram.span, from: Self.clientPeer, at: now, sink: &serverWire),
        let message = try? Parsed(datagram)
      else { continue }
      if message.code == .post { executions[message.payload, default: 0] += 1 }
      handedOut += 1
      if handedOut % 2 == 0 {
        server.acknowledge(id, sink: &serverWire)
        delayed.append((now + 500, id, message.code == .post))
      } else {
        respond(to: id, isPost: message.code == .post)
      }
    }
    for (at, id, isPost) in delayed where at <= now { respond(to: id, isPost: isPost) }
    delayed.removeAll { $0.at <= now }
    while server.poll(at: now, sink: &serverWire) != .none {}
    toClient.carry(serverWire.take(), at: now)
  }

  private mutating func respond(to id: RequestID, isPost: Bool) {
    let content = isPost ? [] : body
    server.respond(
      to: id, Response(isPost ? .changed : .content), body: content.span, at: now, sink: &serverWire)
  }
}

extension Wire {
  fileprivate mutating func take() -> [[UInt8]] {
    defer { datagrams = [] }
    return datagrams
  }
}

@Suite struct BadNetworkRules {
  @Test(arguments: UInt64(0)..<200)
  func `a body fetched over a bad network is whole, or the fetch says that it failed`(seed: UInt64) throws {
    let body = (0..<1500).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var network = BadNetwork(seed: seed, loss: 0.2, body: body)
    var fetch = BlockwiseFetch(preferredSize: 64)
    var received: [UInt8] = []
    while true {
      let next = fetch.next
      let exchange = try network.client.request(
        .get, to: BadNetwork.serverPeer, at: network.now, sink: &network.clientWire
      ) { (message) throws(OutOfBounds) in
        try message.option(.block2, next)
      }
      guard let datagram = try network.answer(to: exchange) else { return }
      let message = try Message(datagram.span)
      // The blocks are named by token: no late or doubled one is ever taken for another.
      guard case .received(let offset, let isLast) = try fetch.accept(message) else {
        Issue.record("a wrong block")
        return
      }
      #expect(offset == received.count)
      received += [UInt8](copying: message.payload)
      if isLast { break }
    }
    #expect(received == body)
  }

  @Test(arguments: [0.0, 0.2, 0.5])
  func `most fetches succeed`(loss: Double) throws {
    var succeeded = 0
    for seed in UInt64(0)..<100 {
      var network = BadNetwork(seed: seed, loss: loss, body: [1])
      let exchange = try network.client.request(
        .get, to: BadNetwork.serverPeer, at: network.now, sink: &network.clientWire
      ) { _ in }
      if try network.answer(to: exchange) != nil { succeeded += 1 }
    }
    // Five tries, each lost with 1 - (1 - loss)²; the separate answers have five of their own.
    #expect(succeeded >= (loss == 0 ? 100 : loss == 0.2 ? 95 : 60))
  }

  @Test(arguments: UInt64(0)..<100)
  func `a request that must not run twice never does, and an answered one ran`(seed: UInt64) throws {
    var network = BadNetwork(seed: seed, loss: 0.3, body: [])
    for number in UInt8(0)..<20 {
      let payload = [number]
      let exchange = try network.client.request(
        .post, to: BadNetwork.serverPeer, at: network.now, sink: &network.clientWire
      ) { (message) throws(OutOfBounds) in
        try message.payload(payload.span)
      }
      let answer = try network.answer(to: exchange)
      let executions = network.executions[payload] ?? 0
      #expect(executions <= 1)
      if let answer {
        #expect(executions == 1)
        #expect(try Parsed(answer).code == .changed)
      }
    }
    #expect(network.executions.values.allSatisfy { $0 == 1 })
  }
}

@Suite struct HostileNetworkRules {
  @Test func `a hundred thousand datagrams of junk leave an endpoint that works`() throws {
    var random = Repeatable(seed: 5)
    var endpoint = Endpoint<4>(datagramBytes: 128, seed: 6)
    var wire = Wire()
    let peers = [Peer(ipv4: 1, port: 1), Peer(ipv4: 1, port: 2), Peer(high: 1, low: 1, port: 1)]
    var now = Instant.ms(0)
    var handedOut = 0
    var ended = 0
    for step in 0..<100_000 {
      var datagram: [UInt8]
      switch step % 4 {
      case 0:
        datagram = (0..<Int.random(in: 0...60, using: &random)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
      case 1:
        datagram = try Parsed.random(using: &random).encoded()
      default:
        // What the endpoint itself sent, come back with a byte or two changed: its ids and tokens are in it.
        datagram = wire.datagrams.randomElement(using: &random) ?? [0x40, 1, 0, 1]
        if !datagram.isEmpty {
          datagram[0] = 0x40 | UInt8.random(in: 0...3, using: &random) << 4 | datagram[0] & 15
        }
        if datagram.count > 1, Bool.random(using: &random) {
          datagram[1] = random.pick([0, 1, 2, 0x45, 0x84])
        }
        if !datagram.isEmpty {
          datagram[Int.random(in: 0..<datagram.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
      }
      wire.datagrams = wire.datagrams.suffix(20)
      let peer = random.pick(peers)
      switch endpoint.receive(datagram.span, from: peer, at: now, sink: &wire) {
      case .request(let id):
        handedOut += 1
        if Bool.random(using: &random) { endpoint.acknowledge(id, sink: &wire) }
        let body = [UInt8](repeating: 1, count: Int.random(in: 0...300, using: &random))
        endpoint.respond(to: id, Response(.content), body: body.span, at: now, sink: &wire)
      case .response, .failed:
        ended += 1
      case .none:
        break
      }
      if step % 50 == 0 {
        _ = try? endpoint.request(.get, to: peer, at: now, sink: &wire) { _ in }
      }
      now = now + UInt64.random(in: 0...300, using: &random)
      while case .failed = endpoint.poll(at: now, sink: &wire) { ended += 1 }
    }
    #expect(handedOut > 1000 && ended > 100)
    #expect(wire.datagrams.allSatisfy { $0.count <= 128 })

    now = now + 1_000_000
    while endpoint.poll(at: now, sink: &wire) != .none {}
    wire.datagrams = []
    let request: [UInt8] = [0x41, 0x01, 0x12, 0x34, 0xaa]
    guard
      case .request(let id) = endpoint.receive(
        request.span, from: Peer(ipv4: 9, port: 9), at: now, sink: &wire)
    else {
      Issue.record("not handed out")
      return
    }
    endpoint.respond(to: id, Response(.content), body: Span(), at: now, sink: &wire)
    #expect(wire.datagrams == [[0x61, 0x45, 0x12, 0x34, 0xaa]])
  }
}
