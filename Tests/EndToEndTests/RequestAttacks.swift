import CoAP
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct RequestAttacks {
  @Test func `an unknown path is not found`() async throws {
    try await Siege.run { siege in
      for path in ["nowhere", "", "slots/x", "slots/1/run/1", "suit/nothing", "store/x"] {
        let refusal = try await siege.refusal(.get, path)
        #expect(refusal.code == .notFound)
        #expect(refusal.stage == .request)
        #expect(refusal.rule == Int(RequestRule.unknownPath.rawValue))
        #expect(
          refusal.description
            == "Not found (4.04): nothing is served under this path; /.well-known/core lists what is")
      }
    }
  }

  @Test func `a wrong method is not allowed`() async throws {
    try await Siege.run { siege in
      for (code, path) in [
        (Code.put, "slots/1"), (.post, "slots/1"), (.get, "slots/1/run"), (.delete, "slots"),
        (.get, "suit/trigger"),
        (.delete, "device"), (.post, ".well-known/core"),
      ] {
        let refusal = try await siege.refusal(code, path)
        #expect(refusal.code == .methodNotAllowed)
        #expect(refusal.rule == Int(RequestRule.method.rawValue))
      }
    }
  }

  @Test func `a format that a resource has not is not acceptable`() async throws {
    try await Siege.run { siege in
      let refusal = try await siege.refusal(.get, "device", accept: .linkFormat)
      #expect(refusal.code == .notAcceptable)
      #expect(refusal.rule == Int(RequestRule.format.rawValue))
      #expect(
        refusal.description
          == "Not acceptable (4.06): this resource is not given in the content format asked for (content format 40)"
      )
    }
  }

  @Test func `a run that is not acceptable does not happen`() async throws {
    try await Siege.run { siege in
      let runs = try await siege.device.slot(1).runs
      _ = try await siege.refusal(.post, "slots/1/run", accept: .linkFormat)
      #expect(try await siege.device.slot(1).runs == runs)
    }
  }

  @Test func `an option that must be understood and is not is a bad option`() async throws {
    try await Siege.run { siege in
      let socket = try await RawSocket(to: siege.board.port)
      // GET /device with option 9, which is critical.
      let answer = try #require(
        try await socket.exchange([UInt8](hex: "41 01 1234 aa 91 01 26 64 65 76 69 63 65")))
      await socket.close()
      let message = try Parsed(answer)
      #expect(message.code == .badOption)
      #expect(message.messageID == 0x1234)
      #expect(message.payload == Array("option 9".utf8))
      let refusal = Refusal(
        CoAPResponse(
          code: message.code, contentFormat: nil, body: message.payload, datagrams: DatagramCounts()))
      #expect(refusal.description == "The device refused (4.02): option 9")
    }
  }

  @Test func `an empty slot is not run, and one that is not there is neither run, shown nor erased`()
    async throws
  {
    try await Siege.run { siege in
      let empty = try await siege.refusal { _ = try await siege.device.run(3) }
      #expect(empty.code == .notFound)
      #expect(empty.rule == Int(RequestRule.emptySlot.rawValue))
      for (code, path) in [
        (Code.post, "slots/5/run"), (.get, "slots/5"), (.delete, "slots/5"), (.get, "slots/9999"),
      ] {
        let refusal = try await siege.refusal(code, path)
        #expect(refusal.code == .notFound)
        #expect(refusal.stage == .request)
        #expect(refusal.rule == Int(RequestRule.unknownSlot.rawValue))
      }
      let refusal = try await siege.refusal { _ = try await siege.device.slot(9) }
      #expect(
        refusal.description == "No such slot (4.04): the device has fewer slots (slot 9, the last is 4)")
    }
  }

  static let unusable = [

    ("http://10.0.2.2/x", "a URL has to begin with coap://"), ("", "a URL has to begin with coap://"),
    ("coaps://10.0.2.2/x", "a URL has to begin with coap://"),
    ("coap://", "a URL has to begin with coap://"),
    ("coap://example.com/x", "the host has to be an IPv4 address"),
    ("coap://256.1.1.1/", "the host has to be"),
    ("coap://[::1/x", "the host has to be"), ("coap://10.0.2.2:0/x", "the port has to be"),
    ("coap://10.0.2.2:65536/x", "the port has to be"),
    ("coap://10.0.2.2/%4", "a character has to be percent-encoded"),
    ("coap://10.0.2.2/a b", "a character has to be percent-encoded"),
    ("coap://10.0.2.2/a#b", "a CoAP URL has no fragment"),
  ]

  @Test func `a trigger with an unusable URL is refused`() async throws {
    try await Siege.run { siege in
      for (url, detail) in Self.unusable {
        let refusal = try await siege.refusal(installing: url)
        #expect(refusal.code == .badRequest)
        #expect(refusal.stage == .transfer)
        #expect(refusal.rule == Int(TransferRule.manifestURL.rawValue))
        #expect(refusal.detail.hasPrefix(detail))
      }
    }
  }

  @Test func `a URL that is too long is refused with its limit`() async throws {
    try await Siege.run { siege in
      let refusal = try await siege.refusal(
        installing: "coap://10.0.2.2/" + String(repeating: "x", count: 113))
      #expect(refusal.code == .badRequest)
      #expect(refusal.stage == .request)
      #expect(refusal.rule == Int(RequestRule.urlTooLong.rawValue))
      #expect(
        refusal.description
          == "URL too long (4.00): the manifest's URL has more characters than the device keeps (129 characters, at most 128)"
      )
    }
  }
}

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct TransferAttacks {
  private func expect(
    _ code: Code, _ rule: TransferRule, _ description: String, _ script: @escaping OddServer.Script
  ) async throws {
    try await Siege.run { siege in
      try await OddServer.run(script) { server in
        let refusal = try await siege.refusal(installing: "\(server.url)/manifest")
        #expect(refusal.code == code)
        #expect(refusal.stage == .transfer)
        #expect(refusal.rule == Int(rule.rawValue))
        #expect(refusal.description == description)
      }
    }
  }

  @Test func `a file server without the file is named with its code`() async throws {
    try await expect(
      .badGateway, .refused,
      "File server refused (5.02): the server in the URL answered with this code (4.04)"
    ) { _, _ in .code(.notFound) }
  }

  @Test func `a file server that resets is named`() async throws {
    try await expect(
      .badGateway, .reset, "File server refused (5.02): the server in the URL answered with a reset"
    ) { _, _ in .reset }
  }

  @Test func `a file server that answers with an option nobody knows is named`() async throws {
    try await expect(
      .badGateway, .unknownOption,
      "File server not understood (5.02): its answer has an option that the device would have to know"
    ) { _, _ in .unknownOption }
  }

  @Test(arguments: [
    ("http://10.0.2.2/image", Problem.Stage.manifest), ("coap://example.com/image", .transfer),
    ("coap://10.0.2.2:99999/image", .transfer), ("coap://10.0.2.2/\u{e9}", .transfer),
    ("coap://10.0.2.2/" + String(repeating: "x", count: 120), .manifest),
  ])
  func `an image whose URL is unusable is not fetched`(uri: String, stage: Problem.Stage) async throws {
    try await Siege.run { siege in
      let envelope = try Forgery().envelope(imageAt: uri)
      try await OddServer.run({ path, _ in .bytes(envelope) }) { server in
        let refusal = try await siege.refusal(installing: "\(server.url)/manifest")
        #expect(refusal.code == .unprocessableEntity)
        #expect(refusal.stage == stage, "\(refusal)")
      }
    }
  }

  @Test func `an image that changes between two blocks is not installed`() async throws {
    try await Siege.run { siege in
      let image = Array(repeating: Assembly.move(0, 1), count: 300).flatMap(\.self) + Assembly.exit
      var other = image
      other[0] ^= 1
      let manifest = Manifest()
      try await OddServer.run({ [other] path, block in
        path == "manifest" ? .bytes(manifest.bytes) : .bytes(block < 2 ? image : other)
      }) { server in
        manifest.bytes = try Forgery(image: image).envelope(imageAt: "\(server.url)/image")
        let refusal = try await siege.refusal(installing: "\(server.url)/manifest")
        #expect(refusal.code == .badGateway)
        #expect(refusal.rule == Int(TransferRule.changed.rawValue))
        #expect(
          refusal.description == "File changed (5.02): the file on the server changed during the transfer")
      }
    }
  }

  @Test func `an image that goes missing between two blocks is not installed`() async throws {
    try await Siege.run { siege in
      let image = Array(repeating: Assembly.move(0, 1), count: 300).flatMap(\.self) + Assembly.exit
      let manifest = Manifest()
      try await OddServer.run({ path, block in
        path == "manifest" ? .bytes(manifest.bytes) : block < 2 ? .bytes(image) : .code(.notFound)
      }) { server in
        manifest.bytes = try Forgery(image: image).envelope(imageAt: "\(server.url)/image")
        let refusal = try await siege.refusal(installing: "\(server.url)/manifest")
        #expect(refusal.rule == Int(TransferRule.refused.rawValue))
        #expect(refusal.found == Int64(Code.notFound.rawValue))
      }
    }
  }

  /// Each with whether a datagram to it leaves the board: for some there is no route, or no neighbour.
  static let nobody = [
    ("10.0.2.15", false), ("10.0.2.15:40000", false), ("127.0.0.1", false), ("0.0.0.0", true),
    ("255.255.255.255", true), ("224.0.0.1", true), ("192.0.2.1", true), ("[::]", false), ("[::1]", false),
    ("[ff02::1]", true), ("[fe80::1]", false), ("[2001:db8::1]", false),
  ]

  /// Not behind QEMU's user network, where the board cannot be reached after a datagram to elsewhere: it takes the source
  /// of what it forwards to the board from where the board last sent something.
  @Test(arguments: nobody)
  func `a URL of the board itself, of all or of nobody keeps it from nothing else`(
    host: String, leavesTheBoard: Bool
  ) async throws {
    try await IPv6Gateway.run { gateway in
      try await Board.run(behind: gateway) { device in
        _ = try await deliver(
          image: Assembly.returning(42), to: 1, of: device, signing: Signing(key: Board.key))
        // Not waited for: where nobody answers, the board tries for up to 93 seconds.
        let trigger = Task { try await device.install(manifest: "coap://\(host)/slots/1/run") }
        try await waitUntilBusy(device)
        for _ in 0..<5 {
          #expect(try await device.run(1).result == 42)
          try await Task.sleep(for: .milliseconds(50))
        }
        #expect(try await device.slot(1).runs == 5)
        let hasStrays = try await gateway.record().strays > 0
        #expect(hasStrays == leavesTheBoard)
        trigger.cancel()
        await #expect {
          try await trigger.value
        } throws: { error in
          if case DeviceError.unreachable(.cancelled) = error { true } else { false }
        }
      }
    }
  }

  /// Waits until a deployment is under way, by asking for another one that can never be.
  private func waitUntilBusy(_ device: DeviceClient) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
      do {
        _ = try await device.install(manifest: "http://x")
      } catch DeviceError.refused(let refusal) {
        if refusal.rule == Int(RequestRule.busy.rawValue) { return }
      }
    }
    Issue.record("the board is not busy")
  }

  @Test func `while one deployment is under way another is refused, and the board answers the rest`()
    async throws
  {
    try await Siege.run { siege in
      try await OddServer.run({ _, _ in .later([0xff]) }) { server in
        async let first = siege.refusal(installing: "\(server.url)/manifest")
        // The trigger above has arrived when the board says it is busy.
        var busy: Refusal?
        for _ in 0..<100 where busy?.rule != Int(RequestRule.busy.rawValue) {
          busy = try await siege.refusal(installing: "http://x")
        }
        #expect(busy?.code == .serviceUnavailable)
        #expect(busy?.stage == .request)
        #expect(
          busy?.description == "Busy (5.03): another deployment is under way; try again when it has ended")
        #expect(try await siege.device.slots().count == 5)
        let empty = try await siege.refusal { _ = try await siege.device.run(3) }
        #expect(empty.rule == Int(RequestRule.emptySlot.rawValue))
        try await server.release()
        let refusal = try await first
        #expect(refusal.stage == .manifest)
      }
    }
  }
}

/// An envelope that is made when its server's port is known.
private final class Manifest: @unchecked Sendable {
  // Written once, before the request that makes the server read it.
  var bytes: [UInt8] = []
}
