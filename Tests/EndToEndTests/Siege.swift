import Bytes
import CoAP
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import Emulator
import Foundation
import SUIT
import TestSupport
import Testing
import Toolchain

/// A board whose slot 1 holds a program that returns 42, and who wants it to do something else.
struct Siege: Sendable {
  let board: EmulatedBoard
  let device: DeviceClient
  let client: CoAPClient

  /// Starts a board with a program in slot 1, attacks it, and checks that nothing has changed and all still works.
  static func run(_ attack: @escaping @Sendable (Siege) async throws -> Void) async throws {
    try await Board.run { board, device in
      _ = try await deliver(
        image: Assembly.returning(42), to: 1, of: device, signing: Signing(key: Board.key, sequenceNumber: 5))
      let before = try await device.slots()
      try await withClient { client in
        try await attack(Siege(board: board, device: device, client: client))
      }
      let after = try await device.slots()
      // Slot 2 is for programs that are installed and then stopped.
      #expect(after.filter { $0.slot != 2 } == before.filter { $0.slot != 2 })
      #expect(try await device.run(1).result == 42)
      let report = try await deliver(
        image: Assembly.returning(43), to: 1, of: device, signing: Signing(key: Board.key))
      #expect(report.installation.sequence == 6)
      #expect(try await device.run(1).result == 43)
    }
  }

  /// Asks the board for something it must refuse.
  func refusal(_ code: Code, _ path: String, payload: [UInt8] = [], accept: ContentFormat? = nil) async throws
    -> Refusal
  {
    let answer = try await client.request(code, "\(board.url)/\(path)", payload: payload, accept: accept)
    try #require(!answer.code.isSuccess)
    return Refusal(answer)
  }

  /// Has the board pull the manifest at this URL, which it must refuse.
  func refusal(installing url: String) async throws -> Refusal {
    try await refusal { _ = try await device.install(manifest: url) }
  }

  func refusal(
    sourceLocation: SourceLocation = #_sourceLocation, of request: () async throws -> Void
  ) async throws -> Refusal {
    do {
      try await request()
    } catch DeviceError.refused(let refusal) {
      return refusal
    }
    Issue.record("not refused", sourceLocation: sourceLocation)
    throw NotRefused()
  }

  struct NotRefused: Error {}

  /// Runs a program in slot 2, which must be stopped.
  func trap(of image: [UInt8], context: [UInt8] = []) async throws -> Refusal {
    _ = try await deliver(image: image, to: 2, of: device, signing: Signing(key: Board.key))
    return try await refusal { _ = try await device.run(2, context: context) }
  }
}

/// A deployment with something wrong in it. What is not set is right.
struct Forgery: Sendable {
  var image = Assembly.returning(99)
  /// What the server has in place of the image.
  var served: [UInt8]?
  var slot: UInt16 = 1
  var sequenceNumber: UInt32 = 6
  var vendor = Signing.defaultVendor
  var deviceClass = "mps2-an386"
  var key = Board.key
  /// Bytes of the manifest to replace by others before it is signed.
  var replacing: (old: [UInt8], new: [UInt8])?
  /// Changes the signed envelope.
  var tamper: @Sendable ([UInt8]) -> [UInt8] = { $0 }

  func envelope(imageAt uri: String) throws -> [UInt8] {
    let vendorID = UUIDv5.vendorID(domain: vendor)
    var manifest = ManifestBuilder(
      payload: image, uri: uri, slot: slot, sequenceNumber: sequenceNumber, vendorID: vendorID,
      classID: UUIDv5.classID(vendorID: vendorID, name: deviceClass)
    ).envelope.manifest
    if let replacing {
      try #require(replacing.old.count == replacing.new.count)
      let range = try #require(manifest.firstRange(of: replacing.old))
      manifest.replaceSubrange(range, with: replacing.new)
    }
    var envelope = Envelope(manifest: manifest)
    try envelope.sign(with: key)
    return tamper(envelope.encoded)
  }

  /// Serves it and has the board pull it, which it must refuse.
  func refusal(by siege: Siege) async throws -> Refusal {
    try await withDirectory { directory in
      try await withFileServer(directory) { server in
        let root = "coap://10.0.2.2:\(server.port)"
        try write(served ?? image, to: "image", in: directory)
        try write(try envelope(imageAt: "\(root)/image"), to: "manifest", in: directory)
        return try await siege.refusal(installing: "\(root)/manifest")
      }
    }
  }
}

/// A file server that misbehaves as it is told.
final class OddServer: Sendable {
  enum Reply: Sendable {
    /// The block of these bytes that was asked for.
    case bytes([UInt8])
    case code(Code)
    case reset
    /// An answer with an option that nobody knows.
    case unknownOption
    /// These bytes as a datagram.
    case datagram([UInt8])
    /// None until ``release()``, then these bytes.
    case later([UInt8])
  }

  /// Says how to answer a request: its path, its block number, and the datagram itself.
  typealias Script = @Sendable (String, Int) -> Reply

  private let socket: DatagramSocket<OddEngine>
  var port: UInt16 { socket.port }
  /// Where a board sees it.
  var url: String { "coap://10.0.2.2:\(port)" }

  init(_ script: @escaping Script) async throws {
    socket = try await DatagramSocket.open { OddEngine(script: script) }
  }

  /// Answers what was held back.
  func release() async throws {
    try await socket.perform { engine, now, sink in engine.release(at: now, sink: &sink) }
  }

  func close() async { await socket.close() }

  static func run<R>(_ script: @escaping Script, _ body: (OddServer) async throws -> R) async throws -> R {
    let server = try await OddServer(script)
    do {
      let result = try await body(server)
      await server.close()
      return result
    } catch {
      await server.close()
      throw error
    }
  }
}

private struct OddEngine: DatagramEngine, ~Copyable {
  let script: OddServer.Script
  private var endpoint = Endpoint<32>(seed: 3)
  private var held: [(RequestID, [UInt8])] = []

  init(script: @escaping OddServer.Script) {
    self.script = script
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    guard case .request(let id) = endpoint.receive(datagram, from: peer, at: now, sink: &sink),
      let request = try? Parsed(Array(copying: datagram)), let message = try? Message(datagram)
    else { return }
    let path = String(decoding: Array(request.values(of: .uriPath).joined(separator: [0x2f])), as: UTF8.self)
    switch script(path, Int(message.block(.block2)?.number ?? 0)) {
    case .bytes(let bytes):
      endpoint.respond(to: id, Response(.content), body: bytes.span, at: now, sink: &sink)
    case .code(let code):
      endpoint.respond(to: id, Response(code), body: Span(), at: now, sink: &sink)
    case .reset:
      send(Parsed(type: .reset, code: .empty, messageID: request.messageID), to: peer, sink: &sink)
    case .unknownOption:
      var answer = Parsed(type: .acknowledgement, code: .content, messageID: request.messageID)
      answer.token = request.token
      answer.options = [.init(OptionNumber(rawValue: 9), [1])]
      send(answer, to: peer, sink: &sink)
    case .datagram(let bytes):
      sink.send(bytes.span, to: peer)
    case .later(let bytes):
      held.append((id, bytes))
    }
  }

  mutating func release(at now: Instant, sink: inout Outbox) {
    for (id, bytes) in held {
      endpoint.respond(to: id, Response(.content), body: bytes.span, at: now, sink: &sink)
    }
    held = []
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    while endpoint.poll(at: now, sink: &sink) != .none {}
  }

  var nextDeadline: Instant? { mutating get { endpoint.nextDeadline } }

  private func send(_ message: Parsed, to peer: Peer, sink: inout Outbox) {
    guard let bytes = try? message.encoded() else { return }
    sink.send(bytes.span, to: peer)
  }
}

/// A socket that sends whatever bytes it is given, and keeps what comes back.
final class RawSocket: Sendable {
  private let socket: DatagramSocket<Collector>
  private let peer: Peer

  init(to port: UInt16) async throws {
    socket = try await DatagramSocket.open { Collector() }
    peer = Peer(ipv4: 0x7f00_0001, port: port)
  }

  func send(_ datagrams: [[UInt8]]) async throws {
    let peer = peer
    try await socket.perform { _, _, sink in
      for datagram in datagrams { sink.send(datagram.span, to: peer) }
    }
  }

  /// Sends one datagram and waits a moment for the answer.
  func exchange(_ datagram: [UInt8], patience: Duration = .seconds(30)) async throws -> [UInt8]? {
    _ = try await received()
    try await send([datagram])
    let end = ContinuousClock.now + patience
    while ContinuousClock.now < end {
      if let answer = try await received().first { return answer }
      try await Task.sleep(for: .milliseconds(2))
    }
    return nil
  }

  /// What has come since the last call.
  func received() async throws -> [[UInt8]] {
    try await socket.perform { engine, _, _ in engine.take() }
  }

  func close() async { await socket.close() }

  private struct Collector: DatagramEngine, ~Copyable {
    private var datagrams: [[UInt8]] = []

    mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
      datagrams.append(Array(copying: datagram))
    }

    mutating func take() -> [[UInt8]] {
      defer { datagrams = [] }
      return datagrams
    }

    mutating func poll(at now: Instant, sink: inout Outbox) {}
    var nextDeadline: Instant? { nil }
  }
}
