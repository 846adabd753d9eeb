/// Why a source file does not become an object file.
public enum CompileError: Error, Equatable, Sendable {
  /// The file's name ends neither in `.c` nor in `.swift`.
  case unknownLanguage(String)
  /// The source file is not there, or may not be read.
  case unreadable(String)
  /// A tool of the Swift toolchain is not on the path.
  case toolMissing(String)
  /// A tool could not be started, or a file not be read or written.
  case system(String)
  /// A tool refused its input; what it said.
  case refused(tool: String, diagnostics: String)
  /// The program needs functions of a runtime that a compartment has not.
  case needsRuntime([String])
}

extension CompileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownLanguage(let file): "\(file): the name has to end in .c or .swift"
    case .unreadable(let path): "\(path): there is no such file, or it may not be read"
    case .toolMissing(let tool): "'\(tool)' of the Swift toolchain is not on the path"
    case .system(let message): message
    case .refused(_, let diagnostics): RuntimeSymbol.explaining(diagnostics)
    case .needsRuntime(let symbols):
      symbols.map { "the program needs '\($0)', which is not there: \(RuntimeSymbol.explanation(of: $0))" }
        .joined(separator: "\n")
    }
  }
}
