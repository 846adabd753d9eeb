import Foundation

/// Runs the commands of one page: in a folder of its own, with a home of its own, against devices at a port of its own.
struct Shell {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  struct Output {
    let status: Int32
    let text: String
  }

  let folder: URL
  let port: UInt16
  private var environment: [String: String]
  private var background: [Process] = []

  /// Prepares an empty folder.
  init(in folder: URL, port: UInt16) throws {
    self.folder = folder
    self.port = port
    for name in try FileManager.default.contentsOfDirectory(atPath: Page.root.path) where !name.hasPrefix(".")
    {
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: name), withDestinationURL: Page.root.appending(path: name))
    }
    let home = folder.appending(path: "home")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    environment = ProcessInfo.processInfo.environment
    environment["HOME"] = home.path
    environment["CFFIXED_USER_HOME"] = home.path
    environment["MICROBPF_DEVICE"] = "coap://127.0.0.1:\(port)"
    environment["PATH"] = Self.products.path + ":" + (environment["PATH"] ?? "")
  }

  /// Where the command line was built to: beside the tests.
  static let products = Page.root.appending(path: ".build/debug").resolvingSymlinksInPath()

  /// Runs a script to its end, a minute at most. What it exports is there for the next one.
  func run(_ script: String) throws -> Output {
    let output = folder.appending(path: "home/output")
    try Data().write(to: output)
    let process = try start(
      """
      [ ! -e "$HOME/exports" ] || . "$HOME/exports"
      trap 'export -p >"$HOME/exports"' EXIT
      set -euo pipefail
      \(script)
      """, output: output, limit: 60)
    process.waitUntilExit()
    return Output(
      status: process.terminationStatus, text: String(decoding: try Data(contentsOf: output), as: UTF8.self))
  }

  /// Starts a device, and waits until it answers.
  mutating func startDevice(_ command: String) throws {
    let output = folder.appending(path: "home/console-\(background.count)")
    try Data().write(to: output)
    background.append(try start("exec \(command) --port \(port)", output: output, limit: 300))
    let end = ContinuousClock.now + .seconds(60)
    while try run("microbpf info").status != 0 {
      guard ContinuousClock.now < end, background.allSatisfy(\.isRunning) else {
        throw Failure(
          description:
            "`\(command)` does not answer: \((try? String(contentsOf: output, encoding: .utf8)) ?? "")")
      }
    }
  }

  /// Ends what goes on.
  func stop() {
    for process in background {
      process.terminate()
      process.waitUntilExit()
    }
  }

  private func start(_ script: String, output: URL, limit: Int) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // `timeout` hands signals on, which a thread of the tests may have blocked.
    process.arguments = ["--default-signal", "timeout", "\(limit)", "bash", "-c", script]
    process.currentDirectoryURL = folder
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let file = FileHandle(forWritingAtPath: output.path)
    process.standardOutput = file
    process.standardError = file
    try process.run()
    return process
  }
}
