import Bytes
import CoAP
import CoAPTransport
import Foundation
import TestSupport
import Testing

/// A server whose answers a test decides, block for block if it likes; `nil` is silence.
struct Answering: DatagramEngine, ~Copyable {
  typealias Answer = (response: Response, body: [UInt8])

  private var endpoint = Endpoint<16>(seed: 1)
  /// How long an answer takes, in milliseconds; more than 0 makes it a separate one.
  private let delay: UInt64
  private let answer: @Sendable (Code, [UInt8]) -> Answer?
  private var due: [(at: Instant, request: RequestID, answer: Answer)] = []

  init(delay: UInt64 = 0, answer: @escaping @Sendable (_ method: Code, _ payload: [UInt8]) -> Answer?) {
    self.delay = delay
    self.answer = answer
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    guard case .request(let id) = endpoint.receive(datagram, from: peer, at: now, sink: &sink),
      let message = try? Message(datagram),
      let answer = answer(message.code, message.payload.indices.map { message.payload[$0] })
    else { return }
    if delay > 0 {
      endpoint.acknowledge(id, sink: &sink)
      due.append((now + delay, id, answer))
    } else {
      endpoint.respond(to: id, answer.response, body: answer.body.span, at: now, sink: &sink)
    }
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    for (at, id, answer) in due where at <= now {
      endpoint.respond(to: id, answer.response, body: answer.body.span, at: now, sink: &sink)
    }
    due.removeAll { $0.at <= now }
    while endpoint.poll(at: now, sink: &sink) != .none {}
  }

  var nextDeadline: Instant? {
    mutating get {
      let deadlines = due.map(\.at) + [endpoint.nextDeadline].compactMap { $0 }
      return deadlines.min()
    }
  }
}

/// A server that answers whatever comes with bytes that need not be CoAP; `nil` is silence.
struct Echoing: DatagramEngine, ~Copyable {
  private let answer: @Sendable ([UInt8]) -> [UInt8]?

  init(answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) { self.answer = answer }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    guard let bytes = answer(datagram.indices.map { datagram[$0] }) else { return }
    sink.send(bytes.span, to: peer)
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {}

  var nextDeadline: Instant? { nil }
}

@Suite(.timeLimit(.minutes(10))) struct ClientRules {
  /// Runs `body` with a server and the URI of something on it.
  func withServer<Engine: DatagramEngine & ~Copyable>(
    _ makeEngine: @escaping @Sendable () -> Engine, _ body: (String) async throws -> Void
  ) async throws {
    let socket = try await DatagramSocket.open(host: "127.0.0.1", makeEngine: makeEngine)
    do {
      try await body("coap://127.0.0.1:\(socket.port)/x")
      await socket.close()
    } catch {
      await socket.close()
      throw error
    }
  }

  /// Gives up within a tenth of a second.
  var impatient: CoAPClient.Configuration {
    var configuration = CoAPClient.Configuration()
    configuration.parameters.acknowledgeTimeout = 10
    configuration.parameters.retransmissions = 2
    configuration.parameters.responseTimeout = 100
    return configuration
  }

  @Test func `code, format and body of a response are handed over, errors included`() async throws {
    try await withServer {
      Answering { method, payload in
        method == .post
          ? (Response(.changed, contentFormat: .cbor), payload)
          : (Response(.forbidden, contentFormat: .conciseProblemDetails), [0xa0])
      }
    } _: { uri in
      try await withClient { client in
        let changed = try await client.request(.post, uri, payload: [1, 2, 3], contentFormat: .octetStream)
        #expect(changed.code == .changed && changed.contentFormat == .cbor && changed.body == [1, 2, 3])
        let refused = try await client.request(.get, uri)
        #expect(refused.code == .forbidden && refused.contentFormat == .conciseProblemDetails)
        #expect(refused.body == [0xa0])
      }
    }
  }

  @Test func `an answer that takes its time is awaited after one request`() async throws {
    try await withServer {
      Answering(delay: 800) { _, _ in (Response(.content), [7]) }
    } _: { uri in
      try await withClient(patience()) { client in
        let answer = try await client.request(.get, uri)
        #expect(answer.body == [7])
        #expect(answer.datagrams == DatagramCounts(sent: 2, received: 2))
      }
    }
  }

  @Test func `silence ends in a time-out after the repetitions`() async throws {
    try await withServer {
      Echoing { _ in nil }
    } _: { uri in
      try await withClient(impatient) { client in
        _ = await #expect(throws: CoAPClientError.timedOut(uri: uri)) {
          _ = try await client.request(.get, uri)
        }
      }
    }
  }

  @Test func `a reset, junk and an answer that must be understood each have their error`() async throws {
    try await withServer {
      Echoing { [0x70, 0, $0[2], $0[3]] }
    } _: { uri in
      try await withClient { client in
        _ = await #expect(throws: CoAPClientError.reset(uri: uri)) { _ = try await client.request(.get, uri) }
      }
    }
    try await withServer {
      Echoing { $0.map { ~$0 } }
    } _: { uri in
      try await withClient(impatient) { client in
        _ = await #expect(throws: CoAPClientError.timedOut(uri: uri)) {
          _ = try await client.request(.get, uri)
        }
      }
    }
    try await withServer {
      Echoing { [0x64, 0x45] + $0[2..<8] + [0x90] }
    } _: { uri in
      try await withClient { client in
        _ = await #expect(throws: CoAPClientError.unknownOption(uri: uri)) {
          _ = try await client.request(.get, uri)
        }
      }
    }
  }

  @Test func `a body that changes during the transfer, or grows without end, is given up`() async throws {
    let start = ContinuousClock.now
    try await withServer {
      Answering { _, _ in
        let nanoseconds = (ContinuousClock.now - start).components.attoseconds / 1_000_000_000
        // All of its bytes: the lowest alone is the same for two answers once in a while.
        return (
          Response(.content), (0..<2000).map { UInt8(truncatingIfNeeded: nanoseconds >> (8 * ($0 & 7))) }
        )
      }
    } _: { uri in
      try await withClient { client in
        _ = await #expect(throws: CoAPClientError.transfer(.changed, uri: uri)) {
          _ = try await client.request(.get, uri)
        }
      }
    }
    try await withServer {
      Answering { _, _ in (Response(.content), [UInt8](repeating: 1, count: 5000)) }
    } _: { uri in
      var configuration = CoAPClient.Configuration()
      configuration.bodyLimit = 3000
      try await withClient(configuration) { client in
        _ = await #expect(throws: CoAPClientError.bodyTooLong(limit: 3000, uri: uri)) {
          _ = try await client.request(.get, uri)
        }
      }
    }
  }

  @Test func `only the answer to a GET is fetched in blocks, for another request would run again`()
    async throws
  {
    try await withServer {
      Answering { _, _ in (Response(.changed), [UInt8](repeating: 1, count: 2000)) }
    } _: { uri in
      try await withClient { client in
        _ = await #expect(throws: CoAPClientError.longAnswer(uri: uri)) {
          _ = try await client.request(.post, uri)
        }
        let answer = try await client.request(.get, uri)
        #expect(answer.body.count == 2000)
      }
    }
  }

  @Test(arguments: [
    ("127.0.0.1/a", "'127.0.0.1/a': a CoAP URI begins with coap:// (character 1)"),
    (
      "coap://localhost/",
      "'coap://localhost/': the host must be an IPv4 address, or an IPv6 address in brackets (character 8)"
    ),
    (
      "coap://1.2.3.4:99999/",
      "'coap://1.2.3.4:99999/': the port must be a number from 1 to 65535 (character 20)"
    ),
    (
      "coap://[fe80::1%nosuchinterface]/",
      "'coap://[fe80::1%nosuchinterface]/': the host must be an IPv4 address, or an IPv6 address in brackets (character 17)"
    ),
  ])
  func `a bad URI is explained`(uri: String, text: String) async throws {
    try await withClient { client in
      await #expect {
        _ = try await client.request(.get, uri)
      } throws: { error in
        "\(error)" == text
      }
    }
  }

  @Test func `a request that no datagram holds is refused`() async throws {
    try await withClient { client in
      _ = await #expect(throws: CoAPClientError.requestTooLong(limit: 1152)) {
        _ = try await client.request(
          .post, "coap://127.0.0.1:9/" + String(repeating: "a", count: 1152))
      }
    }
  }

  @Test func `a cancelled request ends at once`() async throws {
    try await withServer {
      Echoing { _ in nil }
    } _: { uri in
      try await withClient { client in
        let task = Task { try await client.request(.get, uri) }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        _ = await #expect(throws: CoAPClientError.cancelled) { _ = try await task.value }
        let late = Task {
          while !Task.isCancelled { await Task.yield() }
          return try await client.request(.get, uri)
        }
        late.cancel()
        _ = await #expect(throws: CoAPClientError.cancelled) { _ = try await late.value }
      }
    }
  }

  @Test func `closing a client ends its requests, and it stays closed`() async throws {
    try await withServer {
      Echoing { _ in nil }
    } _: { uri in
      let client = try await CoAPClient()
      let task = Task { try await client.request(.get, uri) }
      try await Task.sleep(for: .milliseconds(30))
      await client.close()
      _ = await #expect(throws: CoAPClientError.closed) { _ = try await task.value }
      _ = await #expect(throws: CoAPClientError.closed) { _ = try await client.request(.get, uri) }
      await client.close()
    }
  }

  @Test func `eight clients with eight requests each get their own answers`() async throws {
    try await withDirectory { directory in
      for file in 0..<8 { try write(pattern(1500 + file), to: "\(file)", in: directory) }
      try await withFileServer(directory) { server in
        let port = server.port
        try await withThrowingTaskGroup { group in
          for _ in 0..<8 {
            group.addTask {
              try await withClient { client in
                try await withThrowingTaskGroup { requests in
                  for file in 0..<8 {
                    requests.addTask {
                      let answer = try await client.request(.get, "coap://[::1]:\(port)/\(file)")
                      #expect(answer.body == pattern(1500 + file))
                    }
                  }
                  try await requests.waitForAll()
                }
              }
            }
          }
          try await group.waitForAll()
        }
      }
    }
  }

  @Test func `a non-confirmable request is answered alike`() async throws {
    try await withDirectory { directory in
      try write(pattern(2000), to: "a", in: directory)
      try await withFileServer(directory) { server in
        var configuration = CoAPClient.Configuration()
        configuration.confirmable = false
        try await withClient(configuration) { client in
          let answer = try await client.request(.get, "coap://127.0.0.1:\(server.port)/a")
          #expect(answer.body == pattern(2000))
        }
      }
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct SocketRules {
  @Test func `an address of another machine cannot be listened on`() async throws {
    await #expect {
      _ = try await DatagramSocket.open(host: "192.0.2.1", port: 1) { Echoing { _ in nil } }
    } throws: { error in
      "\(error)".hasPrefix("cannot open UDP port 1 on 192.0.2.1: ")
    }
  }

  @Test func `a closed socket performs nothing more`() async throws {
    let socket = try await DatagramSocket.open(host: "127.0.0.1") { Echoing { _ in nil } }
    let before = try await socket.counts()
    #expect(before == DatagramCounts())
    await socket.close()
    _ = await #expect(throws: SocketClosed()) { _ = try await socket.counts() }
  }
}
