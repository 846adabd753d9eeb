import CoAP
import TestSupport
import Testing

@testable import DeviceClient

/// What those see who watch a deployment.
@Suite struct DeploymentProgressRules {
  private func progress(_ device: inout Device) throws -> ProgressDescription {
    try ProgressDescription(try device.value(.get, "suit"))
  }

  @Test func `before, between and after the blocks it is told how far a pull is`() throws {
    var device = try Device()
    let idle = try progress(&device)
    #expect(idle.state == "idle" && idle.received == 0 && idle.slot == nil && idle.size == nil)
    let image = Array(repeating: Assembly.move(0, 1), count: 200).flatMap(\.self) + Assembly.returning(5)
    let envelope = try device.envelope(for: image, slot: 3)
    var request = try device.trigger()
    let begun = try progress(&device)
    #expect(begun.state == "manifest" && begun.packets == 1)
    var states: [ProgressDescription] = []
    var server = Endpoint<8>(seed: 5)
    while request.code == .get {
      var answers = Wire()
      let datagram = try request.encoded()
      guard
        case .request(let id) = server.receive(
          datagram.span, from: Device.client, at: device.world.now, sink: &answers)
      else { return }
      let file = request.values(of: .uriPath) == [Array("image".utf8)] ? image : envelope
      server.respond(to: id, Response(.content), body: file.span, at: device.world.now, sink: &answers)
      request = try device.receive(answers.datagrams[0].bytes, from: Device.fileServer)[0]
      states.append(try progress(&device))
    }
    #expect(states.map(\.state) == ["image", "image", "installed"])
    #expect(states.map(\.received) == [0, 1024, image.count])
    #expect(states.allSatisfy { $0.slot == 3 && $0.size == image.count })
    #expect(states.map(\.packets) == [3, 5, 6])
  }

  @Test func `observers see a push grow`() throws {
    var device = try Device()
    var watch = device.message(.get, "suit")
    watch.options.insert(.init(.observe, []), at: 0)
    _ = try device.receive(try watch.encoded())
    let image = Array(repeating: Assembly.move(0, 1), count: 200).flatMap(\.self) + Assembly.returning(5)
    let body = try device.pushed(image, sequenceNumber: 3, form: .suit)
    var seen: [ProgressDescription] = []
    let size = 512
    for number in 0...(body.count - 1) / size {
      let end = min(body.count, (number + 1) * size)
      var message = device.message(.post, "suit/push", payload: Array(body[number * size..<end]))
      let block = BlockOption(number: UInt32(number), more: end < body.count, sizeExponent: 5)
      message.options.append(.init(.block1, [UInt8(block.rawValue)]))
      for answer in try device.receive(try message.encoded()) where answer.token == watch.token {
        seen.append(try ProgressDescription(try #require(Value(answer.payload))))
        if answer.type == .confirmable { try device.acknowledge(answer) }
      }
      _ = try device.wait(3000)
    }
    #expect(seen.last?.state == "installed")
    #expect(seen.map(\.received) == seen.map(\.received).sorted())
    #expect(seen.contains { $0.state == "image" && $0.received > 0 && $0.received < image.count })
  }

  @Test func `a failure is told, and the next attempt begins anew`() throws {
    var device = try Device()
    let first = try device.trigger()
    _ = try device.serve([:], from: first)
    let failed = try progress(&device)
    #expect(failed.state == "failed" && failed.received == 0)
    let unreadable = try device.request(.post, "suit/trigger", payload: Array("http://x".utf8)).code
    #expect(unreadable == .badRequest)
    let refused = try progress(&device)
    #expect(refused.state == "failed")
    let installed = try device.install(Assembly.returning(1))
    #expect(installed.code == .changed)
    let after = try progress(&device)
    #expect(after.state == "installed" && after.slot == 1)
  }
}
