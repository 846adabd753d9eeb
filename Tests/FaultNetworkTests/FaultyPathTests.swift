import CoAP
import CoAPTransport
import FaultNetwork
import TestSupport
import Testing

@Suite struct Paths {
  /// Sends `count` datagrams, one each millisecond, and returns when what arrived.
  private func send(_ count: Int, over path: inout FaultyPath) -> [(time: UInt64, bytes: [UInt8])] {
    var arrived: [(time: UInt64, bytes: [UInt8])] = []
    for time in 0..<UInt64(count) + 2000 {
      let now = Instant(milliseconds: time)
      if time < count { path.carry([UInt8(time & 0xff), UInt8(time >> 8), 0, 0], at: now) }
      for bytes in path.deliveries(at: now) { arrived.append((time, bytes)) }
    }
    #expect(path.nextArrival == nil)
    return arrived
  }

  private func number(_ bytes: [UInt8]) -> Int { Int(bytes[0]) | Int(bytes[1]) << 8 }

  @Test func `a path without faults delivers everything at once, in order and unchanged`() {
    var path = FaultyPath(rates: FaultRates(), seed: 1)
    let arrived = send(500, over: &path)
    #expect(arrived.map { number($0.bytes) } == Array(0..<500))
    #expect(arrived.allSatisfy { Int($0.time) == number($0.bytes) && $0.bytes[2...] == [0, 0] })
    #expect(path.counts.datagrams == 500)
  }

  @Test func `the same seed does the same, another one something else`() {
    let rates = FaultRates(loss: 20, corruption: 5, duplication: 10, reordering: 10, delay: 20)
    var results: [[[UInt8]]] = []
    for seed: UInt64 in [7, 7, 8] {
      var path = FaultyPath(rates: rates, seed: seed)
      results.append(send(500, over: &path).map(\.bytes))
    }
    #expect(results[0] == results[1])
    #expect(results[0] != results[2])
  }

  @Test(arguments: [0, 20, 50, 100] as [UInt32]) func `so many are lost as are said to be`(percent: UInt32) {
    var path = FaultyPath(rates: FaultRates(loss: percent), seed: 3)
    let arrived = send(5000, over: &path)
    #expect(abs(5000 - arrived.count - 50 * Int(percent)) < 100)
    #expect(path.counts.dropped == 5000 - arrived.count)
  }

  @Test func `a changed datagram differs in one byte`() {
    var path = FaultyPath(rates: FaultRates(corruption: 100), seed: 3)
    for time: UInt64 in 0..<200 {
      path.carry([1, 2, 3, 4], at: Instant(milliseconds: time))
      let arrived = path.deliveries(at: Instant(milliseconds: time))
      #expect(arrived.count == 1)
      #expect(zip(arrived[0], [1, 2, 3, 4]).count { $0 != $1 } == 1)
    }
    path.carry([], at: Instant(milliseconds: 300))
    #expect(path.deliveries(at: Instant(milliseconds: 300)) == [[]])
    #expect(path.counts.corrupted == 200)
  }

  @Test func `a doubled datagram comes twice, the second time no later than the longest delay`() {
    var path = FaultyPath(rates: FaultRates(duplication: 100, longestDelay: 50), seed: 3)
    let arrived = send(300, over: &path)
    for sent in 0..<300 {
      let times = arrived.filter { number($0.bytes) == sent }.map { Int($0.time) - sent }
      #expect(times.count == 2 && times[0] == 0 && times[1] < 50)
    }
  }

  @Test func `a delayed datagram comes within the longest delay`() {
    var path = FaultyPath(rates: FaultRates(delay: 100, longestDelay: 50), seed: 3)
    let delays = send(300, over: &path).map { Int($0.time) - number($0.bytes) }
    #expect(delays.count == 300)
    #expect(delays.allSatisfy { (1...50).contains($0) })
    #expect(Set(delays).count > 30)
  }

  @Test func `a datagram goes behind the next one, or comes late if there is none`() {
    var path = FaultyPath(rates: FaultRates(reordering: 100), seed: 3)
    path.carry([1], at: Instant(milliseconds: 0))
    #expect(path.deliveries(at: Instant(milliseconds: 10)) == [])
    // The next one waits likewise, but lets the first one go no later than it goes itself.
    #expect(path.nextArrival == Instant(milliseconds: FaultyPath.patience))
    var mixed = FaultyPath(rates: FaultRates(reordering: 30), seed: 3)
    let order = send(500, over: &mixed).map { number($0.bytes) }
    #expect(order.sorted() == Array(0..<500))
    let swapped = zip(order, order.dropFirst()).count { $0 > $1 }
    #expect(swapped > 60)
    #expect(mixed.counts.reordered > 100)
  }
}

@Suite(.timeLimit(.minutes(10))) struct Relays {
  @Test func `a request and its answer pass, and are counted`() async throws {
    let server = try await EchoServer()
    let relay = try await FaultyRelay(to: server.port, rates: FaultRates(), seed: 1)
    let client = try await CoAPClient(patience())
    let response = try await client.request(.get, "coap://127.0.0.1:\(relay.port)/")
    #expect(response.code == .content)
    await client.close()
    let counts = await relay.close()
    #expect(counts.datagrams == 2)
    await server.close()
  }

  @Test func `requests get through a bad network`() async throws {
    let server = try await EchoServer()
    var rates = FaultRates(loss: 20, duplication: 20, reordering: 20, delay: 20)
    rates.longestDelay = 20
    var configuration = CoAPClient.Configuration()
    configuration.parameters.acknowledgeTimeout = 50
    configuration.parameters.retransmissions = 10
    for seed: UInt64 in 0..<5 {
      let relay = try await FaultyRelay(to: server.port, rates: rates, seed: seed)
      let client = try await CoAPClient(configuration)
      for _ in 0..<5 {
        #expect(try await client.request(.get, "coap://127.0.0.1:\(relay.port)/").code == .content)
      }
      await client.close()
      let counts = await relay.close()
      #expect(counts.datagrams >= 10)
    }
    await server.close()
  }
}

/// A server whose every answer is a success.
final class EchoServer: Sendable {
  private struct Engine: DatagramEngine, ~Copyable {
    var endpoint = Endpoint<8>(seed: 1)

    mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
      guard case .request(let id) = endpoint.receive(datagram, from: peer, at: now, sink: &sink) else {
        return
      }
      endpoint.respond(to: id, Response(.content), body: Span(), at: now, sink: &sink)
    }

    mutating func poll(at now: Instant, sink: inout Outbox) {
      while endpoint.poll(at: now, sink: &sink) != .none {}
    }

    var nextDeadline: Instant? { mutating get { endpoint.nextDeadline } }
  }

  private let socket: DatagramSocket<Engine>

  init() async throws {
    socket = try await DatagramSocket.open(host: "127.0.0.1") { Engine() }
  }

  var port: UInt16 { socket.port }

  func close() async {
    await socket.close()
  }
}
