import CoAP
import CoAPTransport
import Foundation

/// Another project's program, if this machine has it.
///
/// With `CI` in the environment all of them are wanted: a test that lacks one fails instead of being skipped.
package struct Tool: Sendable {
  package let path: String?
  private let names: [String]

  /// Debian's libcoap3-bin has a program for each TLS library.
  package static let coapClient = Tool(
    "coap-client-notls", "coap-client", "coap-client-openssl", "coap-client-gnutls")
  package static let coapServer = Tool(
    "coap-server-notls", "coap-server", "coap-server-openssl", "coap-server-gnutls")
  /// From PyPI, in `PATH` or in the virtual environment that `scripts/setup` makes.
  package static let aiocoapClient = Tool("aiocoap-client")
  package static let aiocoapFileServer = Tool("aiocoap-fileserver")

  private init(_ names: String...) {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folders =
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
      + [root.appending(path: ".tools/aiocoap/bin").path]
    self.names = names
    path = names.lazy.flatMap { name in folders.lazy.map { "\($0)/\(name)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  package var isWanted: Bool { path != nil || ProcessInfo.processInfo.environment["CI"] != nil }

  package struct Missing: Error, CustomStringConvertible {
    let names: [String]
    package var description: String { "this machine has none of \(names.joined(separator: ", "))" }
  }

  package struct Output: Sendable {
    package let status: Int32
    package let standardOutput: [UInt8]
    package let text: String
  }

  /// Runs the program to its end, or for `limit` seconds.
  package func run(_ arguments: [String], limit: Double = 60) async throws -> Output {
    try await withDirectory { directory in
      let child = try start(arguments, in: directory)
      defer { child.stop() }
      let end = ContinuousClock.now + .seconds(limit)
      while child.process.isRunning, ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(10))
      }
      child.stop()
      let output = try Data(contentsOf: URL(filePath: "\(directory)/out"))
      let errors = try Data(contentsOf: URL(filePath: "\(directory)/err"))
      return Output(
        status: child.process.terminationStatus, standardOutput: [UInt8](output),
        text: String(decoding: output + errors, as: UTF8.self))
    }
  }

  /// Runs the program while `body` runs.
  package func serving<R>(_ arguments: [String], _ body: () async throws -> R) async throws -> R {
    try await withDirectory { directory in
      let child = try start(arguments, in: directory)
      defer { child.stop() }
      return try await body()
    }
  }

  private func start(_ arguments: [String], in directory: String) throws -> Child {
    guard let path else { throw Missing(names: names) }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    for (name, use) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
      let file = "\(directory)/\(name)"
      try Data().write(to: URL(filePath: file))
      process[keyPath: use] = FileHandle(forWritingAtPath: file)
    }
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return Child(process: process)
  }

  private struct Child {
    let process: Process

    /// They keep nothing that an orderly end would save, and libcoap's server takes seconds for one.
    func stop() {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
  }
}

/// For tests that count datagrams, or whose peer takes a request that comes again for another one: what is not lost is never
/// repeated, however busy the machine is.
package func patience(blockSize: Int = 1024) -> CoAPClient.Configuration {
  var configuration = CoAPClient.Configuration()
  configuration.parameters.acknowledgeTimeout = 60_000
  configuration.blockSize = blockSize
  return configuration
}

/// Waits until a server answers at all.
package func waitForServer(at port: UInt16) async throws {
  var configuration = CoAPClient.Configuration()
  configuration.parameters.acknowledgeTimeout = 100
  configuration.parameters.retransmissions = 8
  try await withClient(configuration) { client in
    _ = try await client.request(.get, "coap://127.0.0.1:\(port)/.well-known/core")
  }
}
