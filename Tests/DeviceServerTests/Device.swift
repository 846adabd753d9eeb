import Bytes
import CoAP
import DeviceServer
import Platform
import Runtime
import SimulatedPeripherals
import TestSupport
import Toolchain

import CoAPTransport
@testable import DeviceClient

/// What surrounds the device of a test: the time, set by hand, and what came out of its console.
final class World {
  var now = Instant(milliseconds: 1000)
  var console: [UInt8] = []
  /// Where the device keeps its slots, if it does.
  var flash: SimulatedFlash?
  /// How often the device has asked to be started anew.
  var restarts = 0
}

struct FakeBoard: Board {
  typealias Crypto = HostCryptography
  typealias Threads = CooperativeThreads

  static var name: StaticString { "fake" }
  let world: World
  var peripherals = SimulatedPeripherals(course: .steady)

  var now: Instant { world.now }
  var slotStorage: SimulatedFlash? { world.flash }
  var microseconds: UInt64 { world.now.milliseconds * 1000 }

  func makeThreads(count: Int) -> CooperativeThreads { CooperativeThreads(count: count) }

  static var canRestart: Bool { true }
  mutating func restart() { world.restarts += 1 }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    world.console += Array(copying: bytes)
  }
}

/// Collects what an endpoint sends.
struct Wire: DatagramSink {
  var datagrams: [(bytes: [UInt8], peer: Peer)] = []

  mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    datagrams.append((Array(copying: datagram), peer))
  }
}

/// A device server without a network: datagrams go in and come out by hand.
struct Device: ~Copyable {
  static let key = SigningKey()
  static let client = Peer(ipv4: 0x0a00_0002, port: 40000)
  static let fileServer = Peer(ipv4: 0x0a00_0003, port: 5683)
  static let vendor = UUIDv5.vendorID(domain: "example.com")

  let world: World
  var server: DeviceServer<FakeBoard>
  private var wire = Wire()
  private var nextMessageID: UInt16 = 100
  private var sequenceNumber: UInt32 = 0

  init(flash: SimulatedFlash? = nil, policy: AccessPolicy = AccessPolicy()) throws {
    let world = World()
    world.flash = flash
    self.world = world
    server = DeviceServer(
      board: FakeBoard(world: world),
      provisioning: try makeProvisioning(
        trusting: [Self.key.publicKey], vendor: "example.com", deviceClass: "fake", serial: 7),
      policy: policy)
  }

  // MARK: Datagrams

  /// Hands a datagram in; returns what the device sends at once.
  mutating func receive(
    _ datagram: [UInt8], from peer: Peer = Self.client, isMulticast: Bool = false
  ) throws -> [Parsed] {
    server.receive(datagram.span, from: peer, isMulticast: isMulticast, sink: &wire)
    runPrograms()
    return try sent()
  }

  /// Lets programs run until all wait for something, or have run long.
  private mutating func runPrograms() {
    for _ in 0..<10_000 where !server.runPrograms(sink: &wire) { return }
  }

  /// Lets time pass, with everything that falls due in it; returns what the device sends meanwhile.
  mutating func wait(_ milliseconds: UInt64) throws -> [Parsed] {
    let end = world.now + milliseconds
    while let deadline = server.nextDeadline, deadline <= end {
      world.now = max(deadline, world.now)
      server.poll(sink: &wire)
      runPrograms()
    }
    world.now = end
    return try sent()
  }

  private mutating func sent() throws -> [Parsed] {
    defer { wire.datagrams = [] }
    return try wire.datagrams.map { try Parsed($0.bytes) }
  }

  // MARK: Requests

  /// A request with a message id and a token of its own.
  mutating func message(
    _ code: Code, _ path: String, queries: [String] = [], payload: [UInt8] = [], accept: UInt8? = nil,
    block2: BlockOption? = nil, type: MessageType = .confirmable
  ) -> Parsed {
    nextMessageID += 1
    var message = Parsed(type: type, code: code, messageID: nextMessageID)
    message.token = Token(value: UInt64(nextMessageID), count: 2)
    message.options = path.split(separator: "/", omittingEmptySubsequences: false).map {
      Parsed.Option(.uriPath, Array($0.utf8))
    }
    message.options += queries.map { Parsed.Option(.uriQuery, Array($0.utf8)) }
    if let accept { message.options.append(Parsed.Option(.accept, accept == 0 ? [] : [accept])) }
    if let block2 {
      message.options.append(
        Parsed.Option(.block2, [UInt8(block2.rawValue >> 8), UInt8(block2.rawValue & 0xff)]))
    }
    message.payload = payload
    return message
  }

  /// What the device answers to a request, as the tools see it.
  mutating func value(
    _ code: Code, _ path: String, queries: [String] = [], payload: [UInt8] = []
  ) throws -> Value {
    let answer = try request(code, path, queries: queries, payload: payload)
    guard answer.code.isSuccess, let value = Value(answer.payload) else {
      throw NoSingleAnswer(answers: [answer])
    }
    return value
  }

  /// What runs in a slot.
  mutating func instance(_ slot: Int) throws -> InstanceDescription {
    try InstanceDescription(try value(.get, "slots/\(slot)/instance"))
  }

  /// Which rule of the request's stage it broke; `nil` when it was not refused.
  mutating func refusal(
    _ code: Code, _ path: String, queries: [String] = [], payload: [UInt8] = []
  ) throws -> Refusal? {
    let answer = try request(code, path, queries: queries, payload: payload)
    return answer.code.isSuccess ? nil : Refusal(answer)
  }

  /// Sends a request, which must be answered in its acknowledgement.
  mutating func request(
    _ code: Code, _ path: String, queries: [String] = [], payload: [UInt8] = [], accept: UInt8? = nil,
    block2: BlockOption? = nil
  ) throws -> Parsed {
    let request = message(code, path, queries: queries, payload: payload, accept: accept, block2: block2)
    let answers = try receive(try request.encoded())
    guard answers.count == 1, answers[0].type == .acknowledgement, answers[0].messageID == request.messageID,
      answers[0].token == request.token
    else { throw NoSingleAnswer(answers: answers) }
    return answers[0]
  }

  /// The whole body of a resource, put together from blocks of this size.
  mutating func body(
    of path: String, blockSize: Int, accept: UInt8? = nil, pause milliseconds: UInt64 = 0
  ) throws -> [UInt8] {
    var fetch = BlockwiseFetch(preferredSize: blockSize)
    var body: [UInt8] = []
    while true {
      let answer = try request(.get, path, accept: accept, block2: fetch.next)
      let bytes = try answer.encoded()
      guard case .received(let offset, let isLast) = try fetch.accept(try Message(bytes.span)),
        offset == body.count
      else { throw NoSingleAnswer(answers: [answer]) }
      body += answer.payload
      if isLast { return body }
      world.now = world.now + milliseconds
    }
  }

  // MARK: Deployments

  /// The signed envelope for an image at the file server.
  mutating func envelope(for image: [UInt8], slot: UInt16 = 1, sequenceNumber: UInt32? = nil) throws
    -> [UInt8]
  {
    self.sequenceNumber += 1
    var envelope = ManifestBuilder(
      payload: image, uri: "coap://10.0.0.3/image", slot: slot,
      sequenceNumber: sequenceNumber ?? self.sequenceNumber,
      vendorID: Self.vendor, classID: UUIDv5.classID(vendorID: Self.vendor, name: "fake")
    ).envelope
    try envelope.sign(with: Self.key)
    return envelope.encoded
  }

  /// Sends a trigger, which must be acknowledged; returns the first request to the file server.
  mutating func trigger(_ trigger: Parsed) throws -> Parsed {
    let sent = try receive(try trigger.encoded())
    guard sent.count == 2, sent[0].code == .get, sent[1].code.isEmpty, sent[1].type == .acknowledgement,
      sent[1].messageID == trigger.messageID
    else { throw NoSingleAnswer(answers: sent) }
    return sent[0]
  }

  mutating func trigger() throws -> Parsed {
    let url = Array("coap://10.0.0.3/manifest".utf8)
    let message = message(.post, "suit/trigger", payload: url)
    return try trigger(message)
  }

  /// Serves the files to the device, beginning with `request`, until it sends its response; acknowledges that.
  mutating func serve(_ files: [String: [UInt8]], from request: Parsed) throws -> Parsed {
    var fileServer = Endpoint<8>(seed: 5)
    var request = request
    while true {
      var answers = Wire()
      let datagram = try request.encoded()
      guard
        case .request(let id) = fileServer.receive(
          datagram.span, from: Self.client, at: world.now, sink: &answers)
      else { throw NoSingleAnswer(answers: [request]) }
      let name = String(
        decoding: Array(request.values(of: .uriPath).joined(separator: [0x2f])), as: UTF8.self)
      let file = files[name] ?? []
      fileServer.respond(
        to: id, Response(files[name] == nil ? .notFound : .content), body: file.span, at: world.now,
        sink: &answers)
      let sent = try receive(answers.datagrams[0].bytes, from: Self.fileServer)
      guard sent.count == 1 else { throw NoSingleAnswer(answers: sent) }
      guard sent[0].code.isRequest else {
        try acknowledge(sent[0])
        return sent[0]
      }
      request = sent[0]
    }
  }

  /// Brings an image into a slot; returns the response to the trigger.
  mutating func install(_ image: [UInt8], slot: UInt16 = 1) throws -> Parsed {
    let envelope = try envelope(for: image, slot: slot)
    let first = try trigger()
    return try serve(["manifest": envelope, "image": image], from: first)
  }

  mutating func acknowledge(_ message: Parsed) throws {
    let answers = try receive(
      try Parsed(type: .acknowledgement, code: .empty, messageID: message.messageID).encoded())
    guard answers.isEmpty else { throw NoSingleAnswer(answers: answers) }
  }

  /// What a program's r0 is.
  mutating func result(of slot: Int, context: [UInt8] = []) throws -> Int64 {
    let answer = try request(.post, "slots/\(slot)/run", payload: context)
    guard answer.code == .changed, let value = Value(answer.payload),
      let result = value[.text("result")]?.integer
    else { throw NoSingleAnswer(answers: [answer]) }
    return result
  }

  struct NoSingleAnswer: Error {
    let answers: [Parsed]
  }
}

extension Refusal {
  /// What the tools make of a device's answer.
  init(_ message: Parsed) {
    let format = message.values(of: .contentFormat).first.map {
      $0.reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
    }
    self.init(
      CoAPResponse(
        code: message.code, contentFormat: format.map(ContentFormat.init(rawValue:)), body: message.payload,
        datagrams: DatagramCounts()))
  }
}
