import CoAP
import Delivery
import DeviceClient
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct OverIPv6 {
  /// The gateway's link-local address.
  static let host = "[fe80::800:ff:fe00:1]"

  @Test func `the board advertises its link-local address and answers there`() async throws {
    try await IPv6Gateway.run { gateway in
      let description = try await Board.run(behind: gateway) { try await $0.description() }
      #expect(description.board == "mps2-an386")
      #expect(description.you == Self.host)
      let record = try await gateway.record()
      #expect(record.advertised == IPv6Gateway.boardStation)
      #expect(record.datagrams > 0)
      #expect(record.damaged == 0)
    }
  }

  @Test func `the board asks where a stranger is before it answers`() async throws {
    try await IPv6Gateway.run(knowsBoard: true) { gateway in
      let description = try await Board.run(behind: gateway) { try await $0.description() }
      #expect(description.you == Self.host)
      let record = try await gateway.record()
      #expect(record.solicitations > 0)
      #expect(record.advertised == nil)
      #expect(record.damaged == 0)
    }
  }

  @Test func `a signed program is pulled block by block and run`() async throws {
    // Longer than two of the largest blocks.
    let image = Array((0..<300).map { Assembly.move(1, $0) }.joined()) + Assembly.returning(66)
    try await IPv6Gateway.run { gateway in
      try await Board.run(behind: gateway) { device in
        let report = try await deliver(image: image, to: 3, of: device, signing: Signing(key: Board.key))
        #expect(report.installation.size == image.count)
        let result = try await device.run(3).result
        #expect(result == 66)
      }
      let record = try await gateway.record()
      #expect(record.datagrams > 5)
      #expect(record.damaged == 0)
    }
  }

  @Test func `the board belongs to the groups of all CoAP nodes, of the link and of the site`() async throws {
    try await IPv6Gateway.run { gateway in
      try await Board.run(behind: gateway) { device in
        _ = try await device.description()
        for (scope, token) in [(UInt8(2), UInt64(1)), (5, 2)] {
          var search = Parsed(type: .nonConfirmable, code: .get, messageID: UInt16(token))
          search.token = Token(value: token, count: 1)
          search.options = [.init(.uriPath, Array("device".utf8))]
          let group = IPv6Address(bytes: [0xff, scope] + Array(repeating: 0, count: 13) + [0xfd])
          let packet = IPv6Packet(
            from: .linkLocal(IPv6Gateway.station), port: 40000, to: group, port: 5683, try search.encoded())
          let before = try await gateway.record().datagrams
          try await gateway.send(packet.frame(from: IPv6Gateway.station, to: .multicast(group)))
          // After a random while of up to five seconds.
          let end = ContinuousClock.now + .seconds(15)
          while try await gateway.record().datagrams == before, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(50))
          }
          #expect(try await gateway.record().datagrams == before + 1, "ff0\(scope)::fd")
        }
      }
      #expect(try await gateway.record().damaged == 0)
    }
  }
}
