import Foundation

/// The assembler and disassembler of the toolchain: `clang` from `PATH`, and `llvm-objdump` beside it, as another one
/// may be too old.
package struct LLVMTools: Sendable {
  package struct Failure: Error {
    package let command: [String]
    package let output: String
  }

  private let clang: URL
  private let objdump: URL

  package static let found = LLVMTools()

  package static var areWanted: Bool { found != nil || ProcessInfo.processInfo.environment["CI"] == "true" }

  private init?() {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let clangs = folders.map { URL(filePath: "\($0)/clang").resolvingSymlinksInPath() }
    for clang in clangs where FileManager.default.isExecutableFile(atPath: clang.path) {
      let objdump = clang.deletingLastPathComponent().appending(path: "llvm-objdump")
      guard FileManager.default.isExecutableFile(atPath: objdump.path) else { continue }
      self.clang = clang
      self.objdump = objdump
      return
    }
    return nil
  }

  /// An instruction as the disassembler prints it: white space is one space, labels and comments are left out.
  package struct Line {
    /// Groups of hexadecimal digits, bytes or greater units as the target has it.
    package let code: [Substring]
    package let text: String
  }

  /// Compiles or assembles `source` and returns the disassembly of what comes out.
  ///
  /// - Parameters:
  ///   - source: the text.
  ///   - language: as `clang` calls it.
  ///   - target: the triple.
  ///   - flags: for the compiler.
  /// - Returns: a line for each instruction.
  /// - Throws: `Failure` when a tool refuses; what the file system says.
  package func disassembly(
    of source: String, language: String, target: String, flags: [String] = []
  ) throws -> [Line] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "llvm-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, object) = (folder.appending(path: "input"), folder.appending(path: "object"))
    try source.write(to: input, atomically: true, encoding: .utf8)
    _ = try run(
      clang, ["--target=\(target)"] + flags + ["-c", "-x", language, "-o", object.path, input.path])
    return try run(objdump, ["-d", "--triple=\(target)", "--no-print-imm-hex", object.path])
      .split(separator: "\n").compactMap(line)
  }

  /// Reads `      12: b7 00 00 00 01 00 00 00<tab>r0 = 1 <label>` and `      12: f000 b8c8    <tab>b.w<tab>0x1c8 <label>  @ comment`.
  private func line(_ text: Substring) -> Line? {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, parts[0].allSatisfy({ $0 == " " || $0.isHexDigit }) else { return nil }
    let columns = parts[1].drop { $0 == " " || $0 == "\t" }.split(separator: "\t", maxSplits: 1)
    guard columns.count == 2 else { return nil }
    var words = columns[1].prefix { $0 != "@" }.split { $0 == "\t" || $0 == " " }
    if let last = words.last, last.hasPrefix("<"), last.hasSuffix(">") { words.removeLast() }
    return Line(code: columns[0].split(separator: " "), text: words.joined(separator: " "))
  }

  private func run(_ tool: URL, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = tool
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(command: [tool.path] + arguments, output: output)
    }
    return output
  }
}
