import Delivery
import Foundation
import Testing
import Toolchain

@Suite struct SourceCacheRules {
  private let image: [UInt8] = [1, 2, 3]
  private var digest: String { HostCryptography.hexadecimalDigest(of: image) }

  private func withCache(_ body: (SourceCache, URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sources-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(SourceCache(folder: folder), folder)
  }

  private let source = ProgramSource(
    program: "/sum.c",
    lines: [
      0: SourceLine(file: "/sum.c", line: 2, text: "int sum = 0;"),
      1: SourceLine(file: "/sum.c", line: 2, text: "int sum = 0;"),
      3: SourceLine(file: "/sum.c", line: 4),
    ])

  @Test func `an instruction has the line it was given, and others none`() {
    #expect((0...5).map { source[$0]?.line } == [2, 2, nil, 4, nil, nil])
    #expect(source[-1] == nil)
    #expect(source[1]?.text == "int sum = 0;")
  }

  @Test func `without lines nothing is known`() {
    #expect(ProgramSource(program: "/sum.c", lines: [:]).isEmpty)
    #expect(!source.isEmpty)
  }

  @Test func `what was kept is found by the digest of the image`() throws {
    try withCache { cache, _ in
      try cache.keep(source, of: image)
      #expect(cache.source(ofImage: digest) == source)
      #expect(cache.source(ofImage: HostCryptography.hexadecimalDigest(of: [9])) == nil)
    }
  }

  @Test func `the digest is SHA-256`() {
    #expect(
      HostCryptography.hexadecimalDigest(of: Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test(arguments: ["", "../../etc/passwd", "zz"])
  func `what is no digest is not looked up`(digest: String) throws {
    try withCache { cache, _ in #expect(cache.source(ofImage: digest) == nil) }
  }

  @Test func `a damaged file is as good as none`() throws {
    try withCache { cache, folder in
      try cache.keep(source, of: image)
      try Data("{".utf8).write(to: folder.appending(path: "\(digest).json"))
      #expect(cache.source(ofImage: digest) == nil)
    }
  }

  @Test func `the images used longest ago make room`() throws {
    try withCache { cache, folder in
      try cache.keep(source, of: image)
      try FileManager.default.setAttributes(
        [.modificationDate: Date.distantPast], ofItemAtPath: folder.appending(path: "\(digest).json").path)
      for number in 0..<SourceCache.capacity {
        try cache.keep(source, of: Array("\(number)".utf8))
      }
      #expect(cache.source(ofImage: digest) == nil)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == SourceCache.capacity)
    }
  }

  @Test func `the cache is where the user's caches are`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "caches-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try SourceCache.user(environment: ["XDG_CACHE_HOME": folder.path]).keep(source, of: image)
    #expect(
      FileManager.default.fileExists(atPath: folder.appending(path: "microbpf/sources/\(digest).json").path))
  }
}

@Suite struct BuildRules {
  @Test func `a program that is built tells what the compiler warned of`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "build-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "warned.c")
    try Data("int program(void) { int x = 1; if (x = 2) return 3; return 4; }\n".utf8).write(to: file)
    let program = try await buildProgram(file.path)
    #expect(program.diagnostics.contains("warned.c:1:"))
    #expect(try await program.sourceLines()[0]?.line == 1)
  }

  @Test func `a file that is not there is named`() async {
    await #expect(throws: CompileError.unreadable("/nowhere/program.c")) {
      _ = try await buildProgram("/nowhere/program.c")
    }
  }
}
