/// The forms of a manifest that are understood. The envelope tells which it is, before anything of the manifest is
/// interpreted; the bytes that are signed differ, so a signature made for one never verifies for the other.
public enum ManifestForm: String, CaseIterable, Sendable {
  /// draft-ietf-suit-manifest-09 as RIOT speaks it, whose run-sequence has the number of an earlier draft.
  case riot
  /// draft-ietf-suit-manifest-37, the current one.
  case suit
}

/// The numbers and rules in which the forms differ.
package struct Profile: Sendable {
  package let form: ManifestForm

  package init(_ form: ManifestForm) {
    self.form = form
  }

  package var install: Int64 { form == .riot ? 9 : 20 }
  package var validate: Int64 { form == .riot ? 10 : 7 }
  package var runSequence: Int64 { form == .riot ? 30 : 32 }
  /// SHA-256 in a SUIT_Digest.
  package var sha256: Int64 { form == .riot ? 2 : -16 }

  /// Whether this number in a protected header means Ed25519: EdDSA, or the fully specified algorithm (RFC 9864 §2.2).
  func isEd25519(_ algorithm: Int64?) -> Bool {
    algorithm == SignatureAlgorithm.edDSA || form == .suit && algorithm == SignatureAlgorithm.ed25519
  }

  @inline(never)
  func member(_ key: Int) -> Member? {
    switch Int64(key) {
    case ManifestKey.version: .version
    case ManifestKey.sequenceNumber: .sequenceNumber
    case ManifestKey.common: .common
    case install: .install
    case validate: .validate
    case ManifestKey.referenceURI where form == .suit: .referenceURI
    case ManifestKey.text where form == .suit: .text
    default: nil
    }
  }

  @inline(never)
  func command(_ number: Int) -> Command? {
    switch Int64(number) {
    case CommandNumber.vendorIdentifier: .single(.vendorIdentifier)
    case CommandNumber.classIdentifier: .single(.classIdentifier)
    case CommandNumber.imageMatch: .single(.imageMatch)
    case CommandNumber.componentOffset: .single(.componentOffset)
    case CommandNumber.setComponentIndex: .single(.setComponentIndex)
    case CommandNumber.tryEach: .tryEach
    case CommandNumber.setParameters where form == .riot: .single(.setParameters)
    case CommandNumber.overrideParameters: .single(.setParameters)
    case CommandNumber.fetch: .single(.fetch)
    case runSequence: .runSequence
    default: nil
    }
  }
}

/// Numbers of the IANA registry "COSE Algorithms".
package enum SignatureAlgorithm {
  package static let edDSA: Int64 = -8
  package static let ed25519: Int64 = -19
}

/// Members of the envelope with an integer as their key. draft-ietf-suit-manifest-09 §8.2, -37 §8.2.
package enum EnvelopeKey {
  /// The tag in front of the current draft's envelope.
  package static let tag: UInt64 = 107
  package static let authentication: Int64 = 2
  package static let manifest: Int64 = 3
}

/// Members of the manifest that have the same number in every profile. draft-ietf-suit-manifest-09 §8.4.
package enum ManifestKey {
  package static let version: Int64 = 1
  package static let sequenceNumber: Int64 = 2
  package static let common: Int64 = 3
  /// In the current draft only, and of no use to a device.
  package static let referenceURI: Int64 = 4
  /// In the current draft only, in manifest or envelope, and of no use to a device.
  package static let text: Int64 = 23
}

/// Members of common. draft-ietf-suit-manifest-09 §8.7.2.
package enum CommonKey {
  package static let components: Int64 = 2
  package static let sequence: Int64 = 4
}

/// Conditions and directives that have the same number in every profile. draft-ietf-suit-manifest-09 §8.7.6, §8.7.7.
package enum CommandNumber {
  package static let vendorIdentifier: Int64 = 1
  package static let classIdentifier: Int64 = 2
  package static let imageMatch: Int64 = 3
  package static let componentOffset: Int64 = 5
  package static let setComponentIndex: Int64 = 12
  package static let tryEach: Int64 = 15
  package static let setParameters: Int64 = 19
  package static let overrideParameters: Int64 = 20
  package static let fetch: Int64 = 21
}

/// Parameters. draft-ietf-suit-manifest-09 §8.7.5.
package enum ParameterKey {
  package static let vendorID: Int64 = 1
  package static let classID: Int64 = 2
  package static let imageDigest: Int64 = 3
  package static let componentOffset: Int64 = 5
  package static let imageSize: Int64 = 14
  package static let uri: Int64 = 21
}

/// Members of the manifest by what is done with them.
enum Member {
  case version, sequenceNumber, common, install, validate, referenceURI, text
}

/// Commands by what is done: those that contain sequences, and all others.
enum Command {
  case tryEach, runSequence
  case single(SingleCommand)
}

/// Set-parameters and override-parameters are one: as in RIOT, the later value stands.
enum SingleCommand {
  case vendorIdentifier, classIdentifier, imageMatch, componentOffset
  case setComponentIndex, setParameters, fetch
}

/// Where the values of the component's parameters stand in the envelope; 0, where it begins itself, while not set.
struct Parameters {
  private(set) var vendorID = 0
  private(set) var classID = 0
  private(set) var imageDigest = 0
  private(set) var imageSize = 0
  private(set) var uri = 0

  /// Notes where the value of parameter `key` stands. False if there is no such parameter.
  mutating func set(_ key: Int, at offset: Int) -> Bool {
    switch Int64(key) {
    case ParameterKey.vendorID: vendorID = offset
    case ParameterKey.classID: classID = offset
    case ParameterKey.imageDigest: imageDigest = offset
    // Accepted like the others, but only ever compared, and slots fail that comparison whatever its value.
    case ParameterKey.componentOffset: break
    case ParameterKey.imageSize: imageSize = offset
    case ParameterKey.uri: uri = offset
    default: return false
    }
    return true
  }
}
