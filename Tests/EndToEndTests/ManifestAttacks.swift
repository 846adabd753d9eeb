import CoAPTransport
import DeviceClient
import DeviceProtocol
import SUIT
import TestSupport
import Testing
import Toolchain

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct ManifestAttacks {
  private func expect(
    _ forgery: Forgery, _ code: String, _ reason: SUITError.Reason, _ description: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await Siege.run { siege in
      let refusal = try await forgery.refusal(by: siege)
      #expect(refusal.code.text == code, sourceLocation: sourceLocation)
      #expect(refusal.stage == .manifest, "\(refusal)", sourceLocation: sourceLocation)
      #expect(refusal.rule == Int(reason.rawValue), "\(refusal)", sourceLocation: sourceLocation)
      if let description { #expect(refusal.description == description, sourceLocation: sourceLocation) }
    }
  }

  @Test func `a manifest signed by a stranger is refused`() async throws {
    try await expect(
      Forgery(key: SigningKey()), "4.03", .signature,
      "Signature refused (4.03): no signature by a key that this device trusts")
  }

  @Test func `an envelope with any one byte changed is refused`() async throws {
    try await Siege.run { siege in
      let length = try Forgery().envelope(imageAt: "coap://10.0.2.2:50000/image").count
      var random = Repeatable(seed: 1)
      // The whole range in steps, and some bytes at random; every byte is tried on the processor alone.
      for index in Array(stride(from: 0, to: length, by: 17))
        + (0..<8).map({ _ in random.pick(Array(0..<length)) })
      {
        var forgery = Forgery()
        forgery.tamper = { envelope in
          var envelope = envelope
          envelope[index] ^= 0x01
          return envelope
        }
        let refusal = try await forgery.refusal(by: siege)
        #expect(refusal.stage == .manifest, "byte \(index): \(refusal)")
        let reasons = [SUITError.Reason.malformed, .unsupported, .signature, .manifestDigest]
        #expect(reasons.contains { Int($0.rawValue) == refusal.rule }, "byte \(index): \(refusal)")
      }
    }
  }

  @Test func `a manifest cut off anywhere is malformed`() async throws {
    try await Siege.run { siege in
      let length = try Forgery().envelope(imageAt: "coap://10.0.2.2:50000/image").count
      for count in [0, 1, 2, 4, 5, 60, 118, 120, 200, length / 2, length - 1] {
        var forgery = Forgery()
        forgery.tamper = { Array($0.prefix(count)) }
        let refusal = try await forgery.refusal(by: siege)
        #expect(refusal.code == .unprocessableEntity)
        #expect(refusal.stage == .manifest)
        #expect(refusal.rule == Int(SUITError.Reason.malformed.rawValue), "\(count) bytes: \(refusal)")
      }
    }
  }

  @Test func `a manifest with bytes behind it is malformed`() async throws {
    try await expect(Forgery(tamper: { $0 + [0] }), "4.22", .malformed)
  }

  @Test func `a manifest longer than the buffer is too large`() async throws {
    try await expect(
      Forgery(tamper: { $0 + Array(repeating: 0, count: 2000) }), "4.13", .tooLarge,
      "Manifest too large (4.13): the envelope is longer than the device's buffer (1024 bytes, at most 640)")
  }

  @Test func `a manifest of zeros or of text is malformed`() async throws {
    try await expect(Forgery(tamper: { _ in Array(repeating: 0, count: 100) }), "4.22", .malformed)
    try await expect(Forgery(tamper: { _ in Array("Hello, world".utf8) }), "4.22", .malformed)
  }

  @Test func `an old sequence number is refused`() async throws {
    try await expect(
      Forgery(sequenceNumber: 4), "4.03", .sequence,
      "Sequence number too low (4.03): the slot has seen this sequence number or a higher one (4, the slot has seen 5)"
    )
  }

  @Test(arguments: [0, 5] as [UInt32]) func `an equal sequence number and none are refused`(number: UInt32)
    async throws
  {
    try await expect(Forgery(sequenceNumber: number), "4.03", .sequence)
  }

  @Test func `an installed manifest cannot be installed again after its slot was erased`() async throws {
    try await Board.run { board, device in
      try await withClient { client in
        let siege = Siege(board: board, device: device, client: client)
        try await withDirectory { directory in
          try await withFileServer(directory) { server in
            let root = "coap://10.0.2.2:\(server.port)"
            let forgery = Forgery()
            try write(forgery.image, to: "image", in: directory)
            try write(try forgery.envelope(imageAt: "\(root)/image"), to: "manifest", in: directory)
            _ = try await device.install(manifest: "\(root)/manifest")
            try await device.erase(1)
            let refusal = try await siege.refusal(installing: "\(root)/manifest")
            #expect(refusal.rule == Int(SUITError.Reason.sequence.rawValue))
            #expect(try await device.slot(1).size == 0)
          }
        }
      }
    }
  }

  @Test func `a manifest for another class is refused`() async throws {
    try await expect(
      Forgery(deviceClass: "toaster"), "4.03", .classID,
      "Wrong class (4.03): the manifest is for devices of another class (byte 164 of the envelope)")
  }

  @Test func `a manifest of another vendor is refused`() async throws {
    try await expect(Forgery(vendor: "other.example"), "4.03", .vendor)
  }

  @Test func `an image larger than a slot is refused before it is fetched`() async throws {
    try await expect(
      Forgery(image: Array(repeating: 0, count: 4097)), "4.13", .storage,
      "Image too large (4.13): the image is larger than a slot (4097 bytes, at most 4096)")
  }

  @Test func `an image longer than its manifest says is refused`() async throws {
    try await expect(
      Forgery(replacing: ([0x0e, 0x10], [0x0e, 0x0f])), "4.22", .size,
      "Wrong image size (4.22): the file on the server has not the size that the manifest says (16 bytes so far, the manifest says 15)"
    )
  }

  @Test func `an image shorter than its manifest says is refused`() async throws {
    try await expect(Forgery(replacing: ([0x0e, 0x10], [0x0e, 0x11])), "4.22", .size)
  }

  @Test func `a server that never stops sending is stopped at the manifest's size`() async throws {
    try await expect(
      Forgery(served: Assembly.returning(99) + Array(repeating: 0, count: 100_000)), "4.22", .size)
  }

  @Test func `a slot that the device has not is no component`() async throws {
    try await expect(Forgery(slot: 9), "4.22", .unsupported)
  }

  @Test func `a component with another name is unknown`() async throws {
    try await expect(
      Forgery(replacing: ([0x43, 0x72, 0x61, 0x6d], [0x43, 0x72, 0x6f, 0x6d])), "4.22", .unsupported)
  }

  @Test func `an image with a flipped byte is refused`() async throws {
    try await Siege.run { siege in
      for index in 0..<16 {
        var image = Assembly.returning(99)
        image[index] ^= 0x80
        let refusal = try await Forgery(served: image).refusal(by: siege)
        #expect(refusal.code == .unprocessableEntity)
        #expect(refusal.stage == .manifest)
        #expect(refusal.rule == Int(SUITError.Reason.payloadDigest.rawValue))
        #expect(refusal.title == "Wrong image digest")
      }
    }
  }

  @Test func `an image of several blocks with one flipped byte is refused`() async throws {
    let image = Array(repeating: Assembly.move(0, 1), count: 500).flatMap(\.self) + Assembly.exit
    var served = image
    served[3000] ^= 1
    try await expect(Forgery(image: image, served: served), "4.22", .payloadDigest)
  }
}
