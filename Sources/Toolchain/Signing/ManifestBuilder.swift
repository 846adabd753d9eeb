import COSE
import SUIT

/// A manifest that installs one payload into one slot, byte for byte as RIOT's manifest tools write it.
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
  /// Where the device fetches the payload: `coap://`, at most 127 bytes.
  public let uri: String
  /// SHA-256 of the payload.
  public let digest: COSE.SHA256Digest
  /// Bytes of the payload.
  public let byteCount: Int

  public init(
    payload: [UInt8], uri: String, slot: UInt16, sequenceNumber: UInt32, vendorID: UUIDBytes,
    classID: UUIDBytes
  ) {
    self.vendorID = vendorID
    self.classID = classID
    self.slot = slot
    self.sequenceNumber = sequenceNumber
    self.uri = uri
    digest = HostCryptography.Hash.digest(of: payload)
    byteCount = payload.count
  }

  /// The envelope of the manifest, still unsigned.
  public var envelope: Envelope { Envelope(manifest: manifest.encoded) }

  private var profile: Profile { .riot }

  private var manifest: CBORItem {
    .map([
      (ManifestKey.version, .integer(1)),
      (ManifestKey.sequenceNumber, .integer(Int64(sequenceNumber))),
      (ManifestKey.common, .wrapped(common)),
      (profile.install, .wrapped(install)),
      (profile.validate, .wrapped(.array(Self.imageMatch))),
    ])
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
      [.integer(CommandNumber.setParameters), .map([(ParameterKey.uri, .text(uri))])]
        + Self.fetch + Self.imageMatch)
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
