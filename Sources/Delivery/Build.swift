import Foundation
public import ProgramImage
import Toolchain

/// Makes the image of a program, whatever of it is given: a C or Swift source, an object file, or the image itself.
///
/// - Throws: ``CompileError``, ``LinkError``, or the file's own error.
public func build(_ path: String, layout: ImageLayout = .elf) async throws -> [UInt8] {
  switch URL(filePath: path).pathExtension {
  case "c", "swift":
    try Linker(layout: layout).link([try await Compiler().compile(URL(filePath: path)).object]).image
  case "o": try Linker(layout: layout).link([try contents(of: path)]).image
  default: try contents(of: path)
  }
}

private func contents(of path: String) throws -> [UInt8] {
  try Array(Data(contentsOf: URL(filePath: path)))
}
