public import Foundation
public import Toolchain

/// Where the instructions of an image come from, kept for when a device reports the index of one.
public struct ProgramSource: Codable, Equatable, Sendable {
  /// Instructions of one line that follow each other.
  private struct Run: Codable, Equatable {
    var slot: Int
    /// `nil` when nobody knows.
    var source: SourceLine?
  }

  /// The file that the image was built from.
  public let program: String
  /// In the order of the slots; each goes on until the next.
  private var runs: [Run] = []

  /// - Parameters:
  ///   - program: the file that the image was built from.
  ///   - lines: the source lines by the index of the slot.
  public init(program: String, lines: [Int: SourceLine]) {
    self.program = program
    var last: SourceLine?
    for slot in 0..<((lines.keys.max() ?? -1) + 2) where lines[slot] != last {
      last = lines[slot]
      runs.append(Run(slot: slot, source: last))
    }
  }

  /// Whether nothing is known.
  public var isEmpty: Bool { runs.isEmpty }

  /// The line that the instruction in a slot comes from.
  public subscript(slot: Int) -> SourceLine? {
    runs.last { $0.slot <= slot }?.source
  }
}

/// Source lines of the images that were built on this machine, by the digest of the image.
public struct SourceCache: Sendable {
  /// So many images are remembered; the one used longest ago makes room.
  public static let capacity = 256

  private let folder: URL

  public init(folder: URL) {
    self.folder = folder
  }

  /// The one in the user's folder for such files: `microbpf/sources` in `$XDG_CACHE_HOME`, else in `~/.cache`.
  public static func user(environment: [String: String]) -> SourceCache {
    // Relative paths are to be ignored (XDG Base Directory Specification).
    let root = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
    let caches = root ?? homeFolder(environment: environment).appending(path: ".cache")
    return SourceCache(folder: caches.appending(path: "microbpf/sources"))
  }

  /// - Parameters:
  ///   - source: what is known of the image.
  ///   - image: the image, as a device gets it.
  /// - Throws: what the file system says.
  public func keep(_ source: ProgramSource, of image: [UInt8]) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try JSONEncoder().encode(source).write(
      to: file(ofImage: HostCryptography.hexadecimalDigest(of: image)), options: .atomic)
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: [.contentModificationDateKey])
    guard files.count > Self.capacity else { return }
    let dated = files.map { file in
      (file, (try? file.resourceValues(forKeys: [.contentModificationDateKey]))?.contentModificationDate)
    }
    for (file, _) in dated.sorted(by: { $0.1 ?? .distantPast < $1.1 ?? .distantPast })
      .prefix(files.count - Self.capacity)
    {
      try FileManager.default.removeItem(at: file)
    }
  }

  /// What is known of the image with a digest, SHA-256 in hexadecimal; `nil` when it was not built here.
  public func source(ofImage digest: String) -> ProgramSource? {
    guard !digest.isEmpty, digest.allSatisfy(\.isHexDigit) else { return nil }
    return (try? Data(contentsOf: file(ofImage: digest)))
      .flatMap { try? JSONDecoder().decode(ProgramSource.self, from: $0) }
  }

  private func file(ofImage digest: String) -> URL {
    folder.appending(path: "\(digest).json")
  }
}

/// The user's folder: the one that the environment names, else the one that the system knows.
public func homeFolder(environment: [String: String]) -> URL {
  environment["HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
    ?? FileManager.default.homeDirectoryForCurrentUser
}
