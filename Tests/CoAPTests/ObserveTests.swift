import Bytes
import CoAP
import TestSupport
import Testing

extension Server {
  var observerCount: Int { endpoint.observerCount }

  /// Registers a client for resource 7; returns the answer.
  mutating func register(
    _ token: String = "aa", from peer: Peer = Self.client, id: UInt16 = 0x100, body: [UInt8] = [1],
    resource: UInt32 = 7, at now: Instant = .ms(0)
  ) throws -> Parsed {
    let request = try request("41 01 \(hex(id)) \(token) 60", from: peer, at: now)
    endpoint.observe(request, as: resource, at: now)
    respond(to: request, .content, body, at: now)
    return try Parsed(sent()[0])
  }

  /// Tells everybody who has to be told; returns what was sent.
  mutating func tell(
    _ body: [UInt8], _ code: Code = .content, confirmable: Bool = false, at now: Instant
  ) throws -> [Parsed] {
    while let (observer, _) = endpoint.nextStaleObserver(at: now) {
      endpoint.notify(
        observer, Response(code), body: body.span, confirmable: confirmable, at: now, sink: &wire)
    }
    return try sent().map { try Parsed($0) }
  }
}

extension Parsed {
  var observe: UInt32? {
    values(of: .observe).first.map { $0.reduce(0) { $0 << 8 | UInt32($1) } }
  }
}

@Suite struct ServedObservationRules {
  @Test func `a client that registers is told of changes, each with a higher number`() throws {
    var server = Server()
    let answer = try server.register()
    let first = try #require(answer.observe)
    #expect(answer.type == .acknowledgement)
    #expect(try server.tell([2], at: .ms(5000)) == [])
    server.endpoint.noteChange { $0 == 8 }
    #expect(try server.tell([2], at: .ms(5000)) == [])
    server.endpoint.noteChange { $0 == 7 }
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == .ms(0), "it is due")
    let told = try server.tell([2], at: .ms(5000))
    #expect(told.count == 1)
    #expect(told[0].type == .nonConfirmable && told[0].token == Token(value: 0xaa, count: 1))
    #expect(told[0].payload == [2] && told[0].observe == (first + 1) & 0xff_ffff)
    let deadlineAfterwards = server.endpoint.nextDeadline
    #expect(deadlineAfterwards == nil)
  }

  @Test func `many changes at once are one notification, of the last`() throws {
    var server = Server()
    _ = try server.register()
    for _ in 0..<5 { server.endpoint.noteChange { _ in true } }
    #expect(try server.tell([9], at: .ms(9000)).map(\.payload) == [[9]])
    #expect(try server.tell([9], at: .ms(9000)) == [])
  }

  @Test func `only another state than the one told last is a change`() throws {
    var server = Server()
    _ = try server.register(body: [1])
    let (same, other): ([UInt8], [UInt8]) = ([1], [2])
    let observed = server.endpoint.resourceObserved(at: 0)
    #expect(observed == 7)
    server.endpoint.noteState(same.span, at: 0)
    #expect(try server.tell(same, at: .ms(4000)) == [])
    server.endpoint.noteState(other.span, at: 0)
    #expect(try server.tell(other, at: .ms(4000)).count == 1)
    server.endpoint.noteState(other.span, at: 0)
    #expect(try server.tell(other, at: .ms(4000)) == [])
  }

  @Test
  func `what is due soon after another notification waits for its acknowledgement and is the newest then`()
    throws
  {
    var server = Server()
    _ = try server.register()
    server.endpoint.noteChange { _ in true }
    let first = try server.tell([2], at: .ms(1000))
    #expect(first.map(\.type) == [.confirmable])
    server.endpoint.noteChange { _ in true }
    #expect(try server.tell([3], at: .ms(1100)) == [], "one at a time")
    let event = server.poll(at: .ms(4100))
    #expect(event == .none)
    #expect(try server.sent().map { try Parsed($0).payload } == [[2]], "sent again")
    _ = server.receive("60 00 " + hex(first[0].messageID), at: .ms(4200))
    #expect(try server.tell([4], at: .ms(4200)).map(\.payload) == [[4]])
  }

  @Test func `now and then a notification has to be acknowledged`() throws {
    var server = Server()
    _ = try server.register()
    var types: [MessageType] = []
    for step in 1...25 {
      let now = Instant.ms(UInt64(step) * 5000)
      server.endpoint.noteChange { _ in true }
      let told = try server.tell([UInt8(step)], at: now)
      types += told.map(\.type)
      if told[0].type == .confirmable { _ = server.receive("60 00 " + hex(told[0].messageID), at: now) }
    }
    #expect(types.count == 25)
    #expect(types.count { $0 == .confirmable } == 2)
    #expect(server.observerCount == 1)
  }

  @Test func `a client that asks for Observe 1 is not told any more, whatever its id`() throws {
    var server = Server()
    _ = try server.register()
    let request = try server.request("41 01 0200 aa 61 01")
    server.respond(to: request, .content, [1])
    #expect(try Parsed(server.sent()[0]).observe == nil)
    #expect(server.observerCount == 0)
  }

  @Test(arguments: [true, false])
  func `a client that resets a notification is not told any more`(confirmable: Bool) throws {
    var server = Server()
    _ = try server.register()
    server.endpoint.noteChange { _ in true }
    let told = try server.tell([2], confirmable: confirmable, at: .ms(5000))
    #expect(told[0].type == (confirmable ? .confirmable : .nonConfirmable))
    _ = server.receive("70 00 " + hex(told[0].messageID), from: Peer(ipv4: 5, port: 5))
    #expect(server.observerCount == 1, "a stranger")
    _ = server.receive("70 00 " + hex(told[0].messageID))
    #expect(server.observerCount == 0)
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `a client that never acknowledges is not told any more`() throws {
    var server = Server()
    _ = try server.register()
    server.endpoint.noteChange { _ in true }
    _ = try server.tell([2], confirmable: true, at: .ms(5000))
    while let deadline = server.endpoint.nextDeadline {
      let event = server.poll(at: deadline)
      #expect(event == .none)
    }
    #expect(server.sent().count == 4)
    #expect(server.observerCount == 0)
  }

  @Test func `an error is the last notification and has to arrive`() throws {
    var server = Server()
    _ = try server.register()
    server.endpoint.noteChange { _ in true }
    let told = try server.tell([], .notFound, at: .ms(5000))
    #expect(told.map(\.code) == [.notFound] && told[0].observe == nil && told[0].type == .confirmable)
    #expect(server.observerCount == 0)
    let again = server.poll(at: .ms(9000))
    #expect(again == .none)
    #expect(server.sent().count == 1)
    _ = server.receive("60 00 " + hex(told[0].messageID))
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `an error in answer to the registration registers nobody`() throws {
    var server = Server()
    let request = try server.request("41 01 0100 aa 60")
    server.endpoint.observe(request, as: 7, at: .ms(0))
    server.respond(to: request, .notFound)
    #expect(try Parsed(server.sent()[0]).observe == nil)
    #expect(server.observerCount == 0)
  }

  @Test func `who registers again takes its old place`() throws {
    var server = Server()
    for id in UInt16(0)..<20 {
      _ = try server.register(id < 10 ? "aa" : hex(id).suffix(2).description, id: 0x200 + id)
    }
    #expect(server.observerCount == 1)
  }

  @Test func `when all places are taken the answer says that no changes will be told`() throws {
    var server = Server()
    for index in 0..<6 {
      #expect(try server.register(from: Peer(ipv4: UInt32(index), port: 1)).observe != nil)
    }
    let answer = try server.register(from: Peer(ipv4: 99, port: 1))
    #expect(answer.code == .content && answer.observe == nil)
    #expect(server.observerCount == 6)
  }

  @Test(arguments: ["41 02 0100 aa 60", "41 01 0100 aa 61 02", "41 01 0100 aa", "41 01 0100 aa 60 d1 04 12"])
  func `what is no registration registers nobody`(request: String) throws {
    var server = Server()
    let id = try server.request(request)
    server.endpoint.observe(id, as: 7, at: .ms(0))
    server.respond(to: id, .content, [UInt8](repeating: 0, count: 200))
    #expect(server.observerCount == 0)
    #expect(try Parsed(server.sent()[0]).observe == nil)
  }

  @Test func `without room for a confirmable notification it goes out later`() throws {
    var server = Server()
    _ = try server.register()
    for index in 0..<4 { _ = try server.request("40 02 100\(index)", from: Peer(ipv4: 3, port: 3)) }
    server.endpoint.noteChange { _ in true }
    #expect(try server.tell([2], confirmable: true, at: .ms(5000)) == [])
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == .ms(5500))
    #expect(try server.tell([2], at: .ms(5500)).map(\.payload) == [[2]])
  }

  @Test func `a long state is told by its first block`() throws {
    var server = Server()
    let request = try server.request("41 01 0100 aa 60 d1 04 02")
    server.endpoint.observe(request, as: 7, at: .ms(0))
    server.respond(to: request, .content, pattern(200))
    _ = server.sent()
    server.endpoint.noteChange { _ in true }
    let told = try server.tell(pattern(300), at: .ms(5000))
    #expect(told[0].payload == Array(pattern(300)[..<64]))
    #expect(told[0].values(of: .block2) == [[0x0a]] && told[0].values(of: .size2) == [[1, 44]])
  }
}

@Suite struct ObservingRules {
  static let server = Peer(ipv4: 0x0a00_0001, port: 5683)

  struct Client: ~Copyable {
    var endpoint = Endpoint<4>(seed: 3)
    var wire = Wire()
    let exchange: ExchangeID
    let token: String

    init() throws {
      exchange = try endpoint.request(.get, to: server, observing: true, at: .ms(0), sink: &wire) {
        (message) throws(OutOfBounds) in try message.option(.uriPath, "x")
      }
      let sent = wire.datagrams[0]
      token = sent[4..<8].map {
        String($0, radix: 16).count == 1 ? "0" + String($0, radix: 16) : String($0, radix: 16)
      }
      .joined()
      #expect(Array(sent[8...]) == [0x60, 0x51, 0x78])
      wire.datagrams = []
    }

    /// A response with this Observe value.
    mutating func receive(
      type: Int = 5, code: String = "45", id: UInt16, _ number: UInt8?, at now: Instant
    ) -> EndpointEvent {
      let option = number.map { "61" + hex(UInt16($0)).suffix(2) } ?? ""
      let datagram = [UInt8](hex: "\(type)4 \(code) \(hex(id)) \(token) \(option)")
      return endpoint.receive(datagram.span, from: server, at: now, sink: &wire)
    }
  }

  @Test func `each notification is an event, each confirmable one is acknowledged`() throws {
    var client = try Client()
    var event = client.receive(id: 1, 5, at: .ms(10))
    #expect(event == .response(client.exchange))
    let deadline = client.endpoint.nextDeadline
    #expect(deadline == nil)
    event = client.receive(type: 4, id: 2, 6, at: .ms(20))
    #expect(event == .response(client.exchange))
    #expect(client.wire.datagrams == [[0x60, 0, 0, 2]])
    event = client.receive(type: 4, id: 2, 6, at: .ms(30))
    #expect(event == .none, "the same once more")
    #expect(client.wire.datagrams.count == 2)
  }

  @Test func `a notification that was overtaken is none, unless it comes much later`() throws {
    var client = try Client()
    _ = client.receive(id: 1, 5, at: .ms(10))
    var event = client.receive(id: 2, 9, at: .ms(20))
    #expect(event == .response(client.exchange))
    event = client.receive(id: 3, 8, at: .ms(30))
    #expect(event == .none)
    event = client.receive(id: 4, 9, at: .ms(30))
    #expect(event == .none)
    event = client.receive(id: 5, 3, at: .ms(128_021))
    #expect(event == .response(client.exchange))
  }

  @Test(arguments: [("84", UInt8?.some(7)), ("45", nil)])
  func `an error or a response without Observe is the last`(code: String, number: UInt8?) throws {
    var client = try Client()
    _ = client.receive(id: 1, 5, at: .ms(10))
    var event = client.receive(code: code, id: 2, number, at: .ms(20))
    #expect(event == .response(client.exchange))
    event = client.receive(id: 3, 8, at: .ms(30))
    #expect(event == .none)
  }

  @Test func `a notification that nobody waits for is reset`() throws {
    var client = try Client()
    _ = client.receive(id: 1, 5, at: .ms(10))
    client.endpoint.cancel(client.exchange)
    let event = client.receive(id: 0x22, 6, at: .ms(20))
    #expect(event == .none)
    #expect(client.wire.datagrams == [[0x70, 0, 0, 0x22]])
  }

  @Test func `an observation that is ended tells the server by the same request with Observe 1`() throws {
    var client = try Client()
    _ = client.receive(id: 1, 5, at: .ms(10))
    client.endpoint.endObservation(client.exchange, sink: &client.wire)
    let last = try Parsed(client.wire.datagrams[0])
    #expect(last.type == .nonConfirmable && last.code == .get)
    #expect(last.values(of: .observe) == [[1]] && last.values(of: .uriPath) == [[0x78]])
    #expect(Array(client.wire.datagrams[0][4..<8]) == [UInt8](hex: client.token))
  }

  @Test func `an endpoint and an observer of it agree through loss and disorder`() throws {
    var random = Repeatable(seed: 11)
    var arrived = 0
    for _ in 0..<8 {
      var server = Server()
      var client = Endpoint<4>(seed: random.next())
      var wire = Wire()
      let exchange = try client.request(
        .get, to: Self.server, observing: true, at: .ms(0), sink: &wire
      ) { _ in }
      let registration = wire.datagrams[0]
      let first = server.endpoint.receive(
        registration.span, from: Server.client, at: .ms(0), sink: &server.wire)
      guard case .request(let id) = first else { throw Server.NotHandedOut() }
      server.endpoint.observe(id, as: 1, at: .ms(0))
      server.respond(to: id, .content, [0])
      var seen: [UInt8] = []
      var now = Instant.ms(0)
      var last: UInt8 = 0
      var toClient = server.sent()
      for step in 0..<400 {
        now = now + 250
        if step % 4 == 0, step < 200 {
          last = UInt8(step / 4)
          server.endpoint.noteChange { _ in true }
        }
        wire.datagrams = []
        for datagram in toClient.shuffled(using: &random) where step == 0 || random.next() % 5 > 0 {
          let event = client.receive(datagram.span, from: Self.server, at: now, sink: &wire)
          if event == .response(exchange) { seen += try Parsed(datagram).payload }
        }
        for datagram in wire.datagrams where random.next() % 5 > 0 {
          _ = server.endpoint.receive(datagram.span, from: Server.client, at: now, sink: &server.wire)
        }
        _ = server.poll(at: now)
        _ = try server.endpoint.nextStaleObserver(at: now).map { _ in
          for message in try server.tell([last], confirmable: true, at: now) {
            server.wire.datagrams.append(try message.encoded())
          }
        }
        toClient = server.sent()
      }
      #expect(seen == seen.sorted())
      // Whoever acknowledges nothing for five times is given up; to everybody else the last state comes.
      #expect(seen.last == 49 || server.observerCount == 0)
      arrived += seen.last == 49 ? 1 : 0
    }
    #expect(arrived > 4)
  }
}
