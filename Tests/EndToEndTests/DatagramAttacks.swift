import CoAP
import Delivery
import DeviceClient
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct DatagramAttacks {
  /// What is not a message: nothing comes back, or a reset when it looks confirmable (RFC 7252 §4.2).
  static let malformed =
    [
      ("", nil), ("40", nil), ("40 01 12", nil), ("00 01 1234", nil), ("80 01 1234", nil),
      ("c0 01 1234", nil),
      ("49 01 1234 00 00 00 00 00 00 00 00 00", true), ("4f 01 1234", true), ("42 01 1234 aa", true),
      ("40 01 1234 ff", true), ("40 01 1234 f0", true), ("40 01 1234 0f", true), ("40 01 1234 d0", true),
      ("40 01 1234 0d", true), ("40 01 1234 e0 00", true), ("40 01 1234 0e 00", true),
      ("40 01 1234 b5 61", true),
      ("40 01 1234 e0 ff ff", true), ("40 01 1234 0e ff ff 00", true), ("40 20 1234", true),
      ("40 ff 1234", true),
      ("40 00 1234 00", true), ("41 00 1234 aa", true), ("50 01 1234 ff", nil), ("60 01 1234 ff", nil),
      ("70 01 1234 ff", nil), ("40 e0 1234", true), ("40 c4 1234", true),
      // Well-formed, but nobody's: a ping, and responses to nothing.
      ("40 00 1234", true), ("50 00 1234", nil), ("60 00 1234", nil), ("70 00 1234", nil),
      ("40 45 1234", true),
      ("50 45 1234", nil), ("60 45 1234", nil), ("60 01 1234", nil), ("70 01 1234", nil),
    ] as [(String, Bool?)]

  @Test func `what is no message is dropped or reset`() async throws {
    try await Siege.run { siege in
      let socket = try await RawSocket(to: siege.board.port)
      for (hex, isReset) in Self.malformed {
        let datagram = [UInt8](hex: hex)
        if isReset == true {
          let answer = try await socket.exchange(datagram)
          #expect(answer == [0x70, 0, 0x12, 0x34], "\(hex)")
        } else {
          try await socket.send([datagram])
          // A ping behind it is answered alone.
          let answer = try await socket.exchange([0x40, 0, 0x77, 0x77])
          #expect(answer == [0x70, 0, 0x77, 0x77], "\(hex)")
        }
      }
      #expect(try await socket.received() == [])
      await socket.close()
    }
  }

  /// Addresses that no packet may come from (RFC 1122 §3.2.1.3), and one that it may.
  static let sources =
    [
      ([127, 0, 0, 1], false), ([127, 255, 255, 254], false), ([0, 0, 0, 0], false),
      ([255, 255, 255, 255], false), ([10, 0, 2, 255], false), ([224, 0, 0, 1], false), (IPv4.router, true),
    ] as [([UInt8], Bool)]

  /// Whether the program of slot 1 has run so often, soon.
  private func ran(times: Int, on device: DeviceClient) async throws -> Bool {
    for _ in 0..<1000 {
      if try await device.slot(1).runs == times { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  @Test func `a request from where no answer can go is not carried out`() async throws {
    var request = Parsed(type: .confirmable, code: .post, messageID: 1)
    request.options = ["slots", "1", "run"].map { .init(.uriPath, Array($0.utf8)) }
    let datagram = try request.encoded()
    try await IPv6Gateway.run { gateway in
      try await Board.run(behind: gateway) { device in
        _ = try await deliver(
          image: Assembly.returning(42), to: 1, of: device, signing: Signing(key: Board.key))
        for (source, isAllowed) in Self.sources {
          let runs = try await device.slot(1).runs
          try await gateway.send(IPv4.frame(from: source, port: 40000, port: Peer.defaultPort, datagram))
          if isAllowed {
            #expect(try await ran(times: runs + 1, on: device), "\(source)")
          } else {
            #expect(try await device.slot(1).runs == runs, "\(source)")
          }
        }
        let loopback = IPv6Address(bytes: Array(repeating: 0, count: 15) + [1])
        let packet = IPv6Packet(
          from: loopback, port: 40000, to: .linkLocal(IPv6Gateway.boardStation), port: Peer.defaultPort,
          datagram)
        let runs = try await device.slot(1).runs
        try await gateway.send(packet.frame(from: IPv6Gateway.station, to: IPv6Gateway.boardStation))
        #expect(try await device.slot(1).runs == runs)
      }
    }
  }

  @Test func `thousands of random datagrams do no harm`() async throws {
    try await Siege.run { siege in
      var random = Repeatable(seed: 11)
      let socket = try await RawSocket(to: siege.board.port)
      for burst in 0..<100 {
        try await socket.send((0..<32).map { _ in Self.noise(using: &random) })
        #expect(try await siege.ping(socket), "after burst \(burst)")
      }
      await socket.close()
    }
  }

  @Test func `thousands of damaged requests do no harm`() async throws {
    // The method stays as it is, so none of them can become one that erases a slot.
    let requests = [
      "44 01 1234 01020304 bb 2e 77656c6c2d6b6e6f776e 04 636f7265", "41 01 1234 aa b5 736c6f7473 01 31 61 32",
      "41 02 1234 aa b4 73756974 07 74726967676572 ff 687474703a2f2f78",
      "41 01 1234 aa b6 646576696365 c1 06",
    ].map { [UInt8](hex: $0) }
    try await Siege.run { siege in
      var random = Repeatable(seed: 12)
      let socket = try await RawSocket(to: siege.board.port)
      for burst in 0..<100 {
        let datagrams = (0..<32).map { number in
          var datagram = random.pick(requests)
          datagram[2] = UInt8(burst)
          datagram[3] = UInt8(number)
          for _ in 0..<Int.random(in: 1...3, using: &random) {
            datagram[Int.random(in: 4..<datagram.count, using: &random)] = UInt8.random(
              in: 0...255, using: &random)
          }
          if Bool.random(using: &random) {
            datagram.removeLast(Int.random(in: 0..<datagram.count - 3, using: &random))
          }
          return datagram
        }
        try await socket.send(datagrams)
        #expect(try await siege.ping(socket), "after burst \(burst)")
      }
      await socket.close()
    }
  }

  @Test func `datagrams of any length are taken or dropped`() async throws {
    try await Siege.run { siege in
      let socket = try await RawSocket(to: siege.board.port)
      for length in [1, 2, 3, 4, 100, 1151, 1152, 1153, 1400, 1472, 1473, 2000, 4000, 9000] {
        // GET /slots/3 with a payload, which means nothing.
        let head = [UInt8](hex: "41 01 2000 aa b5 736c6f7473 01 33 ff")
        let datagram = Array((head + Array(repeating: 7, count: 9000)).prefix(length))
        try await socket.send([datagram])
        #expect(try await siege.ping(socket), "\(length) bytes")
      }
      await socket.close()
    }
  }

  /// Bytes at random; most begin as a message does.
  private static func noise(using random: inout Repeatable) -> [UInt8] {
    var bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    if !bytes.isEmpty, Int.random(in: 0..<4, using: &random) > 0 {
      bytes[0] = 0x40 | bytes[0] & 0x33
      if bytes.count > 1, Bool.random(using: &random) { bytes[1] = UInt8.random(in: 0...5, using: &random) }
    }
    return bytes
  }
}

extension Siege {
  /// Whether the board answers a ping, which may be lost among many datagrams.
  func ping(_ socket: RawSocket) async throws -> Bool {
    for _ in 0..<50 {
      try await socket.send([[0x40, 0, 0x77, 0x77]])
      for _ in 0..<200 {
        if try await socket.received().contains([0x70, 0, 0x77, 0x77]) { return true }
        try await Task.sleep(for: .milliseconds(2))
      }
    }
    return false
  }
}
