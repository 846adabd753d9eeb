import Foundation
import Testing

@Suite struct CommandReferenceTests {
  /// With `RECORD_GENERATED=1` the test writes the file.
  @Test func `the page on the command line is what the commands say today`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appending(path: CommandReference.path)
    if ProcessInfo.processInfo.environment["RECORD_GENERATED"] == "1" {
      try Data(CommandReference.text().utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == CommandReference.text())
  }
}
