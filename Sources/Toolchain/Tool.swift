import Foundation
import Subprocess

/// A program of the Swift toolchain.
struct Tool: Sendable {
  let name: String
  let path: String

  /// How much of what a tool says is kept, in bytes.
  private static let outputLimit = 1 << 24

  /// Finds `swiftc` on the path, or another tool beside it: other compilers of the same name may come first on the path.
  static func find(_ name: String) throws(CompileError) -> Tool {
    guard let compiler = search("swiftc") else { throw .toolMissing("swiftc") }
    let directory = URL(fileURLWithPath: compiler).resolvingSymlinksInPath().deletingLastPathComponent()
    let beside = directory.appendingPathComponent(name).path
    if FileManager.default.isExecutableFile(atPath: beside) { return Tool(name: name, path: beside) }
    guard let path = search(name) else { throw .toolMissing(name) }
    return Tool(name: name, path: path)
  }

  private static func search(_ name: String) -> String? {
    let directories = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return directories.lazy.map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Runs the tool with `input` on its standard input and returns what it said; throws that when the tool fails.
  func run(_ arguments: [String], input: String = "") async throws(CompileError) -> String {
    do {
      let result = try await Subprocess.run(
        .path(.init(path)), arguments: Arguments(arguments), input: .string(input),
        output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
      let said = result.standardOutput + result.standardError
      guard result.terminationStatus.isSuccess else {
        throw CompileError.refused(tool: name, diagnostics: said)
      }
      return said
    } catch let error as CompileError {
      throw error
    } catch {
      throw .system("'\(path)' could not be run: \(error)")
    }
  }
}
