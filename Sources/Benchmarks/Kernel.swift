public import Foundation

/// A C function to measure, its input, and what has to come out. `Benchmarks/Kernels/manifest.json` lists them.
public struct Kernel: Sendable {
  public let name: String
  /// The C file.
  public let source: URL
  /// The function in it.
  public let function: String
  /// Preprocessor definitions, `NAME=VALUE`.
  public let definitions: [String]
  /// Whether `result` and `contextAfter` are known. If not, what native code gives counts as right.
  public let isOutcomeKnown: Bool
  public let result: UInt64
  public let context: [UInt8]
  public let contextAfter: [UInt8]

  /// A C file with a function of the form `uint64_t f(void *context)` that has the file's name.
  ///
  /// - Parameters:
  ///   - source: the file.
  ///   - context: what the function gets a pointer to.
  public init(file source: URL, context: [UInt8]) {
    name = source.deletingPathExtension().lastPathComponent
    self.source = source
    function = name
    definitions = []
    isOutcomeKnown = false
    result = 0
    self.context = context
    contextAfter = context
  }

  private init(
    name: String, source: URL, function: String, definitions: [String], result: UInt64, context: [UInt8],
    contextAfter: [UInt8]
  ) {
    self.name = name
    self.source = source
    self.function = function
    self.definitions = definitions
    isOutcomeKnown = true
    self.result = result
    self.context = context
    self.contextAfter = contextAfter
  }

  /// Reads the manifest in `folder`.
  public static func all(in folder: URL) throws -> [Kernel] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let manifest = try decoder.decode(
      Manifest.self, from: Data(contentsOf: folder.appending(path: "manifest.json")))
    return try manifest.kernels.map { entry in
      guard entry.expected.hasPrefix("0x"), let result = UInt64(entry.expected.dropFirst(2), radix: 16) else {
        throw BenchmarkError.manifest(kernel: entry.name)
      }
      func bytes(_ path: String?) throws -> [UInt8]? {
        try path.map { try [UInt8](Data(contentsOf: folder.appending(path: $0))) }
      }
      let context = try bytes(entry.ctx) ?? []
      return Kernel(
        name: entry.name, source: folder.appending(path: entry.source), function: entry.function,
        definitions: entry.define.map { [String($0.dropFirst(2))] } ?? [], result: result, context: context,
        contextAfter: try bytes(entry.ctxAfter) ?? context)
    }
  }

  private struct Manifest: Decodable {
    let kernels: [Entry]
  }

  private struct Entry: Decodable {
    let name, source, function, expected: String
    let ctx, ctxAfter: String?
    /// A compiler's option, `-DNAME=VALUE`.
    let define: String?
  }
}

/// A kernel could not be measured.
public enum BenchmarkError: Error, CustomStringConvertible {
  case manifest(kernel: String)
  case noFirmware(path: String)
  /// A tool is missing or failed; what it said.
  case tool(name: String, said: String)
  /// The kernel and what is around it need more memory than there is for it.
  case tooLarge(kernel: String, bytes: Int)
  /// The board ended otherwise than it should have; the last lines of its console.
  case board(kernel: String, console: [String])

  public var description: String {
    switch self {
    case .manifest(let kernel): "the manifest's entry for \(kernel) is not what it should be"
    case .noFirmware(let path): "there is no firmware at \(path); `make firmware` builds it"
    case .tool(let name, let said): "\(name): \(said)"
    case .tooLarge(let kernel, let bytes): "\(kernel) needs \(bytes) bytes, which is too much for the board"
    case .board(let kernel, let console):
      "the board stopped while it measured \(kernel): " + console.joined(separator: "\n  ")
    }
  }
}
