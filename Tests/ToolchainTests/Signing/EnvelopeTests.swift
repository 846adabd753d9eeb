import CBOR
import COSE
import SUIT
import Testing
import Toolchain

/// Compares with envelopes that RIOT's tools wrote from the same input.
@Suite struct EnvelopesLikeRIOTs {
  struct Case: CustomTestStringConvertible {
    let name: String
    let className: String
    let slot: UInt16
    let sequenceNumber: UInt32
    let root: String
    /// In signing order.
    let signers: [String]

    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "ok-native-slot0-8B", className: "native", slot: 0, sequenceNumber: 1,
      root: "coap://[fe80::1]/", signers: ["alpha"]),
    Case(
      name: "ok-native-slot1-64B", className: "native", slot: 1, sequenceNumber: 2,
      root: "coap://[fe80::1]/", signers: ["alpha"]),
    Case(
      name: "ok-native-slot2-72B", className: "native", slot: 2, sequenceNumber: 23,
      root: "coap://[2001:db8::1]/", signers: ["alpha"]),
    Case(
      name: "ok-native-slot4-4096B", className: "native", slot: 4, sequenceNumber: 1_700_000_000,
      root: "coap://[2001:db8::1]/", signers: ["alpha"]),
    Case(
      name: "ok-nucleo-slot0-200B", className: "nucleo-f439zi", slot: 0, sequenceNumber: 24,
      root: "coap://[fe80::1]/", signers: ["beta"]),
    Case(
      name: "ok-nucleo-slot3-1024B", className: "nucleo-f439zi", slot: 3, sequenceNumber: 65536,
      root: "coap://[2001:db8::1]:5683/fw/", signers: ["beta"]),
    Case(
      name: "ok-nucleo-slot1-2048B", className: "nucleo-f439zi", slot: 1, sequenceNumber: 4_294_967_295,
      root: "coap://[2001:db8::1]/", signers: ["beta"]),
    Case(
      name: "ok-native-slot0-513B-two-sig", className: "native", slot: 0, sequenceNumber: 100,
      root: "coap://[fe80::1]/", signers: ["mallory", "alpha"]),
    Case(
      name: "ok-native-slot3-16B-two-keys", className: "native", slot: 3, sequenceNumber: 7,
      root: "coap://[fe80::1]/", signers: ["beta"]),
  ]

  func unsigned(_ name: String, _ entry: Case) throws -> Envelope {
    let vendor = UUIDv5.vendorID(domain: "riot-os.org")
    return ManifestBuilder(
      payload: try Vectors.bytes("payloads/\(name).bin"), uri: "\(entry.root)\(name).bin", slot: entry.slot,
      sequenceNumber: entry.sequenceNumber, vendorID: vendor,
      classID: UUIDv5.classID(vendorID: vendor, name: entry.className)
    ).envelope
  }

  @Test(arguments: cases) func `a manifest is the same, byte for byte`(entry: Case) throws {
    let theirs = try Envelope(encoded: Vectors.bytes("manifests/\(entry.name).suit"))
    let ours = try unsigned(entry.name, entry)
    #expect(ours.manifest == theirs.manifest)
    #expect(theirs.encoded == (try Vectors.bytes("manifests/\(entry.name).suit")))
  }

  @Test func `an unsigned envelope is the same, byte for byte`() throws {
    #expect(
      try unsigned("ok-native-slot1-64B", Self.cases[1]).encoded
        == Vectors.bytes("manifests/bad-unsigned.suit"))
  }

  @Test(arguments: cases) func `a signed envelope is the same apart from the signature proper`(
    entry: Case
  ) throws {
    var ours = try unsigned(entry.name, entry)
    for signer in entry.signers {
      try ours.sign(with: try KeyFile.readPrivateKey(at: Vectors.path("keys/\(signer).pem")))
    }
    let theirs = try Envelope(encoded: Vectors.bytes("manifests/\(entry.name).suit"))
    #expect(ours.encoded.count == theirs.encoded.count)
    #expect(ours.signatures.map { $0.dropLast(64) } == theirs.signatures.map { $0.dropLast(64) })
    #if os(Linux)
      // Elsewhere the system's library adds randomness to Ed25519 signatures.
      #expect(ours.encoded == theirs.encoded)
    #endif
  }

  @Test(arguments: [
    ("cur-ok-eddsa", "native", UInt16(0), UInt32(5), Int64(-8)),
    ("cur-ok-ed25519", "native", 1, 6, -19), ("cur-ok-text", "native", 3, 8, -8),
  ])
  func `an envelope of the current draft is the same, byte for byte`(
    name: String, className: String, slot: UInt16, sequenceNumber: UInt32, algorithm: Int64
  ) throws {
    let theirs = try Vectors.bytes("current/manifests/\(name).suit")
    let vendor = UUIDv5.vendorID(domain: "riot-os.org")
    var builder = ManifestBuilder(
      payload: try Vectors.bytes("current/payloads/cur-a.bin"), uri: "coap://[fe80::3]/cur-a.bin", slot: slot,
      sequenceNumber: sequenceNumber, vendorID: vendor,
      classID: UUIDv5.classID(vendorID: vendor, name: className), form: .suit)
    if name == "cur-ok-text" {
      builder.referenceURI = "coap://[fe80::3]/full"
      builder.description = "demo"
    }
    var ours = builder.envelope
    try ours.sign(
      with: try KeyFile.readPrivateKey(at: Vectors.path("current/keys/zeta.pem")), algorithm: algorithm)
    let parsed = try Envelope(encoded: theirs)
    #expect(ours.manifest == parsed.manifest)
    #expect(ours.text == parsed.text)
    #expect(ours.signatures.map { $0.dropLast(64) } == parsed.signatures.map { $0.dropLast(64) })
    #expect(parsed.encoded == theirs)
    #if os(Linux)
      #expect(ours.encoded == theirs)
    #endif
  }

  @Test(arguments: ManifestForm.allCases)
  func `what is pushed has the image behind its envelope or in it`(form: ManifestForm) throws {
    let vendor = UUIDv5.vendorID(domain: "riot-os.org")
    var envelope = ManifestBuilder(
      payload: [1, 2, 3], uri: form == .suit ? "#image" : "coap://[::1]/x", slot: 1, sequenceNumber: 1,
      vendorID: vendor, classID: UUIDv5.classID(vendorID: vendor, name: "native"), form: form
    ).envelope
    try envelope.sign(with: SigningKey())
    let pushed = envelope.encoded(pushing: [1, 2, 3])
    #expect(Array(pushed.suffix(4)) == [0x43, 1, 2, 3])
    #expect((pushed == envelope.encoded) == (form == .suit))
    if form == .suit { #expect(try Envelope(encoded: pushed) == envelope) }
  }

  @Test func `slots above nine are named in decimal digits`() throws {
    let vendor = UUIDv5.vendorID(domain: "riot-os.org")
    let envelope = ManifestBuilder(
      payload: [1], uri: "coap://a/b", slot: 12, sequenceNumber: 1, vendorID: vendor,
      classID: UUIDv5.classID(vendorID: vendor, name: "native")
    ).envelope
    let component: [UInt8] = [0x82, 0x43, 0x72, 0x61, 0x6D, 0x42, 0x31, 0x32]
    #expect(envelope.manifest.indices.contains { envelope.manifest[$0...].starts(with: component) })
  }

  @Test func `bytes that are no envelope are refused where they differ`() throws {
    func refusal(_ bytes: [UInt8]) -> CBORError? {
      #expect(throws: CBORError.self) { try Envelope(encoded: bytes) }
    }
    #expect(refusal([]) == CBORError(.truncated, at: 0, expected: 1))
    #expect(refusal([0xA0]) == CBORError(.wrongValue, at: 0, expected: 2, found: 0))
    #expect(
      refusal([0xA2, 0x03, 0x40, 0x02, 0x40]) == CBORError(.wrongValue, at: 1, expected: 2, found: 3))
    #expect(refusal([0xA2, 0x02, 0x40, 0x03, 0x40]) == CBORError(.truncated, at: 3, expected: 1))
    let good = try Vectors.bytes("manifests/ok-native-slot0-8B.suit")
    #expect(refusal(good + [0]) == CBORError(.trailingBytes, at: good.count, found: 1))
  }
}
