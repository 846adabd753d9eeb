import CoAP
import CoAPTransport
import Foundation

/// A directory of its own for a test, removed at the end.
@discardableResult
package func withDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
  let path = FileManager.default.temporaryDirectory.appending(path: "coap-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

package func write(_ bytes: [UInt8], to name: String, in directory: String) throws {
  let url = URL(filePath: directory).appending(path: name)
  try FileManager.default.createDirectory(
    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try writeScratchFile(bytes, to: url)
}

/// Bytes in which no two blocks are alike.
package func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

/// Runs `body` with a server of the directory's files that is closed afterwards.
@discardableResult
package func withFileServer<R>(
  _ directory: String, host: String = "::", _ body: (CoAPFileServer) async throws -> R
) async throws -> R {
  let server = try await CoAPFileServer(directory: directory, host: host)
  do {
    let result = try await body(server)
    await server.close()
    return result
  } catch {
    await server.close()
    throw error
  }
}
