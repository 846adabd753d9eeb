import Foundation

/// Envelopes and keys written by RIOT's tools, kept with the tests of SUIT.
enum Vectors {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../SUITTests/Vectors").standardized

  static func path(_ name: String) -> String {
    folder.appending(path: name).path(percentEncoded: false)
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: name)))
  }
}

/// Runs `body` with a folder of its own, removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path(percentEncoded: false))
}
