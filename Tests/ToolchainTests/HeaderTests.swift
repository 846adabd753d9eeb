import Foundation
import Helpers
import Testing
import Toolchain

@Suite struct HeaderTests {
  static let files =
    HeaderGenerator.files.map { ("include/\($0.path)", $0.text) }
    + [(HelperReference.path, HelperReference.text())]

  /// With `RECORD_GENERATED=1` the test writes the files.
  @Test(arguments: files)
  func `a generated file is what the table of helpers prints today`(path: String, text: String) throws {
    let file = packageDirectory.appendingPathComponent(path)
    if ProcessInfo.processInfo.environment["RECORD_GENERATED"] == "1" {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
