import CBOR
import COSE
import SUIT
import Testing
import Toolchain

@Suite struct EnvelopeRules {
  let good = CBORItem.map(Recipe().members).encoded

  func reason(_ envelope: CBORItem) -> SUITError.Reason? {
    reason(envelope.encoded)
  }

  func reason(_ envelope: [UInt8]) -> SUITError.Reason? {
    let outcome = deploy(envelope, payload: Recipe.payload, on: Recipe.device, capacity: 1024)
    if outcome.error != nil { #expect(outcome.fetches == 0) }
    return outcome.error?.reason
  }

  /// The encoded list of signatures over `good`.
  func signatures() throws -> [CBORItem] {
    var envelope = Envelope(manifest: good)
    try envelope.sign(with: Recipe.key)
    return envelope.signatures.map { .bytes($0) }
  }

  /// A COSE_Sign1 over `good` with other headers or payload.
  func entry(
    tag: UInt64 = 18, header: CBORItem = .map([(1, .integer(-8))]), payload: [UInt8]? = nil,
    detached: Bool = false
  ) throws -> CBORItem {
    let header = header.encoded
    let payload =
      payload ?? CBORItem.array([.integer(2), .bytes(digest(of: CBORItem.bytes(good).encoded))]).encoded
    let signed = CBORItem.array([.text("Signature1"), .bytes(header), .bytes([]), .bytes(payload)]).encoded
    let signature = try Recipe.key.signature(for: signed)
    return .wrapped(
      .tagged(
        tag, .array([.bytes(header), .map([]), detached ? .null : .bytes(payload), .bytes(signature)])))
  }

  func envelope(_ entries: CBORItem...) -> CBORItem {
    .map([(2, .wrapped(.array(entries))), (3, .bytes(good))])
  }

  @Test func `the regular envelope is accepted`() throws {
    #expect(reason(.map([(2, .wrapped(.array(try signatures()))), (3, .bytes(good))])) == nil)
    #expect(reason(envelope(try entry())) == nil)
  }

  @Test func `members must be the authentication, then the manifest, and nothing else`() throws {
    let authentication = (Int64(2), CBORItem.wrapped(.array(try signatures())))
    let manifest = (Int64(3), CBORItem.bytes(good))
    #expect(reason(.map([manifest, authentication])) == .signature)
    #expect(reason(.map([manifest])) == .signature)
    #expect(reason(.map([authentication])) == .malformed)
    #expect(reason(.map([authentication, manifest, (Int64(9), .bytes([]))])) == .unsupported)
    #expect(reason(.map([authentication, manifest, (Int64(-1), .bytes([]))])) == .unsupported)
    #expect(reason(.map([authentication, manifest, manifest])) == .malformed)
    #expect(reason(.map([authentication, (Int64(3), .map([]))])) == .malformed)
    #expect(reason(.map([(Int64(2), .array([])), manifest])) == .malformed)
    #expect(reason(.array([])) == .malformed)
    #expect(reason([0xA1, 0x61, 0x61, 0x00]) == .unsupported)
    #expect(reason(.tagged(106, .map([authentication, manifest]))) == .unsupported)
    // The tag of the current draft, in which the first entry is no signature.
    #expect(reason(.tagged(107, .map([authentication, manifest]))) == .signature)
  }

  @Test func `anything behind the envelope, or behind a wrapped item, is malformed`() throws {
    let regular = envelope(try entry()).encoded
    #expect(reason(regular + [0]) == .malformed)
    let wrapper = CBORItem.array([try entry()]).encoded + [0]
    #expect(reason(.map([(2, .bytes(wrapper)), (3, .bytes(good))])) == .malformed)
    let outcome = try Recipe.deploy(.map(Recipe().members))
    #expect(outcome.error == nil)
    var trailing = Envelope(manifest: good + [0])
    try trailing.sign(with: Recipe.key)
    #expect(reason(trailing.encoded) == .malformed)
  }

  @Test func `an entry counts only with an attached payload and EdDSA in its protected header`() throws {
    #expect(reason(envelope(try entry(header: .map([(1, .integer(-8)), (4, .text("k"))])))) == nil)
    #expect(reason(envelope(try entry(detached: true))) == .signature)
    #expect(reason(envelope(try entry(header: .map([(1, .integer(-7))])))) == .signature)
    #expect(reason(envelope(try entry(header: .map([])))) == .signature)
    #expect(
      reason(envelope(try entry(header: .map([(1, .integer(-8)), (2, .array([.integer(4)]))])))) == .signature
    )
  }

  @Test func `every entry must have the structure, even behind one that verifies`() throws {
    #expect(reason(envelope(try entry(), try entry(tag: 98))) == .malformed)
    #expect(reason(envelope(try entry(), .wrapped(.array([])))) == .malformed)
    #expect(reason(envelope(try entry(), .integer(0))) == .malformed)
    #expect(reason(envelope()) == .signature)
  }

  @Test func `one trusted signature among strangers is enough`() throws {
    var envelope = Envelope(manifest: good)
    try envelope.sign(with: SigningKey())
    #expect(reason(envelope.encoded) == .signature)
    try envelope.sign(with: Recipe.key)
    #expect(reason(envelope.encoded) == nil)
    var device = Recipe.device
    device.keys = [SigningKey().publicKey, SigningKey().publicKey, Recipe.key.publicKey]
    let outcome = deploy(envelope.encoded, payload: Recipe.payload, on: device)
    #expect(outcome.error == nil)
    device.keys = []
    let distrusted = deploy(envelope.encoded, payload: Recipe.payload, on: device)
    #expect(distrusted.error?.reason == .signature)
  }

  @Test func `what was signed must be exactly the digest of this manifest`() throws {
    let right = digest(of: CBORItem.bytes(good).encoded)
    let payloads: [CBORItem] = [
      .array([.integer(2), .bytes(digest(of: good))]), .array([.integer(1), .bytes(right)]),
      .array([.integer(-16), .bytes(right)]), .array([.integer(2), .bytes(right), .integer(0)]),
      .array([.integer(2), .bytes(Array(right.dropLast()))]), .array([]),
    ]
    for payload in payloads {
      #expect(reason(envelope(try entry(payload: payload.encoded))) == .manifestDigest)
    }
    let encoded = CBORItem.array([.integer(2), .bytes(right)]).encoded
    #expect(reason(envelope(try entry(payload: encoded + [0]))) == .manifestDigest)
  }

  @Test func `a second encoding of S is refused`() throws {
    var signed = Envelope(manifest: good)
    try signed.sign(with: Recipe.key)
    let groupOrder: [UInt8] =
      [0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14]
      + [UInt8](repeating: 0, count: 15) + [0x10]
    var entry = signed.signatures[0]
    var carry = 0
    for index in 0..<32 {
      let sum = Int(entry[entry.count - 32 + index]) + Int(groupOrder[index]) + carry
      entry[entry.count - 32 + index] = UInt8(sum & 0xFF)
      carry = sum >> 8
    }
    #expect(reason(envelope(.bytes(entry))) == .signature)
  }

  @Test func `an envelope that exceeds the buffer is refused at the piece that does not fit`() throws {
    let encoded = envelope(try entry()).encoded
    let fits = deploy(encoded, payload: Recipe.payload, on: Recipe.device, capacity: encoded.count)
    #expect(fits.error == nil)
    let outcome = deploy(
      encoded, payload: Recipe.payload, on: Recipe.device, pieceSize: 1, capacity: encoded.count - 1)
    let count = encoded.count
    #expect(
      outcome.error
        == SUITError(.tooLarge, at: encoded.count - 1, expected: count - 1, found: count))
  }
}
