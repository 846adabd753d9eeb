import Bytes
import CoAP
import TestSupport
import Testing

/// An endpoint as a server, and the datagrams it sends.
struct Server: ~Copyable {
  static let client = Peer(ipv4: 0x0a00_0002, port: 40000)

  var endpoint: Endpoint<4>
  var wire = Wire()

  init(datagramBytes: Int = 1152) {
    endpoint = Endpoint(datagramBytes: datagramBytes, seed: 99)
  }

  mutating func receive(_ hex: String, from peer: Peer = Self.client, at now: Instant = .ms(0))
    -> EndpointEvent
  {
    let datagram = [UInt8](hex: hex)
    return endpoint.receive(datagram.span, from: peer, at: now, sink: &wire)
  }

  /// Takes a request in, which must be handed out.
  mutating func request(_ hex: String, from peer: Peer = Self.client, at now: Instant = .ms(0)) throws
    -> RequestID
  {
    guard case .request(let id) = receive(hex, from: peer, at: now) else { throw NotHandedOut() }
    return id
  }

  struct NotHandedOut: Error {}

  mutating func respond(
    to id: RequestID, _ code: Code = .content, _ body: [UInt8] = [], format: ContentFormat? = nil,
    maxAge: UInt32? = nil,
    at now: Instant = .ms(0)
  ) {
    endpoint.respond(
      to: id, Response(code, contentFormat: format, maxAge: maxAge), body: body.span, at: now, sink: &wire)
  }

  mutating func poll(at now: Instant) -> EndpointEvent { endpoint.poll(at: now, sink: &wire) }

  /// What was sent since the last call.
  mutating func sent() -> [[UInt8]] {
    defer { wire.datagrams = [] }
    return wire.datagrams
  }
}

@Suite struct ServingRules {
  @Test func `a confirmable request is answered in its acknowledgement`() throws {
    var server = Server()
    let id = try server.request("42 01 1234 aabb b1 78")
    server.respond(to: id, .content, [0x31], format: .text, maxAge: 5)
    let sent = server.sent()
    // Content-Format 0 is an empty value.
    #expect(sent == [[UInt8](hex: "62 45 1234 aabb c0 21 05 ff 31")])
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `a non-confirmable request is answered by a non-confirmable message with an id of its own`()
    throws
  {
    var server = Server()
    let id = try server.request("51 01 1234 aa b1 78")
    server.respond(to: id)
    let sent = try Parsed(server.sent()[0])
    #expect(
      sent.type == .nonConfirmable && sent.code == .content && sent.token == Token(value: 0xaa, count: 1))
    #expect(sent.messageID != 0x1234)
    let again = server.receive("51 01 1234 aa b1 78")
    #expect(again == .none)
    #expect(server.sent() == [])
  }

  @Test func `a slow answer is acknowledged first and then sent until it is acknowledged itself`() throws {
    var server = Server()
    let id = try server.request("41 02 1234 aa b1 78")
    let duringWork = server.receive("41 02 1234 aa b1 78")
    #expect(duringWork == .none)
    #expect(server.sent() == [], "nothing to repeat yet")
    server.endpoint.acknowledge(id, sink: &server.wire)
    server.endpoint.acknowledge(id, sink: &server.wire)
    let afterAcknowledgement = server.receive("41 02 1234 aa b1 78")
    #expect(afterAcknowledgement == .none)
    #expect(server.sent() == [[UInt8](hex: "60 00 1234"), [UInt8](hex: "60 00 1234")])

    server.respond(to: id, .changed, at: .ms(10_000))
    let separate = server.sent()
    let parsed = try Parsed(separate[0])
    #expect(
      parsed.type == .confirmable && parsed.code == .changed && parsed.token == Token(value: 0xaa, count: 1))
    let whileWaiting = server.receive("41 02 1234 aa b1 78", at: .ms(10_001))
    #expect(whileWaiting == .none)
    #expect(server.sent() == [[UInt8](hex: "60 00 1234")])

    let deadlineAfterAnswer = server.endpoint.nextDeadline
    let firstDeadline = try #require(deadlineAfterAnswer)
    #expect((.ms(12_000) ... .ms(13_000)).contains(firstDeadline))
    let polled = server.poll(at: firstDeadline)
    #expect(polled == .none)
    #expect(server.sent() == separate)
    let acknowledged = server.receive("60 00 " + hex(parsed.messageID), at: firstDeadline)
    #expect(acknowledged == .none)
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
    let afterwards = server.receive("41 02 1234 aa b1 78", at: .ms(20_000))
    #expect(afterwards == .none)
    #expect(server.sent() == [[UInt8](hex: "60 00 1234")])
  }

  @Test func `a separate answer is given up in silence after four repetitions`() throws {
    var server = Server()
    let id = try server.request("40 02 1234")
    server.endpoint.acknowledge(id, sink: &server.wire)
    server.respond(to: id, .changed)
    _ = server.sent()
    while let deadline = server.endpoint.nextDeadline {
      let event = server.poll(at: deadline)
      #expect(event == .none)
    }
    #expect(server.sent().count == 4)
  }

  @Test func `a reset ends a separate answer`() throws {
    var server = Server()
    let id = try server.request("40 02 1234")
    server.endpoint.acknowledge(id, sink: &server.wire)
    server.respond(to: id, .changed)
    let messageID = try Parsed(server.sent()[1]).messageID
    let stranger = server.receive("70 00 " + hex(messageID), from: Peer(ipv4: 1, port: 1))
    #expect(stranger == .none)
    let before = server.endpoint.nextDeadline
    #expect(before != nil)
    let reset = server.receive("70 00 " + hex(messageID))
    #expect(reset == .none)
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
  }

  @Test func `a slow answer to a non-confirmable request needs no acknowledgement`() throws {
    var server = Server()
    let id = try server.request("50 02 1234")
    server.endpoint.acknowledge(id, sink: &server.wire)
    #expect(server.sent() == [])
    server.respond(to: id, .changed)
    #expect(try Parsed(server.sent()[0]).type == .nonConfirmable)
  }

  @Test func `a request is answered once`() throws {
    var server = Server()
    let id = try server.request("40 01 1234")
    server.respond(to: id, .content)
    server.respond(to: id, .notFound)
    server.endpoint.acknowledge(id, sink: &server.wire)
    #expect(server.sent() == [[UInt8](hex: "60 45 1234")])
  }

  @Test(arguments: [
    // A ping; an empty message with a token; reserved classes; a bad option; a truncated token.
    ("40 00 1234", "70 00 1234"), ("41 00 1234 aa", "70 00 1234"), ("40 21 1234", "70 00 1234"),
    ("40 e0 1234", "70 00 1234"), ("40 01 1234 f0", "70 00 1234"), ("48 01 1234 00", "70 00 1234"),
    ("49 01 1234", "70 00 1234"), ("40 01 1234 ff", "70 00 1234"),
    // A response that nobody asked for.
    ("41 45 1234 aa", "70 00 1234"),
    // The same where no answer is due.
    ("50 00 1234", ""), ("50 01 1234 f0", ""), ("60 21 1234", ""), ("70 00 1234 00", ""),
    ("51 45 1234 aa", ""),
    ("61 45 1234 aa", ""), ("71 45 1234 aa", ""), ("60 00 1234", ""), ("70 00 1234", ""), ("60 01 1234", ""),
    ("70 01 1234", ""), ("00 01 1234", ""), ("80 01 1234", ""), ("c0 00 1234", ""), ("40 01 12", ""),
    ("", ""),
  ])
  func `what is no request is reset if it is confirmable, else ignored`(datagram: String, answer: String) {
    var server = Server()
    let event = server.receive(datagram)
    #expect(event == .none)
    #expect(server.sent() == (answer.isEmpty ? [] : [[UInt8](hex: answer)]))
    let deadline = server.endpoint.nextDeadline
    #expect(deadline == nil)
  }

  @Test(arguments: [
    // OSCORE, If-Match, If-None-Match, an unknown one, a long number.
    ("90", Code.badOption, "option 9"), ("11 aa", .badOption, "option 1"), ("50", .badOption, "option 5"),
    ("d0 06", .badOption, "option 19"), ("e0 fef2", .badOption, "option 65535"),
    // Accept of three bytes, Uri-Port of three, two hosts, two Accepts.
    ("d3 04 000000", .badOption, "option 17"), ("73 000000", .badOption, "option 7"),
    ("31 61 01 61", .badOption, "option 3"), ("d0 04 00", .badOption, "option 17"),
    // Block2 of four bytes, twice, with the reserved size.
    ("d4 0a 00000000", .badOption, "option 23"), ("d0 0a 00", .badOption, "option 23"),
    ("d1 0a 07", .badRequest, "option 23"), ("d1 0a 0f", .badRequest, "option 23"),
    // Block1: reserved size, a first block of several, a later one.
    ("d1 0e 07", .badRequest, "option 27"), ("d1 0e 0e", .requestEntityTooLarge, ""),
    ("d1 0e 16", .requestEntityIncomplete, ""),
    // Proxies.
    ("d1 16 61", .proxyingNotSupported, ""), ("d1 1a 61", .proxyingNotSupported, ""),
  ])
  func `an option that must be understood and is not is refused by its number`(
    options: String, code: Code, text: String
  ) throws {
    var server = Server()
    let event = server.receive("41 01 1234 aa" + options)
    #expect(event == .none)
    let sent = server.sent()
    let answer = try Parsed(sent[0])
    #expect(answer.type == .acknowledgement && answer.messageID == 0x1234)
    #expect(answer.token == Token(value: 0xaa, count: 1))
    #expect(answer.code == code)
    #expect(String(decoding: answer.payload, as: UTF8.self) == text)
    // From memory.
    let again = server.receive("41 01 1234 aa" + options)
    #expect(again == .none)
    #expect(server.sent() == sent)
    // In silence.
    let nonConfirmable = server.receive("51 01 1235 aa" + options)
    #expect(nonConfirmable == .none)
    #expect(server.sent() == [])
  }

  @Test func `a path segment of more than 255 bytes is refused`() throws {
    var server = Server()
    let longest = server.receive("40 01 0001 bd f2" + String(repeating: "61", count: 255))
    guard case .request = longest else { throw Server.NotHandedOut() }
    let longer = server.receive("40 01 0002 bd f3" + String(repeating: "61", count: 256))
    #expect(longer == .none)
    #expect(try Parsed(server.sent()[0]).code == .badOption)
  }

  @Test(arguments: [
    // Host, port, path, query, Accept; Block2; a whole body as Block1; Observe; Size1; unknown but elective.
    "31 61 42 1633 42 6161 42 6262 02 783d 20", "d1 0a 02", "d1 0e 06", "60", "d1 2f 05", "e1 fef1 00",
  ])
  func `options that are known or may be ignored are handed out`(options: String) throws {
    var server = Server()
    _ = try server.request("40 01 1234" + options)
    #expect(server.sent() == [])
  }

  @Test func `the same message id means another request from another peer, or after its lifetime`() throws {
    var server = Server()
    let first = try server.request("40 01 1234")
    server.respond(to: first)
    _ = try server.request("40 01 1234", from: Peer(ipv4: 0x0a00_0002, port: 40001))
    _ = try server.request("40 01 1234", from: Peer(ipv4: 0x0a00_0003, port: 40000))
    let late = server.receive("40 01 1234", at: .ms(246_999))
    #expect(late == .none)
    _ = try server.request("40 01 1234", at: .ms(247_000))
  }

  @Test func `when all exchanges are being worked on, further requests are told to come later`() throws {
    var server = Server()
    var pending: [RequestID] = []
    for index in 0..<4 { pending.append(try server.request("40 02 000\(index)")) }
    let refused = server.receive("41 02 0009 aa")
    #expect(refused == .none)
    let silent = server.receive("51 02 000a aa")
    #expect(silent == .none)
    #expect(server.sent() == [[UInt8](hex: "61 a3 0009 aa")])
    server.respond(to: pending[2])
    _ = try server.request("41 02 0009 aa")
  }

  @Test func `the oldest answer is forgotten first`() throws {
    var server = Server()
    for index in 0..<5 {
      let id = try server.request("40 02 000\(index)", at: .ms(UInt64(index)))
      server.respond(to: id, at: .ms(UInt64(index)))
    }
    _ = server.sent()
    for index in 1..<5 {
      let known = server.receive("40 02 000\(index)", at: .ms(10))
      #expect(known == .none)
    }
    #expect(server.sent().count == 4)
    // Its answer is not known any more, but it must not run twice.
    let forgotten = server.receive("40 02 0000", at: .ms(10))
    #expect(forgotten == .none)
    #expect(server.sent() == [])
    _ = try server.request("40 02 0000", at: .ms(247_000))
  }

  @Test func `what may run again is forgotten before what must not`() throws {
    var server = Server()
    for (index, code) in ["02", "01", "02", "02", "02"].enumerated() {
      let id = try server.request("40 \(code) 000\(index)", at: .ms(UInt64(index)))
      server.respond(to: id, at: .ms(UInt64(index)))
    }
    _ = server.sent()
    let first = server.receive("40 02 0000", at: .ms(10))
    #expect(first == .none)
    #expect(server.sent().count == 1)
    _ = try server.request("40 01 0001", at: .ms(10))
  }

  @Test func `the last answer of every client outlives those of a client that has gone on`() throws {
    var server = Server()
    let others = (1...3).map { Peer(ipv4: UInt32($0), port: 1) }
    for peer in others {
      let id = try server.request("40 02 0001", from: peer)
      server.respond(to: id)
    }
    for index in 0..<9 {
      let id = try server.request("40 02 010\(index)", at: .ms(1))
      server.respond(to: id, at: .ms(1))
    }
    _ = server.sent()
    for peer in others {
      let again = server.receive("40 02 0001", from: peer, at: .ms(2))
      #expect(again == .none)
    }
    #expect(server.sent().count == 3)
  }

  @Test func `a late answer to a request whose entry was taken again goes nowhere`() throws {
    var server = Server()
    let old = try server.request("40 02 0000")
    server.respond(to: old)
    for index in 1..<8 {
      let id = try server.request("40 02 000\(index)", at: .ms(UInt64(index)))
      server.respond(to: id)
    }
    _ = server.sent()
    server.respond(to: old, .notFound)
    #expect(server.sent() == [])
  }
}

@Suite struct ServedBlockRules {
  let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 3) }

  func answer(_ request: String, _ code: Code = .content, body: [UInt8], datagramBytes: Int = 1152) throws
    -> Parsed
  {
    var server = Server(datagramBytes: datagramBytes)
    let id = try server.request(request)
    server.respond(to: id, code, body, format: .octetStream)
    return try Parsed(server.sent()[0])
  }

  func block(_ message: Parsed) -> BlockOption? {
    message.values(of: .block2).first.flatMap { BlockOption(rawValue: $0.reduce(0) { $0 << 8 | UInt32($1) }) }
  }

  @Test func `RIOT's first and later requests, without a token, get their blocks`() throws {
    let first = try answer("40 01 0001 b1 6d c1 02", body: body)
    #expect(block(first) == BlockOption(number: 0, more: true, sizeExponent: 2))
    #expect(first.payload == Array(body[..<64]))
    #expect(first.values(of: .size2) == [[0x03, 0xe8]])
    #expect(first.values(of: .entityTag).count == 1)
    let second = try answer("40 01 0002 b1 6d c1 12", body: body)
    #expect(block(second) == BlockOption(number: 1, more: true, sizeExponent: 2))
    #expect(second.payload == Array(body[64..<128]))
    #expect(second.values(of: .size2) == [])
    #expect(second.values(of: .entityTag) == first.values(of: .entityTag))
    let last = try answer("40 01 0010 b1 6d c1 f2", body: body)
    #expect(block(last) == BlockOption(number: 15, more: false, sizeExponent: 2))
    #expect(last.payload == Array(body[960...]))
  }

  @Test func `another body has another entity tag`() throws {
    let one = try answer("40 01 0001 d1 0a 02", body: body)
    let other = try answer("40 01 0001 d1 0a 02", body: body + [0])
    #expect(one.values(of: .entityTag) != other.values(of: .entityTag))
  }

  @Test func `a short body goes whole unless a block was asked for`() throws {
    let whole = try answer("40 01 0001", body: body)
    #expect(whole.payload == body)
    #expect(whole.options == [.init(.contentFormat, [42])])
    let asked = try answer("40 01 0001 d1 0a 06", body: body)
    #expect(asked.payload == body)
    #expect(block(asked) == BlockOption(number: 0, more: false, sizeExponent: 6))
    let empty = try answer("40 01 0001 d1 0a 06", body: [])
    #expect(block(empty) == BlockOption(number: 0, more: false, sizeExponent: 6))
  }

  @Test func `a body of more than 1024 bytes goes in blocks even if none was asked for`() throws {
    let edge = try answer("40 01 0001", body: [UInt8](repeating: 1, count: 1024))
    #expect(block(edge) == nil && edge.payload.count == 1024)
    let long = try answer("40 01 0001", body: [UInt8](repeating: 1, count: 1025))
    #expect(block(long) == BlockOption(number: 0, more: true, sizeExponent: 6) && long.payload.count == 1024)
    #expect(long.values(of: .size2) == [[4, 1]])
  }

  @Test func `blocks are as small as the datagrams allow, at the offset that was asked for`() throws {
    // Block 1 of 256 bytes, from a server whose datagrams hold 64.
    let answer = try answer("40 01 0001 d1 0a 14", body: body, datagramBytes: 108)
    #expect(block(answer) == BlockOption(number: 4, more: true, sizeExponent: 2))
    #expect(answer.payload == Array(body[256..<320]))
  }

  @Test func `the smallest datagrams hold every option and a block of 16 bytes`() throws {
    var server = Server(datagramBytes: 60)
    let id = try server.request("48 02 0001 ffffffffffffffff d1 0a 00 41 00")
    server.respond(
      to: id, .content, [UInt8](repeating: 1, count: 100), format: ContentFormat(rawValue: 65535),
      maxAge: .max)
    let answer = try Parsed(server.sent()[0])
    #expect(answer.payload.count == 16)
    #expect(answer.options.count == 6)
  }

  @Test(arguments: ["d1 0a 42", "d2 0a 0102", "d3 0a fffff6"])
  func `a block beyond the end is refused`(block: String) throws {
    let answer = try answer("40 01 0001 " + block, body: Array(body[..<256]))
    #expect(answer.code == .badOption && answer.payload == [])
  }

  @Test func `an error is sent whole whatever block was asked for`() throws {
    let problem = [UInt8](repeating: 0xa1, count: 60)
    let answer = try answer("40 01 0001 d1 0a 30", .notFound, body: problem)
    #expect(answer.code == .notFound && answer.payload == problem)
    #expect(block(answer) == nil)
  }

  @Test func `a whole request body in Block1 is confirmed by its number`() throws {
    let answer = try answer("40 02 0001 d1 0e 06 ff 01", .changed, body: [])
    #expect(answer.values(of: .block1) == [[6]])
  }
}

func hex(_ value: UInt16) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 4 - digits.count) + digits
}
