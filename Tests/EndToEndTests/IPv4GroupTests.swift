import CoAP
import TestSupport
import Testing

/// Discovery by groups over IPv4, on a segment where the test is the only neighbour: QEMU's own user network takes no
/// group's datagrams from outside.
@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct OverIPv4 {
  private static func search(_ path: String, token: UInt64) throws -> [UInt8] {
    var search = Parsed(type: .nonConfirmable, code: .get, messageID: UInt16(token))
    search.token = Token(value: token, count: 1)
    search.options = path.split(separator: "/").map { .init(.uriPath, Array($0.utf8)) }
    return try search.encoded()
  }

  /// Sends a search to a group; returns what the board sends over IPv4 within that time.
  private static func answer(
    to search: [UInt8], by group: [UInt8], on gateway: IPv6Gateway, within seconds: Int
  ) async throws -> [UInt8]? {
    let before = try await gateway.record().strays
    try await gateway.send(
      IPv4.frame(
        from: IPv4.router, port: 40000, to: group, port: 5683, at: IPv4.station(ofGroup: group), search))
    let end = ContinuousClock.now + .seconds(seconds)
    while try await gateway.record().strays == before {
      guard ContinuousClock.now < end else { return nil }
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await gateway.record().strays == before + 1)
    return try await gateway.record().stray
  }

  @Test func `the board belongs to the group of all CoAP nodes and to no other`() async throws {
    try await IPv6Gateway.run { gateway in
      try await Board.run(behind: gateway) { device in
        _ = try await device.description()
        let stranger = try await Self.answer(
          to: try Self.search("device", token: 1), by: [224, 0, 1, 188], on: gateway, within: 8)
        #expect(stranger == nil)
        // After a random while of up to five seconds.
        let frame = try #require(
          try await Self.answer(
            to: try Self.search("device", token: 2), by: [224, 0, 1, 187], on: gateway, within: 15))
        // From the board's own address and port, to the asker's.
        #expect(Array(frame[26..<38]) == IPv4.board + IPv4.router + [0x16, 0x33, 0x9c, 0x40])
        let datagram = Array(frame[42..<34 + Int(frame[38]) << 8 + Int(frame[39])])
        let message = try Parsed(datagram)
        #expect(message.code == .content && message.type == .nonConfirmable)
        #expect(message.token == Token(value: 2, count: 1))
        // What is an error for one who asks alone is silence for a group (RFC 7252 §8.2).
        let error = try await Self.answer(
          to: try Self.search("nothing", token: 3), by: [224, 0, 1, 187], on: gateway, within: 8)
        #expect(error == nil)
      }
    }
  }
}
