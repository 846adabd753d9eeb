import Foundation
import Testing
import Toolchain

@Suite struct HeaderTests {
  static let files = [
    (HeaderGenerator.headerPath, HeaderGenerator.header()),
    (HeaderGenerator.moduleMapPath, HeaderGenerator.moduleMap),
  ]

  /// With `RECORD_GENERATED=1` the test writes the files.
  @Test(arguments: files)
  func `a generated header is what the table of helpers prints today`(path: String, text: String) throws {
    let file = packageDirectory.appendingPathComponent("include/\(path)")
    if ProcessInfo.processInfo.environment["RECORD_GENERATED"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == text)
  }
}
