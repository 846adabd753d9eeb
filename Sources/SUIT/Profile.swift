/// The numbers in which the manifest formats differ. Chosen before anything of the manifest is interpreted.
package struct Profile: Sendable {
  package let install: Int64
  package let validate: Int64
  package let runSequence: Int64
  /// SHA-256 in a SUIT_Digest.
  package let sha256: Int64
  /// EdDSA in a protected header.
  package let signatureAlgorithm: Int64

  /// draft-ietf-suit-manifest-09 as RIOT speaks it, whose run-sequence has the number of an earlier draft.
  package static var riot: Profile {
    Profile(install: 9, validate: 10, runSequence: 30, sha256: 2, signatureAlgorithm: -8)
  }

  func member(_ key: Int64) -> Member? {
    switch key {
    case ManifestKey.version: .version
    case ManifestKey.sequenceNumber: .sequenceNumber
    case ManifestKey.common: .common
    case install, validate: .commandSequence
    default: nil
    }
  }

  func command(_ number: Int64) -> Command? {
    switch number {
    case CommandNumber.vendorIdentifier: .single(.vendorIdentifier)
    case CommandNumber.classIdentifier: .single(.classIdentifier)
    case CommandNumber.imageMatch: .single(.imageMatch)
    case CommandNumber.componentOffset: .single(.componentOffset)
    case CommandNumber.setComponentIndex: .single(.setComponentIndex)
    case CommandNumber.tryEach: .tryEach
    case CommandNumber.setParameters, CommandNumber.overrideParameters: .single(.setParameters)
    case CommandNumber.fetch: .single(.fetch)
    case runSequence: .runSequence
    default: nil
    }
  }
}

/// Members of the envelope. draft-ietf-suit-manifest-09 §8.2.
package enum EnvelopeKey {
  package static let authentication: Int64 = 2
  package static let manifest: Int64 = 3
}

/// Members of the manifest that have the same number in every profile. draft-ietf-suit-manifest-09 §8.4.
package enum ManifestKey {
  package static let version: Int64 = 1
  package static let sequenceNumber: Int64 = 2
  package static let common: Int64 = 3
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
  case version, sequenceNumber, common, commandSequence
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

/// Where the values of the component's parameters stand in the envelope; nil while not set.
struct Parameters {
  private(set) var vendorID: Int?
  private(set) var classID: Int?
  private(set) var imageDigest: Int?
  private(set) var imageSize: Int?
  private(set) var uri: Int?

  /// Notes where the value of parameter `key` stands. False if there is no such parameter.
  mutating func set(_ key: Int64, at offset: Int) -> Bool {
    switch key {
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
