public import Foundation

/// What a program is written in, told by the end of its file's name.
public enum SourceLanguage: Sendable {
  case c, swift

  public init?(of source: URL) {
    switch source.pathExtension {
    case "c": self = .c
    case "swift": self = .swift
    default: return nil
    }
  }
}

/// Which instructions a compiler may use, by LLVM's names.
public enum ProcessorVersion: String, CaseIterable, Sendable {
  /// The first instructions.
  case v1
  /// And unsigned and signed less-than jumps.
  case v2
  /// And arithmetic and jumps on 32 bits.
  case v3
  /// And signed division, sign-extending loads and moves, byte swaps, far jumps.
  case v4
}

/// An object file, and what the compiler had to say although it succeeded.
public struct CompiledObject: Sendable {
  public let object: [UInt8]
  /// Warnings, as the compiler prints them; mostly empty.
  public let diagnostics: String

  public init(object: [UInt8], diagnostics: String) {
    self.object = object
    self.diagnostics = diagnostics
  }
}

/// Compiles programs to eBPF object files, with the tools of the Swift toolchain alone.
public struct Compiler: Sendable {
  /// Instructions to use; `nil` for v3 in C, and in Swift v4, because Swift divides signed numbers.
  public var processor: ProcessorVersion?
  /// Whether the object file tells source lines.
  public var hasDebugInformation = true
  /// Where to look for headers, besides those of the helpers, which are always there.
  public var includeDirectories: [URL] = []
  /// Definitions for the C preprocessor, `NAME` or `NAME=VALUE`.
  public var definitions: [String] = []

  private let clang: Tool
  private let swiftc: Tool

  /// Finds the tools.
  public init() throws(CompileError) {
    clang = try Tool.find("clang")
    swiftc = try Tool.find("swiftc")
  }

  /// Compiles one file.
  public func compile(_ source: URL) async throws(CompileError) -> CompiledObject {
    guard let language = SourceLanguage(of: source) else { throw .unknownLanguage(source.lastPathComponent) }
    guard FileManager.default.isReadableFile(atPath: source.path) else { throw .unreadable(source.path) }
    let workspace = try Workspace()
    defer { workspace.remove() }
    let diagnostics =
      switch language {
      case .c: try await compileC(source, in: workspace)
      case .swift: try await compileSwift(source, in: workspace)
      }
    return CompiledObject(object: [UInt8](try workspace.read(.object)), diagnostics: diagnostics)
  }

  private func compileC(_ source: URL, in workspace: Workspace) async throws(CompileError) -> String {
    try await clang.run(
      backEnd(processor ?? .v3) + ["-ffreestanding"] + (hasDebugInformation ? ["-g"] : [])
        + definitions.map { "-D\($0)" } + searchPaths(workspace).flatMap { ["-I", $0] } + [
          "-c", source.path, "-o", workspace.path(.object),
        ])
  }

  /// The Swift compiler knows no eBPF: it writes IR for a machine alike, which LLVM compiles after a change.
  private func compileSwift(_ source: URL, in workspace: Workspace) async throws(CompileError) -> String {
    let options =
      [
        "-target", "riscv64-none-none-eabi", "-enable-experimental-feature", "Embedded", "-O", "-wmo",
        "-parse-as-library", "-Xcc", "-ffreestanding", "-Xfrontend", "-disable-stack-protector",
      ] + (hasDebugInformation ? ["-g"] : []) + searchPaths(workspace).flatMap { ["-I", $0] }
    _ = try await swiftc.run(
      options + [
        "-module-name", "BPFHelpers", "-import-underlying-module", "-emit-module",
        workspace.path(HeaderGenerator.swiftPath), "-emit-module-path", workspace.path(.swiftModule),
      ])
    let said = try await swiftc.run(
      options + [
        "-module-name", "Program", "-emit-irgen", source.path, "-o", workspace.path(.swiftIR),
      ])
    let ir = String(decoding: try workspace.read(.swiftIR), as: UTF8.self)
    try workspace.write(IRRewriter.rewrite(ir), to: .ir)
    // Loops that copy or fill stay loops: the other choice are functions of a C library.
    let backEnd = backEnd(processor ?? .v4) + ["-mllvm", "-disable-loop-idiom-all", "-x", "ir"]
    _ = try await clang.run(
      backEnd + ["-emit-llvm", "-S", workspace.path(.ir), "-o", workspace.path(.optimizedIR)])
    // Asked before instructions are selected: what uses a runtime is often nothing the back end can compile.
    let optimized = String(decoding: try workspace.read(.optimizedIR), as: UTF8.self)
    let missing = IRRewriter.undefinedSymbols(in: optimized)
    guard missing.isEmpty else { throw .needsRuntime(missing) }
    _ = try await clang.run(
      backEnd + ["-c", workspace.path(.optimizedIR), "-o", workspace.path(.object)])
    return said
  }

  /// A section for each function and variable lets the linker drop what is not used. Cold code is not moved out of its
  /// function: it is a call of something that traps, which a call of a function would only make longer.
  private func backEnd(_ processor: ProcessorVersion) -> [String] {
    [
      "-target", "bpf", "-mcpu=\(processor.rawValue)", "-O2", "-ffunction-sections", "-fdata-sections",
      "-Xclang", "-fno-split-cold-code", "-Wno-override-module",
    ]
  }

  private func searchPaths(_ workspace: Workspace) -> [String] {
    includeDirectories.map(\.path) + workspace.headerDirectories
  }
}

/// A directory for the files between the tools, with the helpers' headers in it.
private struct Workspace {
  enum File: String {
    case object = "program.o"
    case swiftModule = "BPFHelpers.swiftmodule"
    case swiftIR = "swift.ll"
    case ir = "program.ll"
    case optimizedIR = "optimized.ll"
  }

  private let directory: URL

  init() throws(CompileError) {
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("microbpf-\(UUID().uuidString)", isDirectory: true)
    do {
      for (path, text) in HeaderGenerator.files {
        let file = directory.appendingPathComponent(path)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
    } catch { throw .system("'\(directory.path)' could not be made: \(error)") }
  }

  /// C finds `<bpf/helpers.h>` through the first, Swift the module through the second.
  var headerDirectories: [String] {
    [directory.path, directory.appendingPathComponent("bpf").path]
  }

  func path(_ file: File) -> String { path(file.rawValue) }

  func path(_ file: String) -> String { directory.appendingPathComponent(file).path }

  func read(_ file: File) throws(CompileError) -> Data {
    do { return try Data(contentsOf: URL(fileURLWithPath: path(file))) } catch {
      throw .system("'\(file.rawValue)' could not be read: \(error)")
    }
  }

  func write(_ text: String, to file: File) throws(CompileError) {
    do { try Data(text.utf8).write(to: URL(fileURLWithPath: path(file))) } catch {
      throw .system("'\(file.rawValue)' could not be written: \(error)")
    }
  }

  func remove() {
    try? FileManager.default.removeItem(at: directory)
  }
}
