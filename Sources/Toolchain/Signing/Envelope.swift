import CBOR
import COSE
import SUIT

/// A SUIT envelope in RIOT's profile (draft-ietf-suit-manifest-09 §8.2): a manifest and its signatures.
public struct Envelope: Equatable, Sendable {
  /// The encoded manifest.
  public let manifest: [UInt8]
  /// Encoded COSE_Sign1 messages in the order of signing.
  public private(set) var signatures: [[UInt8]] = []

  /// An unsigned envelope.
  public init(manifest: [UInt8]) {
    self.manifest = manifest
  }

  /// Takes an encoded envelope apart, to sign it or to look at it. Throws where it is not one.
  public init(encoded: [UInt8]) throws(CBORError) {
    var reader = CBORReader(encoded.span)
    try reader.checkWellFormed()
    let count = try reader.readMap()
    guard count == 2 else { throw CBORError(.wrongValue, at: 0, expected: 2, found: Int64(count)) }
    try Self.readKey(EnvelopeKey.authentication, from: &reader)
    var wrapper = try reader.readWrapped()
    for _ in 0..<(try wrapper.readArray()) {
      signatures.append([UInt8](try wrapper.readBytes()))
    }
    try Self.readKey(EnvelopeKey.manifest, from: &reader)
    manifest = [UInt8](try reader.readBytes())
  }

  public var encoded: [UInt8] {
    CBORItem.map([
      (EnvelopeKey.authentication, .wrapped(.array(signatures.map { .bytes($0) }))),
      (EnvelopeKey.manifest, .bytes(manifest)),
    ]).encoded
  }

  /// Appends a signature by `key`. A device accepts the envelope if it trusts any one of its signers.
  public mutating func sign(with key: SigningKey) throws {
    let profile = Profile.riot
    let header = CBORItem.map([(Sign1.algorithmHeader, .integer(profile.signatureAlgorithm))]).encoded
    let digest = HostCryptography.Hash.digest(of: CBORItem.bytes(manifest).encoded)
    let payload = CBORItem.digest(digest, profile).encoded
    let signature = try key.signature(for: Sign1.signedBytes(protectedHeader: header, payload: payload))
    signatures.append(
      CBORItem.tagged(
        Sign1.tag, .array([.bytes(header), .map([]), .bytes(payload), .bytes(signature)])
      ).encoded)
  }

  private static func readKey(_ expected: Int64, from reader: inout CBORReader) throws(CBORError) {
    let offset = reader.offset
    let key = try reader.readInteger()
    guard key == expected else {
      throw CBORError(.wrongValue, at: offset, expected: expected, found: key)
    }
  }
}

extension CBORItem {
  /// A SUIT_Digest.
  static func digest(_ digest: COSE.SHA256Digest, _ profile: Profile) -> CBORItem {
    .array([.integer(profile.sha256), .bytes([UInt8](digest.bytes.span))])
  }
}

extension Sign1 {
  /// What a signature with these parts covers.
  fileprivate static func signedBytes(protectedHeader: [UInt8], payload: [UInt8]) throws -> [UInt8] {
    var storage = [UInt8](repeating: 0, count: 64 + protectedHeader.count + payload.count)
    var writer = CBORWriter(storage.mutableSpan)
    try writer.writeSignatureStructure(protectedHeader: protectedHeader.span, payload: payload.span)
    let count = writer.count
    return Array(storage[..<count])
  }
}
