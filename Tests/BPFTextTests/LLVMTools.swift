import Foundation

/// The assembler and disassembler of the toolchain, if they know BPF: `clang` from `PATH`, and `llvm-objdump`
/// beside it, as another one may be too old.
struct LLVMTools: Sendable {
  struct Failure: Error {
    let command: [String]
    let output: String
  }

  private let clang: URL
  private let objdump: URL

  static let found = LLVMTools()

  static var areWanted: Bool { found != nil || ProcessInfo.processInfo.environment["CI"] == "true" }

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

  /// An instruction as the disassembler prints it, the name of the target left out.
  struct Line {
    let bytes: [UInt8]
    let text: String
  }

  /// Compiles or assembles `source` and returns the disassembly of what comes out.
  func disassembly(of source: String, language: String, flags: [String] = []) throws -> [Line] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bpftext-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (input, object) = (folder.appending(path: "input"), folder.appending(path: "object"))
    try source.write(to: input, atomically: true, encoding: .utf8)
    _ = try run(
      clang, ["--target=bpfel", "-mcpu=v4"] + flags + ["-c", "-x", language, "-o", object.path, input.path])
    return try run(objdump, ["-d", "--no-print-imm-hex", object.path]).split(separator: "\n").compactMap(line)
  }

  /// Reads `      12: b7 00 00 00 01 00 00 00<tab>r0 = 1 <label>`.
  private func line(_ text: Substring) -> Line? {
    guard let match = text.wholeMatch(of: /\s*\d+:\t?\s*((?:[0-9a-f]{2} )*[0-9a-f]{2})\t(.*?)(?: <\S+>)?/)
    else {
      return nil
    }
    let bytes = match.output.1.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    return Line(bytes: bytes, text: String(match.output.2.replacing("\t", with: " ")))
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
