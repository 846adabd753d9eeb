public import Foundation

/// Figures of other engines: `Benchmarks/peers.json`, each with its source.
public struct Peers: Decodable, Sendable {
  /// How the figures were found.
  public let method: String
  public let engines: [Peer]
  public let hardware: HardwareTimes

  public static func read(from file: URL) throws -> Peers {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Self.self, from: Data(contentsOf: file))
  }

  public subscript(id: String) -> Peer? { engines.first { $0.id == id } }
}

/// Another engine, or native code by another compiler.
public struct Peer: Decodable, Sendable {
  public let id, name, kind, source, build: String
  /// For one run, by kernel.
  public let instructions: [String: Int]
  /// What came instead of a right result, by kernel.
  public let failures: [String: String]?
  /// Kernels that gave a wrong result as published; the count is of a corrected copy.
  public let corrected: [String]?
  /// For bringing a program from flash to where it can run, by kernel.
  public let loadInstructions: [String: Int]?
  /// Bytes of the engine: code and constants.
  public let flashBytes: Int?
  /// Bytes of one instance, while it is loaded.
  public let heapBytes: Int?
  /// Bytes of C stack that a run takes.
  public let stackBytes: Int?
}

/// Times that the authors of the earlier system published.
public struct HardwareTimes: Decodable, Sendable {
  public let source, unit, kernel: String
  public let bytes: [Int]
  /// One for each of `bytes`, by engine.
  public let times: [String: [Int]]
}
