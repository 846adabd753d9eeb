import CBOR

/// Why a deployment was refused, and where in the envelope.
public struct SUITError: Error, Equatable, Sendable {
  /// Never renumbered: the numbers travel in diagnostics.
  public enum Reason: UInt8, Sendable {
    /// The envelope does not fit the buffer. Expected: its bytes; found: bytes received so far.
    case tooLarge = 1
    /// Not the CBOR or not the structure of a manifest. Expected and found: those of `CBORError`, or zero.
    case malformed = 2
    /// A member, command, parameter, component or algorithm that this device does not know. Found: its number, or
    /// the number of components.
    case unsupported = 3
    /// No signature by a trusted key.
    case signature = 4
    /// What was signed is not the digest of this manifest.
    case manifestDigest = 5
    /// Expected and found: manifest versions.
    case version = 6
    /// Not above the number of what the slot holds. Expected: that number, to be exceeded; found: the manifest's.
    case sequence = 7
    case vendor = 8
    case classID = 9
    /// A component offset was demanded; slots have none. Found: the offset.
    case offset = 10
    /// A step before the checks it rests on.
    case policy = 11
    /// Expected: characters at most; found: characters.
    case uriTooLong = 12
    /// The image is larger than its slot. Expected: bytes of the slot; found: bytes of the image.
    case storage = 13
    /// The URI does not begin with `coap://`.
    case scheme = 14
    /// The payload could not be had.
    case fetch = 15
    /// Expected: bytes of the image by the manifest; found: bytes received.
    case size = 16
    /// The payload is not the one that the manifest describes.
    case payloadDigest = 17
    /// The manifest ended without having installed a verified payload.
    case incomplete = 18
  }

  public let reason: Reason
  /// Bytes from the start of the envelope to the item that decided.
  public let offset: Int
  /// What does not fit is clamped.
  public let expected: Int
  public let found: Int

  public init(_ reason: Reason, at offset: Int, expected: Int = 0, found: Int = 0) {
    self.reason = reason
    self.offset = offset
    self.expected = expected
    self.found = found
  }

  init(_ error: CBORError) {
    self.init(.malformed, at: error.offset, expected: error.expected, found: error.found)
  }

  /// Whether try-each goes on to its next branch. draft-ietf-suit-manifest-09 §8.7.7.3.
  var isFailedCondition: Bool {
    switch reason {
    case .vendor, .classID, .offset: true
    case .tooLarge, .malformed, .unsupported, .signature, .manifestDigest, .version, .sequence, .policy,
      .uriTooLong, .storage, .scheme, .fetch, .size, .payloadDigest, .incomplete:
      false
    }
  }
}
