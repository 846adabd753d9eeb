import CoAP
import TestSupport
import Testing

@testable import DeviceClient

@Suite struct Noise {
  @Test(arguments: 0..<8 as Range<UInt64>)
  func `whatever a file server answers, the deployment ends and the next one succeeds`(seed: UInt64) throws {
    var random = Repeatable(seed: seed)
    var device = try Device()
    _ = try device.install(Assembly.returning(42))
    for round in 0..<40 {
      let envelope = try device.envelope(for: Assembly.returning(Int32(round)))
      var requests = [try device.trigger()]
      var isOver = false
      for _ in 0..<200 where !isOver {
        var sent: [Parsed] = []
        if let request = requests.last, Int.random(in: 0..<8, using: &random) > 0 {
          let answer = try strangeAnswer(to: request, envelope, using: &random)
          sent = try device.receive(answer, from: Device.fileServer)
        } else {
          sent = try device.wait(UInt64.random(in: 0...30_000, using: &random))
        }
        for message in sent {
          if message.code == .get { requests.append(message) }
          // A damaged answer may have become a request, and is answered in an acknowledgement.
          if message.code.isResponse, message.type == .confirmable {
            isOver = true
            let refusal = Refusal(message)
            #expect(refusal.stage == .transfer || refusal.stage == .manifest, "\(refusal)")
            try device.acknowledge(message)
            break
          }
        }
      }
      if !isOver { isOver = try device.wait(100_000).contains { $0.code.isResponse } }
      #expect(isOver)
      _ = try device.wait(100_000)
      let result = try device.result(of: 1)
      #expect(result == 42)
    }
    let installed = try device.install(Assembly.returning(43))
    #expect(installed.code == .changed)
    let result = try device.result(of: 1)
    #expect(result == 43)
  }

  /// An answer that fits the request's token and little else.
  private func strangeAnswer(
    to request: Parsed, _ envelope: [UInt8], using random: inout Repeatable
  ) throws -> [UInt8] {
    let types = [MessageType.acknowledgement, .acknowledgement, .confirmable, .nonConfirmable, .reset]
    var answer = Parsed(
      type: random.pick(types), code: random.pick([.content, .content, .valid, .notFound, .empty]),
      messageID: random.pick([request.messageID, request.messageID, 7]))
    if !answer.code.isEmpty {
      answer.token = request.token
      let value = UInt32.random(in: 0...0xff, using: &random)
      if Bool.random(using: &random) { answer.options.append(.init(.entityTag, [random.pick([1, 1, 2])])) }
      if Bool.random(using: &random) {
        answer.options.append(.init(.block2, [random.pick([UInt8(value), 0x08, 0x0e, 0x06, 0x18])]))
      }
      answer.payload = Array(envelope.prefix(random.pick([0, 16, 32, 64, 1000])))
    }
    var bytes = try answer.encoded()
    if Int.random(in: 0..<4, using: &random) == 0 {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    return bytes
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `whatever requests come in, the device stays sound`(seed: UInt64) throws {
    var random = Repeatable(seed: 100 + seed)
    var device = try Device()
    let paths = Array(ResourceRules.paths) + ResourceRules.members + ["slots/3", "nowhere", "slots/2/run"]
    for _ in 0..<3000 {
      let message = device.message(
        random.pick([.get, .post, .delete, .put, Code(0, 7)]), random.pick(paths),
        payload: random.pick([[], [1], Array("coap://10.0.0.3/x".utf8), Array(repeating: 1, count: 1200)]),
        accept: random.pick([nil, 0, 60, 40, 50]), block2: nil,
        type: random.pick([.confirmable, .nonConfirmable]))
      var bytes = try message.encoded()
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try device.receive(bytes, from: Peer(ipv4: UInt32.random(in: 0...3, using: &random), port: 5683))
      if Int.random(in: 0..<16, using: &random) == 0 {
        _ = try device.wait(UInt64.random(in: 0...20_000, using: &random))
      }
    }
    _ = try device.wait(300_000)
    let installed = try device.install(Assembly.returning(43))
    #expect(installed.code == .changed)
    let result = try device.result(of: 1)
    #expect(result == 43)
    #expect(device.server.nextDeadline == nil)
  }
}
