import Foundation
public import ProgramImage
public import Toolchain

/// The image of a program, and what is known beside it.
public struct BuiltProgram: Sendable {
  public let image: [UInt8]
  /// The object file it was linked from; `nil` when the image itself was given.
  public let object: [UInt8]?
  /// Its functions, by their places; none when the image itself was given.
  public let functions: [LinkedFunction]
  /// What the compiler had to say although it succeeded; mostly empty.
  public let diagnostics: String

  /// For each slot of the text the source line it comes from; none without debug information.
  ///
  /// - Throws: ``CompileError`` when the tool that reads it is missing.
  public func sourceLines() async throws(CompileError) -> [Int: SourceLine] {
    guard let object else { return [:] }
    return try await SourceLines(ofObject: object).lines(of: functions)
  }
}

/// Makes the image of a program, whatever of it is given: a C or Swift source, an object file, or the image itself.
///
/// - Throws: ``CompileError``, ``LinkError``, or the file's own error.
public func buildProgram(_ path: String, layout: ImageLayout = .elf) async throws -> BuiltProgram {
  guard ["c", "swift", "o"].contains(URL(filePath: path).pathExtension) else {
    return BuiltProgram(image: try contents(of: path), object: nil, functions: [], diagnostics: "")
  }
  let compiled = try await compiledObject(path)
  let program = try Linker(layout: layout).link([compiled.object])
  return BuiltProgram(
    image: program.image, object: compiled.object, functions: program.functions,
    diagnostics: compiled.diagnostics)
}

/// The object file of a source, or the one that is given.
///
/// - Throws: ``CompileError``, or the file's own error.
public func buildObject(_ path: String) async throws -> [UInt8] {
  try await compiledObject(path).object
}

private func compiledObject(_ path: String) async throws -> CompiledObject {
  guard URL(filePath: path).pathExtension != "o" else {
    return CompiledObject(object: try contents(of: path), diagnostics: "")
  }
  return try await Compiler().compile(URL(filePath: path))
}

/// The image alone.
public func build(_ path: String, layout: ImageLayout = .elf) async throws -> [UInt8] {
  try await buildProgram(path, layout: layout).image
}

private func contents(of path: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(filePath: path)))
}
