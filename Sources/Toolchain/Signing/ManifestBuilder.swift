import COSE
import SUIT

/// A manifest that installs one payload into one slot: in RIOT's form byte for byte as RIOT's manifest tools write it, or in
/// that of the current draft.
///
/// Component segments are always UTF-8, where those tools would take `10` for a hexadecimal byte; slots above 9 are
/// therefore addressable.
public struct ManifestBuilder: Equatable, Sendable {
  public let vendorID: UUIDBytes
  public let classID: UUIDBytes
  /// The number of the slot; the component identifier is `["ram", "<slot>"]`.
  public let slot: UInt16
  /// Must exceed the number of what the slot holds.
  public let sequenceNumber: UInt32
  /// Where the device fetches the payload: `coap://`, at most 127 bytes. In the current form it may be the name of a payload
  /// that comes with the envelope, beginning with `#`.
  public let uri: String
  public let form: ManifestForm
  /// Where people find the manifest. Current form only, and of no use to a device.
  public var referenceURI: String?
  /// What people are told of it, severed from the manifest. Current form only, and of no use to a device.
  public var description: String?
  /// SHA-256 of the payload.
  public let digest: COSE.SHA256Digest
  /// Bytes of the payload.
  public let byteCount: Int
  /// The payload, if it comes with the envelope.
  private let payload: [UInt8]?

  public init(
    payload: [UInt8], uri: String, slot: UInt16, sequenceNumber: UInt32, vendorID: UUIDBytes,
    classID: UUIDBytes, form: ManifestForm = .riot
  ) {
    self.form = form
    self.payload = uri.hasPrefix("#") ? payload : nil
    self.vendorID = vendorID
    self.classID = classID
    self.slot = slot
    self.sequenceNumber = sequenceNumber
    self.uri = uri
    digest = HostCryptography.Hash.digest(of: payload)
    byteCount = payload.count
  }

  /// The envelope of the manifest, still unsigned.
  public var envelope: Envelope {
    var envelope = Envelope(manifest: manifest.encoded, form: form)
    if form == .suit {
      envelope.text = text
      envelope.integrated = payload.map { Envelope.Integrated(name: uri, payload: $0) }
    }
    return envelope
  }

  private var profile: Profile { Profile(form) }

  private var manifest: CBORItem {
    var members: [(Int64, CBORItem)] = [
      (ManifestKey.version, .integer(1)),
      (ManifestKey.sequenceNumber, .integer(Int64(sequenceNumber))),
      (ManifestKey.common, .wrapped(common)),
      (profile.install, .wrapped(install)),
      (profile.validate, .wrapped(.array(Self.imageMatch))),
    ]
    if form == .suit {
      if let referenceURI { members.append((ManifestKey.referenceURI, .text(referenceURI))) }
      if let text { members.append((ManifestKey.text, .digest(ofWrapped: text, profile))) }
    }
    return .map(members.sorted { $0.0 < $1.0 })
  }

  /// The text map (draft-ietf-suit-manifest-37 §8.4.4) with the manifest's description in English.
  private var text: [UInt8]? {
    description.map { CBORItem.pairs([(.text("en"), .map([(1, .text($0))]))]).encoded }
  }

  private var common: CBORItem {
    .map([
      (CommonKey.components, .array([.array([.utf8("ram"), .utf8(String(slot))])])),
      (CommonKey.sequence, .wrapped(.array(override + Self.vendorIdentifier + Self.classIdentifier))),
    ])
  }

  private var override: [CBORItem] {
    [
      .integer(CommandNumber.overrideParameters),
      .map([
        (ParameterKey.vendorID, .bytes([UInt8](vendorID.bytes.span))),
        (ParameterKey.classID, .bytes([UInt8](classID.bytes.span))),
        (ParameterKey.imageDigest, .wrapped(.digest(digest, profile))),
        (ParameterKey.imageSize, .integer(Int64(byteCount))),
      ]),
    ]
  }

  private var install: CBORItem {
    .array(
      [.integer(setParameters), .map([(ParameterKey.uri, .text(uri))])]
        + Self.fetch + Self.imageMatch)
  }

  private var setParameters: Int64 {
    form == .riot ? CommandNumber.setParameters : CommandNumber.overrideParameters
  }

  // Each command is followed by the reporting policy that RIOT's tools give it.
  private static let vendorIdentifier: [CBORItem] = [.integer(CommandNumber.vendorIdentifier), .integer(15)]
  private static let classIdentifier: [CBORItem] = [.integer(CommandNumber.classIdentifier), .integer(15)]
  private static let imageMatch: [CBORItem] = [.integer(CommandNumber.imageMatch), .integer(15)]
  private static let fetch: [CBORItem] = [.integer(CommandNumber.fetch), .integer(2)]
}

extension CBORItem {
  /// A byte string of the text's UTF-8.
  fileprivate static func utf8(_ text: String) -> CBORItem {
    .bytes(Array(text.utf8))
  }
}
