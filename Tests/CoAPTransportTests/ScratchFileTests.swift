import CoAPTransport
import Foundation
import TestSupport
import Testing

@Suite struct ScratchFileTests {
  @Test func `a scratch file holds what was written last`() async throws {
    try await withDirectory { directory in
      let file = URL(filePath: directory).appending(path: "file")
      try writeScratchFile(pattern(100_000), to: file)
      #expect(try Array(Data(contentsOf: file)) == pattern(100_000))
      try writeScratchFile([1], to: file)
      #expect(try Array(Data(contentsOf: file)) == [1])
    }
  }

  @Test func `a scratch file in a folder that is not there is refused`() async throws {
    try await withDirectory { directory in
      let file = URL(filePath: directory).appending(path: "folder/file")
      #expect(throws: POSIXError(.ENOENT)) { try writeScratchFile([1], to: file) }
    }
  }
}
