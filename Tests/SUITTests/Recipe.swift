import COSE
import Crypto
import SUIT
import Toolchain

/// The parts of a manifest, good unless a test changes them, and the signatures over it.
struct Recipe {
  static let key = SigningKey()
  static let payload: [UInt8] = Array(0..<100)

  var version = CBORItem.integer(1)
  var sequenceNumber = CBORItem.integer(5)
  var components = CBORItem.array([.array([utf8("ram"), utf8("2")])])
  var parameters: [(Int64, CBORItem)] = [
    (ParameterKey.vendorID, .bytes(copy(of: device.vendorID.bytes.span))),
    (ParameterKey.classID, .bytes(copy(of: device.classID.bytes.span))),
    (ParameterKey.imageDigest, .wrapped(.array([.integer(2), .bytes(digest(of: payload))]))),
    (ParameterKey.imageSize, .integer(Int64(payload.count))),
    (ParameterKey.uri, .text("coap://[fe80::1]/p")),
  ]
  var conditions: [CBORItem] = vendorIdentifier + classIdentifier
  var install: [CBORItem] = fetch + imageMatch
  var validate: [CBORItem] = imageMatch
  /// Members behind the regular ones.
  var others: [(Int64, CBORItem)] = []

  static let vendorIdentifier: [CBORItem] = [.integer(1), .integer(15)]
  static let classIdentifier: [CBORItem] = [.integer(2), .integer(15)]
  static let imageMatch: [CBORItem] = [.integer(3), .integer(15)]
  static let fetch: [CBORItem] = [.integer(21), .integer(2)]

  static func set(_ key: Int64, _ value: CBORItem) -> [CBORItem] {
    [.integer(20), .map([(key, value)])]
  }

  /// Trusts `key`, holds sequence number 4 in slot 2.
  static var device: TestDevice {
    var device = TestDevice(trusting: [key.publicKey])
    device.storedSequenceNumbers[2] = 4
    return device
  }

  /// The recipe without parameter `key`, or with another value.
  func with(_ key: Int64, _ value: CBORItem?) -> Recipe {
    var changed = self
    changed.parameters.removeAll { $0.0 == key }
    if let value { changed.parameters.append((key, value)) }
    return changed
  }

  func with<T>(_ part: WritableKeyPath<Recipe, T>, _ value: T) -> Recipe {
    var changed = self
    changed[keyPath: part] = value
    return changed
  }

  var common: CBORItem {
    let sequence: [CBORItem] = [.integer(20), .map(parameters)] + conditions
    return .wrapped(
      .map([(CommonKey.components, components), (CommonKey.sequence, .wrapped(.array(sequence)))]))
  }

  var members: [(Int64, CBORItem)] {
    let regular: [(Int64, CBORItem)] = [
      (1, version), (2, sequenceNumber), (3, common), (9, .wrapped(.array(install))),
      (10, .wrapped(.array(validate))),
    ]
    return regular + others
  }

  func deploy(payload: [UInt8]? = Recipe.payload, on device: TestDevice = Recipe.device) throws -> Outcome {
    try Recipe.deploy(.map(members), payload: payload, on: device)
  }

  /// Signs and deploys any manifest.
  static func deploy(
    _ manifest: CBORItem, payload: [UInt8]? = Recipe.payload, on device: TestDevice = Recipe.device
  ) throws -> Outcome {
    var envelope = Envelope(manifest: manifest.encoded)
    try envelope.sign(with: key)
    return SUITTests.deploy(envelope.encoded, payload: payload, on: device, capacity: 1024)
  }
}

func utf8(_ text: String) -> CBORItem { .bytes(Array(text.utf8)) }

func digest(of bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
