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
}

/// Makes the image of a program, whatever of it is given: a C or Swift source, an object file, or the image itself.
///
/// - Throws: ``CompileError``, ``LinkError``, or the file's own error.
public func buildProgram(_ path: String, layout: ImageLayout = .elf) async throws -> BuiltProgram {
  let object: [UInt8]
  switch URL(filePath: path).pathExtension {
  case "c", "swift": object = try await Compiler().compile(URL(filePath: path)).object
  case "o": object = try contents(of: path)
  default: return BuiltProgram(image: try contents(of: path), object: nil, functions: [])
  }
  let program = try Linker(layout: layout).link([object])
  return BuiltProgram(image: program.image, object: object, functions: program.functions)
}

/// The image alone.
public func build(_ path: String, layout: ImageLayout = .elf) async throws -> [UInt8] {
  try await buildProgram(path, layout: layout).image
}

private func contents(of path: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(filePath: path)))
}
