import Bytes
import CoAP
import TestSupport
import Testing

/// An endpoint as a client, and the datagrams it sends.
struct Client: ~Copyable {
  static let server = Peer(ipv4: 0x0a00_0001, port: 5683)

  var endpoint: Endpoint<4>
  var wire = Wire()

  init(seed: UInt64 = 1, parameters: TransmissionParameters = .init()) {
    endpoint = Endpoint(seed: seed, parameters: parameters)
  }

  mutating func request(
    to peer: Peer = Self.server, confirmable: Bool = true, at now: Instant = .ms(0)
  ) throws(EndpointError) -> (id: ExchangeID, sent: Parsed) {
    let id = try endpoint.request(.get, to: peer, confirmable: confirmable, at: now, sink: &wire) {
      (message) throws(OutOfBounds) in
      try message.option(.uriPath, "m")
    }
    guard let datagram = sent().last, let message = try? Parsed(datagram) else {
      fatalError("a request was just sent")
    }
    return (id, message)
  }

  mutating func receive(
    _ type: MessageType, _ code: Code, id: UInt16, token: Token = Token(value: 0, count: 0),
    options: [Parsed.Option] = [],
    from peer: Peer = Self.server, at now: Instant = .ms(0)
  ) throws -> EndpointEvent {
    var message = Parsed(type: type, code: code, messageID: id)
    message.token = token
    message.options = options
    let datagram = try message.encoded()
    return endpoint.receive(datagram.span, from: peer, at: now, sink: &wire)
  }

  mutating func poll(at now: Instant) -> EndpointEvent { endpoint.poll(at: now, sink: &wire) }

  var nextDeadline: Instant? { mutating get { endpoint.nextDeadline } }

  mutating func sent() -> [[UInt8]] {
    defer { wire.datagrams = [] }
    return wire.datagrams
  }
}

@Suite struct RequestingRules {
  @Test func `a request carries a token of four bytes and an id of its own`() throws {
    var client = Client()
    let (_, first) = try client.request()
    let (_, second) = try client.request()
    #expect(first.type == .confirmable && first.code == .get)
    #expect(first.options == [.init(.uriPath, Array("m".utf8))])
    #expect(first.token.count == 4 && second.token.count == 4 && first.token != second.token)
    #expect(second.messageID == first.messageID &+ 1)
  }

  @Test func `endpoints with different seeds begin with different ids and tokens`() throws {
    var one = Client(seed: 1)
    var other = Client(seed: 2)
    let (_, first) = try one.request()
    let (_, second) = try other.request()
    #expect(first.messageID != second.messageID && first.token != second.token)
  }

  @Test func `a piggybacked response ends the exchange`() throws {
    var client = Client()
    let (id, request) = try client.request()
    let event = try client.receive(.acknowledgement, .content, id: request.messageID, token: request.token)
    #expect(event == .response(id))
    let again = try client.receive(.acknowledgement, .content, id: request.messageID, token: request.token)
    #expect(again == .none)
    #expect(client.sent() == [])
    let deadline = client.nextDeadline
    #expect(deadline == nil)
  }

  @Test
  func `a separate response is awaited without repeating the request, and acknowledged each time it comes`()
    throws
  {
    var client = Client()
    let (id, request) = try client.request()
    let acknowledged = try client.receive(.acknowledgement, .empty, id: request.messageID, at: .ms(100))
    #expect(acknowledged == .none)
    let deadline = client.nextDeadline
    #expect(deadline == .ms(93_100))
    let event = try client.receive(.confirmable, .content, id: 0x7777, token: request.token, at: .ms(50_000))
    #expect(event == .response(id))
    let again = try client.receive(.confirmable, .content, id: 0x7777, token: request.token, at: .ms(52_000))
    #expect(again == .none)
    #expect(client.sent() == [[UInt8](hex: "60 00 7777"), [UInt8](hex: "60 00 7777")])
  }

  @Test func `a separate response may be non-confirmable, and come before the acknowledgement`() throws {
    var client = Client()
    let (id, request) = try client.request()
    let event = try client.receive(.nonConfirmable, .content, id: 1, token: request.token)
    #expect(event == .response(id))
    let late = try client.receive(.acknowledgement, .empty, id: request.messageID)
    #expect(late == .none)
    let deadline = client.nextDeadline
    #expect(deadline == nil)
    #expect(client.sent() == [])
  }

  @Test func `an acknowledgement without its response ends in a time-out`() throws {
    var client = Client()
    let (id, request) = try client.request()
    _ = try client.receive(.acknowledgement, .empty, id: request.messageID)
    let early = client.poll(at: .ms(92_999))
    #expect(early == .none)
    let event = client.poll(at: .ms(93_000))
    #expect(event == .failed(id, .timedOut))
    #expect(client.sent() == [])
  }

  @Test(arguments: UInt64(1)...50)
  func `an unanswered request is repeated four times, ever more rarely, and then fails`(seed: UInt64) throws {
    var client = Client(seed: seed)
    let (id, request) = try client.request()
    var times: [UInt64] = []
    var now = Instant.ms(0)
    var repeated: [[UInt8]] = []
    while true {
      let deadline = client.nextDeadline
      now = try #require(deadline)
      let tooEarly = client.poll(at: .ms(now.milliseconds - 1))
      #expect(tooEarly == .none)
      #expect(client.sent() == [])
      let event = client.poll(at: now)
      times.append(now.milliseconds)
      if event == .failed(id, .timedOut) { break }
      #expect(event == .none)
      repeated += client.sent()
    }
    // RFC 7252 §4.8.2: first wait 2 to 3 s, doubled each time, 62 to 93 s in all.
    #expect((2000...3000).contains(times[0]))
    #expect(times == [1, 3, 7, 15, 31].map { $0 * times[0] })
    #expect(repeated == [[UInt8]](repeating: try request.encoded(), count: 4))
    let deadline = client.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `the first wait differs between requests`() throws {
    var client = Client()
    var waits: Set<UInt64> = []
    for _ in 0..<4 {
      let (id, _) = try client.request()
      let deadline = client.nextDeadline
      waits.insert(try #require(deadline).milliseconds)
      client.endpoint.cancel(id)
    }
    #expect(waits.count > 1)
  }

  @Test func `a non-confirmable request is never repeated`() throws {
    var client = Client()
    let (id, request) = try client.request(confirmable: false)
    #expect(request.type == .nonConfirmable)
    let event = client.poll(at: .ms(93_000))
    #expect(event == .failed(id, .timedOut))
    #expect(client.sent() == [])
  }

  @Test func `a reset ends the exchange`() throws {
    var client = Client()
    let (id, request) = try client.request()
    let event = try client.receive(.reset, .empty, id: request.messageID)
    #expect(event == .failed(id, .reset))
    let deadline = client.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `what does not belong to the exchange changes nothing`() throws {
    var client = Client()
    let (id, request) = try client.request()
    let stranger = Peer(ipv4: 0x0a00_0009, port: 5683)
    let wrong = Token(value: request.token.value ^ 1, count: 4)
    let events = [
      try client.receive(.acknowledgement, .content, id: request.messageID, token: wrong),
      try client.receive(.acknowledgement, .content, id: request.messageID),
      try client.receive(.acknowledgement, .content, id: request.messageID &+ 1, token: request.token),
      try client.receive(
        .acknowledgement, .content, id: request.messageID, token: request.token, from: stranger),
      try client.receive(.nonConfirmable, .content, id: 5, token: request.token, from: stranger),
      try client.receive(.nonConfirmable, .content, id: 5, token: wrong),
      try client.receive(.reset, .content, id: request.messageID, token: request.token),
      try client.receive(.acknowledgement, .empty, id: request.messageID &+ 1),
      try client.receive(.reset, .empty, id: request.messageID, from: stranger),
    ]
    #expect(events.allSatisfy { $0 == .none })
    #expect(client.sent() == [])
    let confirmable = try client.receive(.confirmable, .content, id: 6, token: wrong)
    #expect(confirmable == .none)
    #expect(client.sent() == [[UInt8](hex: "70 00 0006")])
    let event = try client.receive(.acknowledgement, .content, id: request.messageID, token: request.token)
    #expect(event == .response(id))
  }

  @Test func `a response with a critical option that is not known is rejected`() throws {
    var client = Client()
    let unknown = [Parsed.Option(OptionNumber(rawValue: 9), [])]
    let (id, request) = try client.request()
    let event = try client.receive(
      .acknowledgement, .content, id: request.messageID, token: request.token, options: unknown)
    #expect(event == .failed(id, .unknownOption))
    let (other, separate) = try client.request()
    let confirmable = try client.receive(
      .confirmable, .content, id: 0x0b0b, token: separate.token, options: unknown)
    #expect(confirmable == .failed(other, .unknownOption))
    #expect(client.sent() == [[UInt8](hex: "70 00 0b0b")])
  }

  @Test func `elective options and those of blocks are no obstacle`() throws {
    var client = Client()
    let (id, request) = try client.request()
    let event = try client.receive(
      .acknowledgement, .content, id: request.messageID, token: request.token,
      options: [
        .init(.entityTag, [1]), .init(.observe, [1]), .init(.contentFormat, []), .init(.block2, [2]),
        .init(.block1, [2]), .init(OptionNumber(rawValue: 65000), [1]),
      ])
    #expect(event == .response(id))
  }

  @Test func `a cancelled request has no deadline and its response is nobody's`() throws {
    var client = Client()
    let (id, request) = try client.request()
    client.endpoint.cancel(id)
    let deadline = client.nextDeadline
    #expect(deadline == nil)
    let nothing = client.poll(at: .ms(1_000_000))
    #expect(nothing == .none)
    let piggybacked = try client.receive(
      .acknowledgement, .content, id: request.messageID, token: request.token)
    #expect(piggybacked == .none)
    let separate = try client.receive(.confirmable, .content, id: 9, token: request.token)
    #expect(separate == .none)
    #expect(client.sent() == [[UInt8](hex: "70 00 0009")])
  }

  @Test func `cancelling what has ended harms no later request in its place`() throws {
    var client = Client()
    let (first, _) = try client.request()
    client.endpoint.cancel(first)
    let (second, request) = try client.request()
    client.endpoint.cancel(first)
    let event = try client.receive(.acknowledgement, .content, id: request.messageID, token: request.token)
    #expect(event == .response(second))
  }

  @Test func `as many requests as exchanges may be under way`() throws {
    var client = Client()
    var requests: [(id: ExchangeID, sent: Parsed)] = []
    for _ in 0..<4 { requests.append(try client.request()) }
    #expect(throws: EndpointError.busy) {
      var full = Client()
      for _ in 0..<5 { _ = try full.request() }
    }
    let (id, sent) = requests[2]
    let event = try client.receive(.acknowledgement, .content, id: sent.messageID, token: sent.token)
    #expect(event == .response(id))
    _ = try client.request()
  }

  @Test func `a request longer than a datagram is refused and takes no exchange`() throws {
    var client = Client()
    let long = [UInt8](repeating: 0, count: 1152)
    for _ in 0..<8 {
      var thrown: EndpointError?
      do throws(EndpointError) {
        _ = try client.endpoint.request(.post, to: Client.server, at: .ms(0), sink: &client.wire) {
          (message) throws(OutOfBounds) in
          try message.payload(long.span)
        }
      } catch {
        thrown = error
      }
      #expect(thrown == .tooLong(limit: 1152))
    }
    #expect(client.sent() == [])
    let deadline = client.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `a zone that only one side names makes no difference, another zone does`() throws {
    let plain = Peer(high: 0xfe80 << 48, low: 1, port: 5683)
    let second = Peer(high: 0xfe80 << 48, low: 1, port: 5683, zone: 2)
    let third = Peer(high: 0xfe80 << 48, low: 1, port: 5683, zone: 3)
    for (asked, answering, isTaken) in [(plain, second, true), (second, plain, true), (second, third, false)]
    {
      var client = Client()
      let (id, request) = try client.request(to: asked)
      let event = try client.receive(
        .acknowledgement, .content, id: request.messageID, token: request.token, from: answering)
      #expect(event == (isTaken ? .response(id) : .none))
    }
  }
}

@Suite struct BlockwiseFetchRules {
  func response(
    _ number: UInt32, more: Bool, exponent: UInt8 = 2, length: Int = 64, tag: [UInt8]? = [1]
  ) -> Parsed {
    var message = Parsed(type: .acknowledgement, code: .content, messageID: 1)
    if let tag { message.options.append(.init(.entityTag, tag)) }
    let block = BlockOption(number: number, more: more, sizeExponent: exponent).rawValue
    message.options.append(
      .init(.block2, [UInt8(block >> 16), UInt8(block >> 8 & 255), UInt8(block & 255)]))
    message.payload = [UInt8](repeating: 7, count: length)
    return message
  }

  func accept(_ message: Parsed, _ fetch: inout BlockwiseFetch) throws -> BlockwiseFetch.Step {
    let bytes = try message.encoded()
    return try fetch.accept(Message(bytes.span))
  }

  @Test func `blocks are asked for in order until the last`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    #expect(fetch.next == BlockOption(number: 0, more: false, sizeExponent: 2))
    #expect(try accept(response(0, more: true), &fetch) == .received(offset: 0, isLast: false))
    #expect(fetch.next == BlockOption(number: 1, more: false, sizeExponent: 2))
    #expect(try accept(response(1, more: true), &fetch) == .received(offset: 64, isLast: false))
    #expect(try accept(response(2, more: false, length: 5), &fetch) == .received(offset: 128, isLast: true))
  }

  @Test func `a body without blocks is whole`() throws {
    var fetch = BlockwiseFetch()
    var whole = Parsed(type: .acknowledgement, code: .content, messageID: 1)
    whole.payload = [1, 2, 3]
    #expect(try accept(whole, &fetch) == .received(offset: 0, isLast: true))
  }

  @Test func `a body without blocks is refused after the first block`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    _ = try accept(response(0, more: true), &fetch)
    let whole = Parsed(type: .acknowledgement, code: .content, messageID: 1)
    #expect(throws: BlockwiseError.wrongBlock(expected: 1, found: 0)) { try accept(whole, &fetch) }
  }

  @Test func `smaller blocks are adopted at the right offset`() throws {
    var fetch = BlockwiseFetch(preferredSize: 256)
    #expect(
      try accept(response(0, more: true, exponent: 4, length: 256), &fetch)
        == .received(offset: 0, isLast: false))
    // The server changes its mind: block 4 of 64 bytes begins where block 1 of 256 does.
    #expect(try accept(response(4, more: true), &fetch) == .received(offset: 256, isLast: false))
    #expect(fetch.next == BlockOption(number: 5, more: false, sizeExponent: 2))
  }

  @Test func `larger blocks than asked for are refused`() {
    var fetch = BlockwiseFetch(preferredSize: 64)
    #expect(throws: BlockwiseError.largerBlock(asked: 64, found: 128)) {
      try accept(response(0, more: true, exponent: 3, length: 128), &fetch)
    }
  }

  @Test func `a wrong block is asked for again three times`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    _ = try accept(response(0, more: true), &fetch)
    for _ in 0..<3 {
      #expect(try accept(response(0, more: true), &fetch) == .repeatRequest)
      #expect(fetch.next.number == 1)
    }
    #expect(throws: BlockwiseError.wrongBlock(expected: 1, found: 5)) {
      try accept(response(5, more: true), &fetch)
    }
  }

  @Test func `the right block takes the count of wrong ones back`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    for number in UInt32(0)..<5 {
      for _ in 0..<3 { #expect(try accept(response(number + 1, more: true), &fetch) == .repeatRequest) }
      _ = try accept(response(number, more: true), &fetch)
    }
  }

  @Test(arguments: [0, 63, 65])
  func `a block that is not the last has its full length`(length: Int) {
    var fetch = BlockwiseFetch(preferredSize: 64)
    #expect(throws: BlockwiseError.blockLength(expected: 64, found: length)) {
      try accept(response(0, more: true, length: length), &fetch)
    }
  }

  @Test func `the last block is no longer than a block`() {
    var fetch = BlockwiseFetch(preferredSize: 64)
    #expect(throws: BlockwiseError.blockLength(expected: 64, found: 65)) {
      try accept(response(0, more: false, length: 65), &fetch)
    }
  }

  @Test(arguments: [[2], [1, 0], [0, 1], [1, 1, 1, 1, 1, 1, 1, 1]])
  func `another entity tag means another body`(tag: [UInt8]) throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    _ = try accept(response(0, more: true), &fetch)
    #expect(throws: BlockwiseError.changed) { try accept(response(1, more: true, tag: tag), &fetch) }
  }

  @Test func `an entity tag may be missing`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    _ = try accept(response(0, more: true, tag: nil), &fetch)
    _ = try accept(response(1, more: true), &fetch)
    #expect(try accept(response(2, more: false, tag: nil), &fetch) == .received(offset: 128, isLast: true))
  }

  @Test func `an error code ends the transfer with that code`() throws {
    var fetch = BlockwiseFetch(preferredSize: 64)
    let refusal = Parsed(type: .acknowledgement, code: .notFound, messageID: 1)
    #expect(throws: BlockwiseError.refused(.notFound)) { try accept(refusal, &fetch) }
  }

  @Test func `no more blocks are asked for than can be counted`() throws {
    // Large blocks up to the offset where the last 64 small ones begin.
    var fetch = BlockwiseFetch(preferredSize: 1024)
    let small = (BlockOption.largestNumber / 64) * 64
    for number in 0..<small / 64 {
      _ = try accept(response(number, more: true, exponent: 6, length: 1024), &fetch)
    }
    for number in small..<BlockOption.largestNumber {
      _ = try accept(response(number, more: true, exponent: 0, length: 16), &fetch)
    }
    #expect(throws: BlockwiseError.tooManyBlocks) {
      try accept(response(BlockOption.largestNumber, more: true, exponent: 0, length: 16), &fetch)
    }
  }
}
