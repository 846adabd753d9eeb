import CoAPTransport
import Foundation
import Testing

/// The command line as a process, in a folder of its own with a home of its own.
struct Workplace {
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  let folder: URL

  static func with<Result>(_ body: (Workplace) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "workplace-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(Workplace(folder: folder))
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  /// Runs `microbpf` to its end.
  func microbpf(_ arguments: String..., environment: [String: String] = [:]) async throws -> Outcome {
    try await microbpf(arguments, environment: environment)
  }

  func microbpf(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
    let process = try start(arguments, environment: environment)
    // Both pipes are emptied while it runs: neither may fill up.
    async let errors = read(process.errors)
    let output = await read(process.output)
    let text = await errors
    process.process.waitUntilExit()
    return Outcome(status: process.process.terminationStatus, output: output, errors: text)
  }

  /// Runs `microbpf device` on a free port while `body` runs.
  func withDevice<Result>(_ body: (_ url: String) async throws -> Result) async throws -> Result {
    let (device, url) = try startDevice()
    defer {
      device.terminate()
      device.waitUntilExit()
    }
    return try await body(url)
  }

  /// Starts `microbpf device`, sends it a signal, and returns its exit status.
  func endDevice(with signal: Int32) async throws -> Int32 {
    let (device, _) = try startDevice()
    kill(device.processIdentifier, signal)
    device.waitUntilExit()
    return device.terminationReason == .exit ? device.terminationStatus : -1
  }

  private func startDevice() throws -> (process: Process, url: String) {
    let device = try start(["device", "--port", "0"], environment: [:])
    var line = ""
    while !line.contains("\n") {
      let bytes = device.output.availableData
      try #require(!bytes.isEmpty, "the device ended")
      line += String(decoding: bytes, as: UTF8.self)
    }
    let url = try #require(line.firstMatch(of: #/coap://127\.0\.0\.1:\d+/#)).output
    return (device.process, String(url))
  }

  private struct Running {
    let process: Process
    let output: FileHandle
    let errors: FileHandle
  }

  private func start(_ arguments: [String], environment: [String: String]) throws -> Running {
    let process = Process()
    process.executableURL = try Self.executable()
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": folder.path,
      "XDG_CACHE_HOME": folder.appending(path: "cache").path,
    ].merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return Running(process: process, output: output.fileHandleForReading, errors: errors.fileHandleForReading)
  }

  private func read(_ handle: FileHandle) async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(returning: String(decoding: handle.readDataToEndOfFile(), as: UTF8.self))
      }
    }
  }

  /// Built beside the tests.
  private static func executable() throws -> URL {
    let file = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "microbpf")
    try #require(FileManager.default.isExecutableFile(atPath: file.path), "\(file.path) is missing")
    return file
  }
}
