import CBOR
import COSE
import SUIT

/// A SUIT envelope: a manifest and its signatures, and in the current form what may come with them.
public struct Envelope: Equatable, Sendable {
  public let form: ManifestForm
  /// The encoded manifest.
  public let manifest: [UInt8]
  /// Encoded COSE_Sign1 messages in the order of signing.
  public private(set) var signatures: [[UInt8]] = []
  /// The encoded text that was severed from the manifest, which holds its digest. Current form only.
  public var text: [UInt8]?
  /// The payload that comes with the envelope, under the URI in the manifest as its name. Current form only.
  public var integrated: Integrated?

  public struct Integrated: Equatable, Sendable {
    /// Begins with `#`.
    public let name: String
    public let payload: [UInt8]

    public init(name: String, payload: [UInt8]) {
      self.name = name
      self.payload = payload
    }
  }

  /// An unsigned envelope.
  public init(manifest: [UInt8], form: ManifestForm = .riot) {
    self.manifest = manifest
    self.form = form
  }

  /// Takes an encoded envelope apart, to sign it or to look at it. Throws where it is not one.
  public init(encoded: [UInt8]) throws(CBORError) {
    var reader = CBORReader(encoded.span)
    try reader.checkWellFormed()
    form = try reader.peekType() == .tag ? .suit : .riot
    if form == .suit { try reader.readTag(EnvelopeKey.tag) }
    let count = try reader.readMap()
    guard form == .suit ? count >= 2 : count == 2 else {
      throw CBORError(.wrongValue, at: 0, expected: 2, found: count)
    }
    try Self.readKey(EnvelopeKey.authentication, from: &reader)
    var wrapper = try reader.readWrapped()
    for index in 0..<(try wrapper.readArray()) {
      let entry = [UInt8](try wrapper.readBytes())
      // The digest, which is made anew when the envelope is written.
      guard form == .riot || index > 0 else { continue }
      signatures.append(entry)
    }
    try Self.readKey(EnvelopeKey.manifest, from: &reader)
    manifest = [UInt8](try reader.readBytes())
    for _ in 2..<count {
      guard try reader.peekType() == .text else {
        try Self.readKey(ManifestKey.text, from: &reader)
        text = [UInt8](try reader.readBytes())
        continue
      }
      let name = String(decoding: [UInt8](try reader.readText()), as: UTF8.self)
      integrated = Integrated(name: name, payload: [UInt8](try reader.readBytes()))
    }
  }

  public var encoded: [UInt8] {
    let entries = signatures.map { CBORItem.bytes($0) }
    guard form == .suit else {
      return CBORItem.map([
        (EnvelopeKey.authentication, .wrapped(.array(entries))), (EnvelopeKey.manifest, .bytes(manifest)),
      ]).encoded
    }
    var members: [(CBORItem, CBORItem)] = [
      (.integer(EnvelopeKey.authentication), .wrapped(.array([.bytes(digest)] + entries))),
      (.integer(EnvelopeKey.manifest), .bytes(manifest)),
    ]
    if let text { members.append((.integer(ManifestKey.text), .bytes(text))) }
    if let integrated { members.append((.text(integrated.name), .bytes(integrated.payload))) }
    return CBORItem.tagged(EnvelopeKey.tag, .pairs(members)).encoded
  }

  /// The envelope with `image` behind it, as a device takes it by push: as the last member if it is integrated, else as
  /// the next item of a CBOR sequence (RFC 8742).
  public func encoded(pushing image: [UInt8]) -> [UInt8] {
    integrated == nil ? encoded + CBORItem.bytes(image).encoded : encoded
  }

  /// Appends a signature by `key`. A device accepts the envelope if it trusts any one of its signers.
  ///
  /// - Parameters:
  ///   - key: whose signature.
  ///   - algorithm: what the signature says of itself, -8 (EdDSA) or -19 (Ed25519); `nil` takes what is usual in the form.
  /// - Throws: only if the crypto library fails.
  public mutating func sign(with key: SigningKey, algorithm: Int64? = nil) throws {
    let usual = form == .riot ? SignatureAlgorithm.edDSA : SignatureAlgorithm.ed25519
    let header = CBORItem.map([(Sign1.algorithmHeader, .integer(algorithm ?? usual))]).encoded
    let signature = try key.signature(for: Sign1.signedBytes(protectedHeader: header, payload: digest))
    signatures.append(
      CBORItem.tagged(
        Sign1.tag,
        .array([.bytes(header), .map([]), form == .riot ? .bytes(digest) : .null, .bytes(signature)])
      ).encoded)
  }

  /// The encoded SUIT_Digest that is signed.
  private var digest: [UInt8] {
    CBORItem.digest(ofWrapped: manifest, Profile(form)).encoded
  }

  private static func readKey(_ expected: Int64, from reader: inout CBORReader) throws(CBORError) {
    let offset = reader.offset
    let key = try reader.readInteger()
    guard key == expected else {
      throw CBORError(.wrongValue, at: offset, expected: Int(clamping: expected), found: Int(clamping: key))
    }
  }
}

extension CBORItem {
  /// A SUIT_Digest.
  static func digest(_ digest: COSE.SHA256Digest, _ profile: Profile) -> CBORItem {
    .array([.integer(profile.sha256), .bytes([UInt8](digest.bytes.span))])
  }

  /// A SUIT_Digest of the byte string with this content, its head included.
  static func digest(ofWrapped content: [UInt8], _ profile: Profile) -> CBORItem {
    digest(HostCryptography.Hash.digest(of: CBORItem.bytes(content).encoded), profile)
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
