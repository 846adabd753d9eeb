import CoAP
import DeviceProtocol
import SUIT

extension Problem {
  init(_ error: SUITError) {
    let (code, title, detail) = Self.words(for: error.reason)
    self.init(
      code, .manifest, rule: error.reason.rawValue, title: title, detail: detail, index: Int64(error.offset),
      expected: Int64(error.expected), found: Int64(error.found))
  }

  private static func words(for reason: SUITError.Reason) -> (Code, StaticString, StaticString) {
    switch reason {
    case .tooLarge:
      (.requestEntityTooLarge, "Manifest too large", "the envelope is longer than the device's buffer")
    case .malformed:
      (
        .unprocessableEntity, "Manifest malformed",
        "the envelope is not the CBOR or not the structure of a manifest"
      )
    case .unsupported:
      (
        .unprocessableEntity, "Manifest not supported",
        "the manifest has a member, command, parameter, algorithm or component that this device does not know"
      )
    case .signature:
      (.forbidden, "Signature refused", "no signature by a key that this device trusts")
    case .manifestDigest:
      (.forbidden, "Signature refused", "what was signed is not the digest of this manifest")
    case .version:
      (.unprocessableEntity, "Manifest version not supported", "the manifest has another version")
    case .sequence:
      (.forbidden, "Sequence number too low", "the slot has seen this sequence number or a higher one")
    case .vendor:
      (.forbidden, "Wrong vendor", "the manifest is for devices of another vendor")
    case .classID:
      (.forbidden, "Wrong class", "the manifest is for devices of another class")
    case .offset:
      (.unprocessableEntity, "Offset not supported", "the manifest wants an offset, which slots do not have")
    case .policy:
      (.unprocessableEntity, "Manifest out of order", "the manifest fetches before it has made all checks")
    case .uriTooLong:
      (
        .unprocessableEntity, "Image URL too long",
        "the image's URL has more characters than the device keeps"
      )
    case .storage:
      (.requestEntityTooLarge, "Image too large", "the image is larger than a slot")
    case .scheme:
      (.unprocessableEntity, "Image URL not usable", "the image's URL has to begin with coap://")
    case .fetch:
      (.badGateway, "Image not fetched", "the image could not be fetched")
    case .size:
      (
        .unprocessableEntity, "Wrong image size",
        "the file on the server has not the size that the manifest says"
      )
    case .payloadDigest:
      (.unprocessableEntity, "Wrong image digest", "the file on the server is not the one that was signed")
    case .incomplete:
      (
        .unprocessableEntity, "Manifest incomplete",
        "the manifest ends without having installed a checked image"
      )
    }
  }
}
