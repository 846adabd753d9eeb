import COSE
import Foundation
import SUIT
import Testing

/// One entry of a `vectors.json`.
struct Vector: Decodable, Sendable, CustomTestStringConvertible {
  struct Expectation: Decodable, Sendable {
    let outcome: String
    let slot: Int?
    let reason: String?
    let also: [String]?
    let sequenceAfter: UInt32?
    let maxFetches: Int
  }

  let name: String
  let manifest: String
  let payload: String?
  let key: OneOrMany
  let deviceModel: String
  let storedSequence: UInt32
  let expected: Expectation

  var testDescription: String { name }

  /// Those of the current draft are told by their names.
  private var set: VectorSet { name.hasPrefix("cur-") ? .current : .riot }

  func bytes(_ path: String) throws -> [UInt8] { try set.bytes(path) }

  var envelope: [UInt8] {
    get throws { try bytes(manifest) }
  }

  var image: [UInt8]? {
    get throws { try payload.map(bytes) }
  }

  /// The device that the vector describes.
  func device() throws -> TestDevice {
    guard let model = set.file.deviceModels[deviceModel] else { fatalError("no model \(deviceModel)") }
    var device = TestDevice(model: model, storedSequenceNumber: storedSequence)
    for name in key.names {
      let raw = try bytes("keys/\(name).pub.bin")
      device.keys.append(Ed25519PublicKey(InlineArray { raw[$0] }))
    }
    return device
  }
}

/// A folder of vectors.
struct VectorSet: Sendable {
  private let folder: URL
  let file: VectorFile

  private init(_ folder: String) {
    self.folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: folder)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      file = try decoder.decode(
        VectorFile.self, from: Data(contentsOf: self.folder.appending(path: "vectors.json")))
    } catch { fatalError("vectors.json: \(error)") }
  }

  static let riot = VectorSet("Vectors")
  static let current = VectorSet("Vectors/current")
  static let all = riot.file.vectors + current.file.vectors

  func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: path)))
  }
}

struct VectorFile: Decodable, Sendable {
  struct DeviceModel: Decodable, Sendable {
    let vendorId: String
    let classId: String
    let ramSlots: Int
    let slotSize: Int
    let manifestBuffer: Int
  }

  let deviceModels: [String: DeviceModel]
  let vectors: [Vector]
}

/// A name or a list of names.
struct OneOrMany: Decodable, Sendable {
  let names: [String]

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let name = try? container.decode(String.self) {
      names = [name]
    } else {
      names = try container.decode([String].self)
    }
  }
}
