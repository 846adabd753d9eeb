import CoAP
import DeviceProtocol
import EarlierPaths
import TestSupport
import Testing

@testable import DeviceClient
@testable import DeviceServer

/// A device whose requests come by way of the earlier paths.
private struct EarlierDevice: ~Copyable {
  var device: Device
  var paths = EarlierPaths(network: Wire())

  init(_ device: consuming Device) { self.device = device }

  /// Hands a datagram in; returns what is sent at once.
  mutating func receive(_ message: Parsed, from peer: Peer = Device.client) throws -> [Parsed] {
    let datagram = try message.encoded()
    var storage = [UInt8](repeating: 0, count: 1152)
    var span = storage.mutableSpan
    switch paths.translate(datagram.span, from: peer, into: &span) {
    case .none: device.server.receive(datagram.span, from: peer, sink: &paths)
    case .rewritten(let count):
      device.server.receive(storage.span.extracting(0..<count), from: peer, sink: &paths)
    case .refused: break
    }
    for _ in 0..<10_000 where !device.server.runPrograms(sink: &paths) { break }
    return try sent()
  }

  mutating func sent() throws -> [Parsed] {
    defer { paths.network = Wire() }
    return try paths.network.datagrams.map { try Parsed($0.bytes) }
  }

  /// What a request is answered: code and text.
  mutating func answer(
    _ code: Code, _ path: String, _ payload: String = "", type: MessageType = .confirmable
  ) throws -> (code: Code, text: String, message: Parsed) {
    let message = device.message(code, path, payload: Array(payload.utf8), type: type)
    let answers = try receive(message)
    guard answers.count == 1, answers[0].token == message.token,
      type != .confirmable || answers[0].messageID == message.messageID
    else { throw Device.NoSingleAnswer(answers: answers) }
    return (answers[0].code, String(decoding: answers[0].payload, as: UTF8.self), answers[0])
  }
}

@Suite struct EarlierPathRules {
  /// Prints r2, the length of its context, with a helper; returns -3.
  private static let printer =
    Assembly.move(1, 7) + Assembly.call(3) + Assembly.move(0, -3) + Assembly.exit

  private func device(_ image: [UInt8] = printer, slot: UInt16 = 1) throws -> EarlierDevice {
    var device = try Device()
    _ = try device.install(image, slot: slot)
    return EarlierDevice(device)
  }

  @Test func `a short execution returns r0 as the earlier system wrote it`() throws {
    var device = try device()
    // Slot 1, the extended header, checked when it runs; helper 3.
    let answer = try device.answer(.post, "short-execution", "01c203")
    #expect(answer.code == .changed && answer.text == "{\"result\": -3}")
    #expect(answer.message.values(of: .contentFormat).isEmpty)
    #expect(String(decoding: device.device.world.console, as: UTF8.self) == "[DEBUG]: 7\n")
    let unconfirmed = try device.answer(.post, "short-execution", "01C203ff", type: .nonConfirmable)
    #expect(unconfirmed.text == "{\"result\": -3}")
  }

  @Test func `the list of helpers is the request's, or the image's`() throws {
    var device = try device()
    for payload in ["0002", "000201", "00021112"] {
      let refused = try device.answer(.post, "short-execution", payload).message
      #expect(Refusal(refused).rule == Int(RequestRule.helperNotAllowed.rawValue))
    }
    // Bit 9: the list in the image, and this one has none that says less.
    let granted = try device.answer(.post, "short-execution", "0202")
    #expect(granted.text == "{\"result\": -3}")
  }

  @Test func `compiled programs are asked for in the device's words`() throws {
    var device = try device()
    let refused = try device.answer(.post, "short-execution", "0c6203").message
    #expect(Refusal(refused).rule == Int(CompilationRule.noNativeProcessor.rawValue))
    let missing = try device.answer(.post, "short-execution", "046203").message
    #expect(Refusal(missing).stage == .compilation)
  }

  @Test func `a program that goes wrong is a reason, and the next request works`() throws {
    var device = try device(Assembly.blur(2) + Assembly.loadByte(0, from: 2) + Assembly.exit)
    for _ in 0..<3 {
      let trapped = try device.answer(.post, "short-execution", "0002").message
      #expect(trapped.code == .internalServerError && Refusal(trapped).stage == .execution)
    }
    let empty = try device.answer(.post, "short-execution", "0004").message
    #expect(Refusal(empty).rule == Int(RequestRule.emptySlot.rawValue))
    let beyond = try device.answer(.post, "short-execution", "001e").message
    #expect(Refusal(beyond).rule == Int(RequestRule.unknownSlot.rawValue))
  }

  @Test func `a program that answers the request does so itself`() throws {
    var device = try device(Assembly.returning(0))
    let answer = try device.answer(.post, "with_coap_pkt", "0202").message
    #expect(Refusal(answer).rule == Int(ExecutionRule.noResponse))
  }

  @Test func `a long run is started, is seen, and can be ended`() throws {
    let endless = Assembly.move(0, 0) + Assembly.instruction(0x15, destination: 2, offset: -1) + Assembly.exit
    var device = try device(endless, slot: 3)
    let idle = try device.answer(.get, "running_vm")
    #expect(idle.code == .content && idle.text == "[false, false, false, false, false]")
    let started = try device.answer(.post, "long-running", "0206")
    #expect(started.code == .changed && started.text == "VM Execution request sent successfully!")
    let running = try device.answer(.get, "running_vm")
    #expect(running.text == "[false, false, false, true, false]")
    let again = try device.answer(.post, "long-running", "0206").message
    #expect(Refusal(again).rule == Int(RequestRule.slotBusy.rawValue))
    let ended = try device.answer(.delete, "slots/3/instance").code
    #expect(ended == .deleted)
  }

  @Test func `a pull fetches the manifest from there, and names it in the end`() throws {
    var device = EarlierDevice(try Device())
    let image = Assembly.returning(9)
    let envelope = try device.device.envelope(for: image, slot: 2)
    let pull = device.device.message(
      .post, "suit/pull", payload: Array("fe80cc9a73fffe4a47f6|suit_manifest0.signed|6|1c0||0".utf8))
    var sent = try device.receive(pull)
    #expect(sent.map(\.code) == [.get, .empty])
    let server = Peer(high: 0xfe80_0000_0000_0000, low: 0xcc9a_73ff_fe4a_47f6, port: 5683)
    var fileServer = Endpoint<8>(seed: 5)
    while let request = sent.first, request.code == .get {
      var answers = Wire()
      let datagram = try request.encoded()
      guard
        case .request(let id) = fileServer.receive(
          datagram.span, from: Device.client, at: device.device.world.now, sink: &answers)
      else { return }
      let name = request.values(of: .uriPath)
      let file = name == [Array("suit_manifest0.signed".utf8)] ? envelope : image
      fileServer.respond(
        to: id, Response(.content), body: file.span, at: device.device.world.now, sink: &answers)
      let isImage = name == [Array("image".utf8)]
      let bytes = answers.datagrams[0].bytes
      device.device.server.receive(
        bytes.span, from: isImage ? Device.fileServer : server, sink: &device.paths)
      sent = try device.sent()
    }
    let answer = try #require(sent.first)
    #expect(answer.code == .changed && answer.token == pull.token && answer.type == .confirmable)
    #expect(
      String(decoding: answer.payload, as: UTF8.self)
        == "SUIT pull request processed successfully for manifest: suit_manifest0.signed")
    let size = try SlotDescription(try device.device.value(.get, "slots/2")).size
    #expect(size == image.count)
  }

  @Test(arguments: [
    "", "0", "01c", "xxxx", "01c0g1", "01c01", "-1c0", "01c0 1", "\u{1F600}", "0x1c", "01c003\n",
  ])
  func `an execution that is not understood is refused`(payload: String) throws {
    var device = try device()
    for path in ["short-execution", "with_coap_pkt", "long-running"] {
      let answer = try device.answer(.post, path, payload)
      #expect(answer.code == .badRequest && answer.text == "the payload is not understood")
      let unconfirmed = try device.answer(.post, path, payload, type: .nonConfirmable)
      #expect(unconfirmed.code == .badRequest && unconfirmed.message.type == .nonConfirmable)
    }
    let starts = try device.device.instance(1).starts
    #expect(starts == 0)
  }

  @Test(arguments: [
    "", "|||||", "fe80cc9a|m|6|1c0|", "fe80cc9a|m|6|1c0||0|", "fe80cc9|m|6|1c0||0", "fe80|m|6|1c0||0",
    "fe80cc9x|m|6|1c0||0", "fe80cc9a||6|1c0||0", "fe80cc9a|m|x|1c0||0", "fe80cc9a|m||1c0||0",
    "fe80cc9a|m|-6|1c0||0", "fe80cc9a|m|6|1g0||0", "fe80cc9a|m|6|||0", "fe80cc9a|m|6|12345||0",
    "fe80cc9a|m|6|1c0|1|0", "fe80cc9a|m|6|1c0|zz|0", "fe80cc9a|m|6|1c0||2", "fe80cc9a|m|6|1c0||",
    "00112233445566778899aabbccddeeff0011|m|6|1c0||0",
    "fe80cc9a|mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm|6|1c0||0",
  ])
  func `a pull that is not understood is refused`(payload: String) throws {
    var device = EarlierDevice(try Device())
    let answer = try device.answer(.post, "suit/pull", payload)
    #expect(answer.code == .badRequest && answer.text == "the payload is not understood")
    let progress = try ProgressDescription(try device.device.value(.get, "suit"))
    #expect(progress.state == "idle")
  }

  @Test func `another method is not allowed, another path is none of these`() throws {
    var device = try device()
    for (code, path) in [
      (Code.get, "short-execution"), (.put, "suit/pull"), (.post, "running_vm"), (.delete, "long-running"),
    ] {
      let answer = try device.answer(code, path)
      #expect(answer.code == .methodNotAllowed)
    }
    for path in ["short-execution/x", "short", "suit/pull/x", "suitpull", "running_vm/", "riot/board"] {
      let answer = try device.answer(.get, path).message
      #expect(answer.code == .notFound, "\(path)")
    }
    // Requests for the device's own resources are answered as ever, also with a token that was used before.
    var message = device.device.message(.post, "short-execution", payload: Array("000203".utf8))
    _ = try device.receive(message)
    let token = message.token
    message = device.device.message(.post, "slots/1/run")
    message.token = token
    let answer = try #require(try device.receive(message).first)
    #expect(answer.values(of: .contentFormat) == [[60]])
  }

  @Test func `a request that comes twice runs once and is answered twice the same`() throws {
    var device = try device()
    let message = device.device.message(.post, "short-execution", payload: Array("000203".utf8))
    let first = try device.receive(message)
    let second = try device.receive(message)
    #expect(first.map(\.payload) == second.map(\.payload) && first.count == 1)
    let starts = try device.device.instance(1).starts
    #expect(starts == 1)
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `whatever comes for these paths, the device goes on`(seed: UInt64) throws {
    var random = Repeatable(seed: seed)
    var device = try device()
    let paths = ["suit/pull", "short-execution", "with_coap_pkt", "long-running", "running_vm"]
    for _ in 0..<500 {
      var payload = random.pick([
        "01c203", "0002", "0c6201", "fe80cc9a73fffe4a47f6|m|6|1c0||1", "", "0206ffffff",
      ])
      payload += random.pick(["", "", "1", "|", String(repeating: "03", count: 300)])
      let message = device.device.message(
        random.pick([.get, .post, .put]), random.pick(paths), payload: Array(payload.utf8),
        accept: random.pick([nil, 0, 50, 60]), type: random.pick([.confirmable, .nonConfirmable]))
      var bytes = try message.encoded()
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if let damaged = try? Parsed(bytes) {
        _ = try? device.receive(
          damaged, from: Peer(ipv4: UInt32.random(in: 0...3, using: &random), port: 5683))
      }
      device.device.world.now = device.device.world.now + UInt64.random(in: 0...3000, using: &random)
      device.device.server.poll(sink: &device.paths)
      _ = try? device.sent()
    }
    device.device.world.now = device.device.world.now + 300_000
    device.device.server.poll(sink: &device.paths)
    for _ in 0..<10_000 where !device.device.server.runPrograms(sink: &device.paths) { break }
    _ = try? device.sent()
    _ = try device.answer(.delete, "slots/1/instance")
    let answer = try device.answer(.post, "short-execution", "000203")
    #expect(answer.text == "{\"result\": -3}")
  }
}
