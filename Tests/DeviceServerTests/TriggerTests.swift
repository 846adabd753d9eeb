import CoAP
import DeviceProtocol
import SUIT
import TestSupport
import Testing
import Toolchain

@testable import DeviceClient

@Suite struct TriggerRules {
  @Test func `a trigger is acknowledged at once and answered when the program is installed`() throws {
    var device = try Device()
    let image = Assembly.returning(5)
    let envelope = try device.envelope(for: image)
    let trigger = device.message(.post, "suit/trigger", payload: Array("coap://10.0.0.3/manifest".utf8))
    let first = try device.trigger(trigger)
    #expect(first.values(of: .uriPath) == [Array("manifest".utf8)])
    let response = try device.serve(["manifest": envelope, "image": image], from: first)
    #expect(response.type == .confirmable)
    #expect(response.code == .changed)
    #expect(response.token == trigger.token)
    #expect(response.messageID != trigger.messageID)
    // Acknowledged, so nothing more is sent.
    let later = try device.wait(300_000)
    #expect(later.isEmpty)
    let result = try device.result(of: 1)
    #expect(result == 5)
  }

  @Test func `a trigger that comes again is acknowledged again and starts nothing`() throws {
    var device = try Device()
    let trigger = device.message(.post, "suit/trigger", payload: Array("coap://10.0.0.3/manifest".utf8))
    _ = try device.trigger(trigger)
    let again = try device.receive(try trigger.encoded())
    #expect(again.count == 1)
    #expect(again.first?.type == .acknowledgement)
    #expect(again.first?.code == .empty)
  }

  @Test func `the response is sent until it is acknowledged, and not for ever`() throws {
    var device = try Device()
    let first = try device.trigger()
    let refusal = try device.receive(try answer(to: first, .notFound), from: Device.fileServer)
    #expect(refusal.count == 1)
    let again = try device.wait(10_000)
    #expect(again.count == 2)
    #expect(again.allSatisfy { $0 == refusal[0] })
    let rest = try device.wait(200_000)
    #expect(rest.count == 2)
    #expect(device.server.nextDeadline == nil)
  }

  @Test func `a client that resets the response hears no more of it`() throws {
    var device = try Device()
    let first = try device.trigger()
    let refusal = try device.receive(try answer(to: first, .notFound), from: Device.fileServer)
    let reset = Parsed(type: .reset, code: .empty, messageID: refusal[0].messageID)
    let afterwards = try device.receive(try reset.encoded())
    #expect(afterwards.isEmpty)
    let later = try device.wait(300_000)
    #expect(later.isEmpty)
    let installed = try device.install(Assembly.returning(1))
    #expect(installed.code == .changed)
  }

  @Test func `a second trigger is refused while the first is under way, and taken after it`() throws {
    var device = try Device()
    let first = try device.trigger()
    let url = Array("coap://10.0.0.3/other".utf8)
    let refusal = Refusal(try device.request(.post, "suit/trigger", payload: url))
    #expect(refusal.code == .serviceUnavailable)
    #expect(refusal.stage == .request)
    #expect(refusal.rule == Int(RequestRule.busy.rawValue))
    #expect(
      refusal.description
        == "Busy (5.03): another deployment is under way; try again when it has ended")
    _ = try device.serve([:], from: first)
    let installed = try device.install(Assembly.returning(1))
    #expect(installed.code == .changed)
  }

  @Test func `a file server that never answers ends the deployment after the time of the standard`() throws {
    var device = try Device()
    _ = try device.trigger()
    let start = device.world.now
    var sent: [Parsed] = []
    while device.server.nextDeadline != nil, !sent.contains(where: { $0.code.isResponse }) {
      sent += try device.wait(100)
    }
    // Four repetitions, then the refusal: RFC 7252 §4.8.2, MAX_TRANSMIT_WAIT.
    #expect(sent.count == 5)
    let waited = device.world.now.milliseconds(since: start)
    #expect((62_000...93_100).contains(waited))
    let refusal = Refusal(sent[4])
    #expect(refusal.code == .gatewayTimeout)
    #expect(refusal.stage == .transfer)
    #expect(refusal.rule == Int(TransferRule.noAnswer.rawValue))
    #expect(
      refusal.description
        == "No answer from the file server (5.04): the server in the URL did not answer in time")
    try device.acknowledge(sent[4])
    let installed = try device.install(Assembly.returning(1))
    #expect(installed.code == .changed)
  }

  @Test func `a file server that acknowledges and then falls silent ends the deployment too`() throws {
    var device = try Device()
    let first = try device.trigger()
    let acknowledgement = Parsed(type: .acknowledgement, code: .empty, messageID: first.messageID)
    _ = try device.receive(try acknowledgement.encoded(), from: Device.fileServer)
    let early = try device.wait(92_000)
    #expect(early.isEmpty)
    let sent = try device.wait(1_100)
    #expect(sent.count == 1)
    #expect(Refusal(sent[0]).rule == Int(TransferRule.noAnswer.rawValue))
  }

  @Test func `a file server that answers with a reset or an option nobody knows is named`() throws {
    for (rule, makeAnswer) in [
      (
        TransferRule.reset,
        { (request: Parsed) in Parsed(type: .reset, code: .empty, messageID: request.messageID) }
      ),
      (
        .unknownOption,
        { (request: Parsed) in
          var answer = Parsed(type: .acknowledgement, code: .content, messageID: request.messageID)
          answer.token = request.token
          answer.options = [.init(OptionNumber(rawValue: 9), [1])]
          return answer
        }
      ),
    ] {
      var device = try Device()
      let first = try device.trigger()
      let sent = try device.receive(try makeAnswer(first).encoded(), from: Device.fileServer)
      #expect(sent.count == 1)
      let refusal = Refusal(sent[0])
      #expect(refusal.code == .badGateway)
      #expect(refusal.stage == .transfer)
      #expect(refusal.rule == Int(rule.rawValue))
    }
  }

  @Test func `a response from a stranger is nobody's`() throws {
    var device = try Device()
    let first = try device.trigger()
    let stranger = Peer(ipv4: 0x0a00_0004, port: 5683)
    let sent = try device.receive(try answer(to: first, .notFound), from: stranger)
    #expect(sent.isEmpty)
    let refusal = try device.receive(try answer(to: first, .notFound), from: Device.fileServer)
    #expect(Refusal(refusal[0]).rule == Int(TransferRule.refused.rawValue))
    #expect(
      Refusal(refusal[0]).description
        == "File server refused (5.02): the server in the URL answered with this code (4.04)")
  }

  @Test func `blocks out of order, of the wrong length or too large end the deployment`() throws {
    for (rule, block, length) in [
      (TransferRule.blockSize, BlockOption(number: 0, more: true, sizeExponent: 6), 1000),
      (.blockSize, BlockOption(number: 0, more: false, sizeExponent: 2), 65),
    ] {
      var device = try Device()
      let first = try device.trigger()
      var message = try Parsed(try answer(to: first, .content))
      message.options = [.init(.block2, [UInt8(block.rawValue)])]
      message.payload = Array(repeating: 0, count: length)
      let sent = try device.receive(try message.encoded(), from: Device.fileServer)
      #expect(sent.count == 1)
      let refusal = Refusal(sent[0])
      #expect(refusal.rule == Int(rule.rawValue))
      #expect(refusal.found == Int64(length))
    }
  }

  @Test func `a file server that keeps sending the wrong block is given up`() throws {
    var device = try Device()
    var request = try device.trigger()
    for attempt in 1...4 {
      var message = try Parsed(try answer(to: request, .content))
      message.options = [.init(.block2, [UInt8(3 << 4)])]
      message.payload = [1]
      let sent = try device.receive(try message.encoded(), from: Device.fileServer)
      #expect(sent.count == 1)
      if attempt < 4 {
        #expect(sent[0].code == .get)
        request = sent[0]
      } else {
        #expect(Refusal(sent[0]).rule == Int(TransferRule.wrongBlock.rawValue))
        #expect(Refusal(sent[0]).found == 3)
      }
    }
  }

  @Test func `an envelope that never ends is refused where the buffer does`() throws {
    var device = try Device()
    let first = try device.trigger()
    let response = try device.serve(["manifest": Array(repeating: 0, count: 5000)], from: first)
    let refusal = Refusal(response)
    #expect(refusal.code == .requestEntityTooLarge)
    #expect(refusal.stage == .manifest)
    #expect(refusal.rule == Int(SUITError.Reason.tooLarge.rawValue))
  }

  @Test func `a URL with a line end or a zero behind it is taken`() throws {
    for ending: [UInt8] in [[], [0], [10], [10, 0]] {
      var device = try Device()
      let url = Array("coap://10.0.0.3/manifest".utf8) + ending
      let message = device.message(.post, "suit/trigger", payload: url)
      let first = try device.trigger(message)
      #expect(first.values(of: .uriPath) == [Array("manifest".utf8)])
    }
  }

  @Test func `a non-confirmable trigger is answered without an acknowledgement`() throws {
    var device = try Device()
    let message = device.message(
      .post, "suit/trigger", payload: Array("coap://10.0.0.3/manifest".utf8), type: .nonConfirmable)
    let sent = try device.receive(try message.encoded())
    #expect(sent.map(\.code) == [.get])
    let refusal = try device.receive(try answer(to: sent[0], .notFound), from: Device.fileServer)
    #expect(refusal.map(\.type) == [.nonConfirmable])
    #expect(refusal.map(\.token) == [message.token])
    let later = try device.wait(300_000)
    #expect(later.isEmpty)
  }

  /// A piggybacked answer of the file server.
  private func answer(to request: Parsed, _ code: Code) throws -> [UInt8] {
    var answer = Parsed(type: .acknowledgement, code: code, messageID: request.messageID)
    answer.token = request.token
    return try answer.encoded()
  }
}
