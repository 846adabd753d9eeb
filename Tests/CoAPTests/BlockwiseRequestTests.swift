import Bytes
import CoAP
import TestSupport
import Testing

@Suite struct ReceptionRules {
  static let peer = Peer(ipv4: 1, port: 1)

  /// A block of a body; its message id is its number unless given.
  func block(
    _ number: UInt32, more: Bool, _ bytes: Int = 16, exponent: UInt8 = 0, id: UInt16? = nil, token: UInt64 = 5
  ) throws -> [UInt8] {
    var message = Parsed(type: .confirmable, code: .post, messageID: id ?? UInt16(number))
    message.token = Token(value: token, count: 1)
    let value = BlockOption(number: number, more: more, sizeExponent: exponent).rawValue
    message.options = [.init(.block1, [UInt8(value >> 8), UInt8(value & 0xff)])]
    message.payload = [UInt8](repeating: 1, count: bytes)
    return try message.encoded()
  }

  func accept(
    _ datagram: [UInt8], _ reception: inout BlockwiseReception, from peer: Peer = Self.peer,
    at now: Instant = .ms(0)
  ) throws -> BlockwiseReception.Step {
    try reception.accept(try Message(datagram.span), from: peer, at: now)
  }

  @Test func `blocks are handed on in their places, whatever size they come in`() throws {
    var reception = BlockwiseReception()
    #expect(
      try accept(try block(0, more: true, 64, exponent: 2), &reception) == .received(offset: 0, isLast: false)
    )
    #expect(reception.isUnderWay(at: .ms(1)))
    #expect(try accept(try block(4, more: true), &reception) == .received(offset: 64, isLast: false))
    #expect(try accept(try block(5, more: false, 3), &reception) == .received(offset: 80, isLast: true))
    #expect(!reception.isUnderWay(at: .ms(1)))
  }

  @Test func `a body without Block1, or in one block, is whole`() throws {
    var reception = BlockwiseReception()
    #expect(try accept(try block(0, more: false, 3), &reception) == .received(offset: 0, isLast: true))
    #expect(
      try accept([UInt8](hex: "41 02 0007 aa ff 01"), &reception) == .received(offset: 0, isLast: true))
  }

  @Test func `late and doubled blocks change nothing`() throws {
    var reception = BlockwiseReception()
    let blocks = try (0..<5).map { try block($0, more: $0 < 4) }
    for (index, datagram) in blocks.enumerated() {
      #expect(
        try accept(datagram, &reception) == .received(offset: 16 * index, isLast: index == 4))
      for earlier in blocks[...index] where index < 4 {
        #expect(try accept(earlier, &reception) == .repeated)
      }
    }
    #expect(try accept(blocks[0], &reception) == .repeated, "also after the end")
    #expect(throws: ReceptionError.gap(expected: 0, found: 64)) { try accept(blocks[4], &reception) }
  }

  @Test func `a gap is refused and does not spoil the transfer`() throws {
    var reception = BlockwiseReception()
    #expect(throws: ReceptionError.gap(expected: 0, found: 16)) {
      try accept(try block(1, more: true), &reception)
    }
    _ = try accept(try block(0, more: true), &reception)
    #expect(throws: ReceptionError.gap(expected: 16, found: 48)) {
      try accept(try block(3, more: true), &reception)
    }
    #expect(try accept(try block(1, more: true), &reception) == .received(offset: 16, isLast: false))
  }

  @Test func `a first block with another id begins anew`() throws {
    var reception = BlockwiseReception()
    _ = try accept(try block(0, more: true), &reception)
    _ = try accept(try block(1, more: true), &reception)
    #expect(try accept(try block(0, more: true, id: 77), &reception) == .received(offset: 0, isLast: false))
    #expect(throws: ReceptionError.gap(expected: 16, found: 32)) {
      try accept(try block(2, more: true), &reception)
    }
  }

  @Test func `another client waits until the first has ended or fallen silent`() throws {
    var reception = BlockwiseReception()
    let other = Peer(ipv4: 2, port: 2)
    _ = try accept(try block(0, more: true), &reception)
    #expect(throws: ReceptionError.busy) { try accept(try block(0, more: true), &reception, from: other) }
    #expect(throws: ReceptionError.gap(expected: 0, found: 16)) {
      try accept(try block(1, more: true), &reception, from: other)
    }
    #expect(
      try accept(try block(1, more: true), &reception, at: .ms(1000)) == .received(offset: 16, isLast: false))
    #expect(reception.deadline == .ms(94_000))
    #expect(
      try accept(try block(0, more: true), &reception, from: other, at: .ms(94_000))
        == .received(offset: 0, isLast: false))
    #expect(throws: ReceptionError.gap(expected: 0, found: 32)) {
      try accept(try block(2, more: true), &reception, at: .ms(94_001))
    }
  }

  @Test(arguments: [(true, 15), (true, 17), (false, 17), (true, 0)])
  func `a block of a wrong length is refused`(more: Bool, length: Int) throws {
    var reception = BlockwiseReception()
    #expect(throws: ReceptionError.blockLength(expected: 16, found: length)) {
      try accept(try block(0, more: more, length), &reception)
    }
  }

  @Test func `what was given up has to begin anew`() throws {
    var reception = BlockwiseReception()
    _ = try accept(try block(0, more: true), &reception)
    reception.end()
    #expect(throws: ReceptionError.gap(expected: 0, found: 16)) {
      try accept(try block(1, more: true), &reception)
    }
    #expect(reception.deadline == nil)
  }
}

@Suite struct UploadRules {
  func accept(
    _ code: Code, _ block: BlockOption?, _ upload: inout BlockwiseUpload
  ) throws -> BlockwiseUpload.Step {
    var message = Parsed(type: .acknowledgement, code: code, messageID: 1)
    if let block {
      message.options = [.init(.block1, [UInt8(block.rawValue >> 8), UInt8(block.rawValue & 0xff)])]
    }
    let bytes = try message.encoded()
    return try upload.accept(try Message(bytes.span))
  }

  @Test(arguments: [16, 64, 1024], [0, 1, 16, 17, 1000, 5000])
  func `every byte is sent once, in order`(size: Int, length: Int) throws {
    var upload = BlockwiseUpload(byteCount: length, preferredSize: size)
    var sent = 0
    for _ in 0..<1000 {
      #expect(upload.range.lowerBound == sent)
      sent = upload.range.upperBound
      guard let block = upload.block, block.more else { break }
      #expect(block.offset == upload.range.lowerBound && upload.range.count == size)
      #expect(try accept(.continuation, block, &upload) == .next)
    }
    #expect(sent == length)
    #expect((upload.block == nil) == (length <= size))
    #expect(try accept(.changed, upload.block, &upload) == .finished)
  }

  @Test func `smaller blocks are sent when the server wants them`() throws {
    var upload = BlockwiseUpload(byteCount: 300, preferredSize: 128)
    let answer = BlockOption(number: 0, more: true, sizeExponent: 1)
    #expect(try accept(.continuation, answer, &upload) == .next)
    #expect(upload.block == BlockOption(number: 4, more: true, sizeExponent: 1))
    #expect(upload.range == 128..<160)
  }

  @Test func `a body too large for the server's blocks begins anew in smaller ones`() throws {
    var upload = BlockwiseUpload(byteCount: 100)
    #expect(upload.block == nil)
    let answer = BlockOption(number: 0, more: false, sizeExponent: 2)
    #expect(try accept(.requestEntityTooLarge, answer, &upload) == .next)
    #expect(upload.block == BlockOption(number: 0, more: true, sizeExponent: 2))
    #expect(try accept(.requestEntityTooLarge, upload.block, &upload) == .finished)
  }

  @Test(arguments: [Code.requestEntityTooLarge, .requestEntityIncomplete, .forbidden, .changed])
  func `any other answer is that to the whole request`(code: Code) throws {
    var upload = BlockwiseUpload(byteCount: 100, preferredSize: 16)
    #expect(try accept(code, nil, &upload) == .finished)
  }

  @Test func `an answer to another block is not taken, and not for ever`() throws {
    var upload = BlockwiseUpload(byteCount: 100, preferredSize: 16)
    let wrong = BlockOption(number: 3, more: true, sizeExponent: 0)
    for _ in 0..<3 { #expect(try accept(.continuation, wrong, &upload) == .repeatRequest) }
    #expect(throws: BlockwiseError.wrongBlock(expected: 0, found: 3)) {
      try accept(.continuation, wrong, &upload)
    }
    var larger = BlockwiseUpload(byteCount: 100, preferredSize: 16)
    #expect(throws: BlockwiseError.largerBlock(asked: 16, found: 32)) {
      try accept(.continuation, BlockOption(number: 0, more: true, sizeExponent: 1), &larger)
    }
    let long = BlockwiseUpload(byteCount: 16 << 20, preferredSize: 16)
    let tooLong = BlockwiseUpload(byteCount: 16 << 20 + 1, preferredSize: 16)
    #expect(!long.isTooLong && tooLong.isTooLong)
  }
}

extension Server {
  /// Asks for a resource of three bytes, some of whose states the client has already.
  mutating func get(_ id: UInt16, _ tags: [[UInt8]]) throws -> Parsed {
    var message = Parsed(type: .confirmable, code: .get, messageID: id)
    message.options = tags.map { .init(.entityTag, $0) }
    let datagram = try message.encoded()
    let event = endpoint.receive(datagram.span, from: Self.client, at: .ms(0), sink: &wire)
    guard case .request(let request) = event else { throw NotHandedOut() }
    let body: [UInt8] = [1, 2, 3]
    endpoint.respond(
      to: request, Response(.content, contentFormat: .cbor, hasEntityTag: true), body: body.span, at: .ms(0),
      sink: &wire)
    return try Parsed(sent()[0])
  }
}

@Suite struct FeatureRules {
  /// An endpoint that takes everything.
  func server() -> Server {
    var server = Server()
    server.endpoint = Endpoint(seed: 1, taking: [.bodiesInBlocks, .conditions])
    return server
  }

  @Test func `blocks of bodies are handed out to who takes them, and answered by their number`() throws {
    var server = server()
    let id = try server.request("41 02 0001 aa d1 0e 0e ff" + String(repeating: "00", count: 1024))
    server.respond(to: id, .continuation)
    let answer = try Parsed(server.sent()[0])
    #expect(answer.code == .continuation && answer.values(of: .block1) == [[0x0e]])
    _ = try server.request("41 02 0002 aa d1 0e 16 ff 00")
    let bad = server.receive("41 02 0003 aa d1 0e 07")
    #expect(bad == .none)
    #expect(try Parsed(server.sent()[0]).code == .badRequest)
  }

  @Test func `a body in blocks is refused with the longest that is taken by who takes none`() throws {
    var server = Server()
    let event = server.receive("41 02 0001 aa d1 0e 0e ff 00")
    #expect(event == .none)
    let answer = try Parsed(server.sent()[0])
    #expect(answer.code == .requestEntityTooLarge && answer.values(of: .size1) == [[4, 0]])
  }

  @Test(arguments: [
    ("", true, false), ("10", true, false), ("12 0102", false, true), ("50", false, false),
    ("12 0102 00", true, false), ("10 40", false, false), ("11 07 02 0102", false, true),
  ])
  func `conditions say what they depend on`(options: String, anything: Bool, tag: Bool) throws {
    let datagram = [UInt8](hex: "41 04 0001 aa " + options)
    let message = try Message(datagram.span)
    let conditions = Conditions(of: message)
    #expect(conditions.areMetByAnything == anything)
    #expect(conditions.dependsOnTag == tag)
    #expect(conditions.isEmpty == options.isEmpty)
  }

  @Test func `a state is matched by its tag alone`() throws {
    let body: [UInt8] = [1, 2, 3]
    let tag = EntityTag(of: body.span)
    var server = server()
    let get = try server.request("41 01 0001 aa")
    server.endpoint.respond(
      to: get, Response(.content, hasEntityTag: true), body: body.span, at: .ms(0), sink: &server.wire)
    let value = try #require(try Parsed(server.sent()[0]).values(of: .entityTag).first)
    let right = [UInt8](hex: "41 04 0002 aa") + [UInt8(0x10 | value.count)] + value
    let message = try Message(right.span)
    let matches = message.matches(tag)
    #expect(matches)
    let wrong = [UInt8](hex: "41 04 0002 aa") + [UInt8(0x10 | value.count)] + value.reversed()
    let other = try Message(wrong.span)
    let otherMatches = other.matches(tag)
    #expect(!otherMatches)
    _ = try server.request(right.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    let tooLong = server.receive("41 04 0003 aa 19 000000000000000000")
    #expect(tooLong == .none)
    #expect(try Parsed(server.sent()[0]).code == .badOption)
  }

  @Test func `a client that has the state already is told so`() throws {
    var server = Server()
    let first = try server.get(1, [])
    let tag = try #require(first.values(of: .entityTag).first)
    #expect(first.code == .content && first.payload == [1, 2, 3])
    for (id, tags) in [[tag], [tag, [9]], [tag, [], [0] + tag]].enumerated() {
      let again = try server.get(UInt16(id) + 10, tags)
      #expect(again.code == .valid && again.payload == [] && again.values(of: .entityTag) == [tag])
    }
    #expect(try server.get(20, [[9], tag]).code == .content)
  }
}

@Suite struct MulticastRules {
  func receive(_ hex: String, _ server: inout Server) -> EndpointEvent {
    let datagram = [UInt8](hex: hex)
    return server.endpoint.receive(
      datagram.span, from: Server.client, isMulticast: true, at: .ms(0), sink: &server.wire)
  }

  @Test func `a multicast request is answered after a random while`() throws {
    var delays: Set<UInt64> = []
    for id in 0..<20 {
      var server = Server()
      server.endpoint = Endpoint(seed: UInt64(id) + 1)
      guard case .request(let request) = receive("51 01 0001 aa", &server) else {
        throw Server.NotHandedOut()
      }
      let isMulticast = server.endpoint.isMulticast(request)
      #expect(isMulticast)
      server.respond(to: request, .content, [1])
      #expect(server.sent() == [])
      let due = server.endpoint.nextDeadline
      let deadline = try #require(due)
      #expect(deadline.milliseconds <= 5000)
      delays.insert(deadline.milliseconds)
      let event = server.poll(at: deadline)
      #expect(event == .none)
      let answer = try Parsed(server.sent()[0])
      #expect(answer.type == .nonConfirmable && answer.payload == [1])
      let end = server.endpoint.nextDeadline
      #expect(end == nil)
    }
    #expect(delays.count > 10)
  }

  @Test(arguments: [(Code.notFound, [UInt8(1)]), (.internalServerError, []), (.content, [])])
  func `errors and empty bodies are no answers to multicast`(code: Code, body: [UInt8]) throws {
    var server = Server()
    guard case .request(let request) = receive("51 01 0001 aa", &server) else { throw Server.NotHandedOut() }
    server.respond(to: request, code, body)
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
    #expect(server.sent() == [])
  }

  @Test(arguments: [
    "40 01 0001", "40 00 0001", "50 00 0001", "70 00 0001", "41 45 0001 aa", "40 01 0001 f0",
    "51 01 0001 aa 90",
  ])
  func `nothing but a plain request is answered at all when it came by multicast`(datagram: String) throws {
    var server = Server()
    let event = receive(datagram, &server)
    #expect(event == .none)
    #expect(server.sent() == [])
  }
}

@Suite struct PingRules {
  @Test func `a ping is answered by a reset, which says that somebody is there`() throws {
    var client = Endpoint<4>(seed: 1)
    var server = Server()
    var wire = Wire()
    let peer = Peer(ipv4: 9, port: 9)
    let ping = try client.ping(peer, at: .ms(0), sink: &wire)
    let sent = wire.datagrams[0]
    let event = server.endpoint.receive(
      sent.span, from: Server.client, at: .ms(0), sink: &server.wire)
    #expect(event == .none)
    let answer = server.sent()[0]
    let pong = client.receive(answer.span, from: peer, at: .ms(1), sink: &wire)
    #expect(pong == .response(ping))
    let deadline = client.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `an unanswered ping fails like a request`() throws {
    var client = Endpoint<4>(seed: 1)
    var wire = Wire()
    let ping = try client.ping(Peer(ipv4: 9, port: 9), at: .ms(0), sink: &wire)
    var event = EndpointEvent.none
    while event == .none, let deadline = client.nextDeadline {
      event = client.poll(at: deadline, sink: &wire)
    }
    #expect(event == .failed(ping, .timedOut))
    #expect(wire.datagrams.count == 5)
  }
}

@Suite struct LinkFilterRules {
  static let attributes = LinkAttributes(
    resourceType: "microbpf.slot", contentFormat: .cbor, title: "A slot", isObservable: true)

  @Test(arguments: [
    ("href=/slots/1", true), ("href=/slots/*", true), ("href=*", true), ("href=/slots", false),
    ("href=", false),
    ("href=slots/1", false), ("href=/*", true), ("href=/slots/1*", true), ("href=/slots/11", false),
    ("rt=microbpf.slot", true), ("rt=microbpf.*", true), ("rt=microbpf", false), ("rt=*", true),
    ("rt=", false),
    ("ct=60", true), ("ct=6*", true), ("ct=0", false), ("title=A slot", true), ("title=A*", true),
    ("obs", true), ("obs=1", false), ("if=x", false), ("", false), ("rt", false), ("=", false),
  ])
  func `a filter lets through what has the attribute`(filter: String, passes: Bool) throws {
    var request = Parsed(type: .confirmable, code: .get, messageID: 1)
    request.options = [.init(.uriQuery, Array(filter.utf8))]
    #expect(try links(request).isEmpty != passes)
    request.options.append(.init(.uriQuery, Array("href=/other".utf8)))
    #expect(try links(request).isEmpty, "all filters count")
  }

  func links(_ request: Parsed) throws -> String {
    let datagram = try request.encoded()
    let message = try Message(datagram.span)
    var storage = [UInt8](repeating: 0, count: 200)
    var links = LinkFormatWriter(ByteWriter(storage.mutableSpan))
    let path = Array("slots/1".utf8)
    try links.link(path: path.span, Self.attributes, matching: message)
    let count = links.written.count
    return String(decoding: storage[..<count], as: UTF8.self)
  }

  @Test func `without a filter everything passes`() throws {
    #expect(
      try links(Parsed(type: .confirmable, code: .get, messageID: 1))
        == "</slots/1>;rt=\"microbpf.slot\";ct=60;title=\"A slot\";obs")
  }
}
