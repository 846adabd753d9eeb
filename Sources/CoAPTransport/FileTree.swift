import CoAP
import Foundation

/// A directory as clients may see it: regular files below it, and nothing that a link leads to outside.
struct FileTree: Sendable {
  private let root: String

  /// The longest file served, in bytes.
  static let fileLimit = 64 << 20

  /// `nil` if there is no such directory.
  init?(directory: String) {
    guard let root = Self.realPath(directory) else { return nil }
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root, isDirectory: &isDirectory), isDirectory.boolValue
    else {
      return nil
    }
    self.root = root
  }

  /// The contents of the file that the segments of a path name, or the code that says why there is none.
  ///
  /// Segments with a leading dot, which `.` and `..` are too, are never found; neither are those with a `/` or a NUL,
  /// which a Uri-Path may hold but no name of a file.
  func contents(of segments: [[UInt8]]) -> Result<[UInt8], FileRefusal> {
    var path = root
    for segment in segments {
      guard let name = String(validating: segment, as: UTF8.self) else {
        return .failure(.init(code: .badRequest))
      }
      guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(where: { $0 == 0x2f || $0 == 0 }) else {
        return .failure(.init(code: .notFound))
      }
      path += "/\(name)"
    }
    guard let real = Self.realPath(path) else { return .failure(.init(code: .notFound)) }
    guard "\(real)/".hasPrefix(root == "/" ? root : "\(root)/") else {
      return .failure(.init(code: .forbidden))
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: real)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      return .failure(.init(code: .notFound))
    }
    guard let size = attributes?[.size] as? Int, size <= Self.fileLimit,
      let data = FileManager.default.contents(atPath: real)
    else { return .failure(.init(code: .internalServerError)) }
    return .success([UInt8](data))
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// Why a file is not served.
struct FileRefusal: Error, Equatable {
  let code: Code
}
