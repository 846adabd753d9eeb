import Foundation
import Testing

@testable import FuzzTargets

@Suite struct Crashes {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fuzzing/Crashes")

  @Test(arguments: FuzzTarget.allCases)
  func `what once brought a target down no longer does`(target: FuzzTarget) throws {
    let folder = Self.folder.appending(path: target.rawValue)
    guard FileManager.default.fileExists(atPath: folder.path) else { return }
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
      let bytes = [UInt8](try Data(contentsOf: file))
      target.run(bytes.span)
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `every target takes an input of any length`(target: FuzzTarget) {
    for count in 0..<64 {
      let bytes = [UInt8](repeating: UInt8(count), count: count)
      target.run(bytes.span)
    }
  }
}
