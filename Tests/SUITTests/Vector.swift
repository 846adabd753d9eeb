import COSE
import Foundation
import SUIT
import Testing

/// One entry of `Vectors/vectors.json`.
struct Vector: Decodable, CustomTestStringConvertible {
  struct Expectation: Decodable {
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

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

  static let file: VectorFile = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(
        VectorFile.self, from: Data(contentsOf: folder.appending(path: "vectors.json")))
    } catch { fatalError("vectors.json: \(error)") }
  }()

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: path)))
  }

  /// The device that the vector describes.
  func device() throws -> TestDevice {
    guard let model = Vector.file.deviceModels[deviceModel] else { fatalError("no model \(deviceModel)") }
    var device = TestDevice(model: model, storedSequenceNumber: storedSequence)
    for name in key.names {
      let raw = try Vector.bytes("keys/\(name).pub.bin")
      device.keys.append(Ed25519PublicKey(InlineArray { raw[$0] }))
    }
    return device
  }
}

struct VectorFile: Decodable {
  struct DeviceModel: Decodable {
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
struct OneOrMany: Decodable {
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
