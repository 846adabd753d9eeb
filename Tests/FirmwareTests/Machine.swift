import Foundation

/// The emulated board with the image `FirmwareChecks` on it.
///
/// Every machine ends on its own after 30 seconds at the latest, even should the test process be killed.
final class Machine {
  static let image = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Firmware/.build/armv7em-none-none-eabi/release/FirmwareChecks").standardized

  /// Whether the tests have to run: where the image has been built, and always in continuous integration.
  static var isRequired: Bool {
    ProcessInfo.processInfo.environment["CI"] == "true"
      || FileManager.default.fileExists(atPath: image.path())
  }

  private let process = Process()
  private let output = Pipe()
  private var console = Data()

  /// - Parameters:
  ///   - command: what the image is to do.
  ///   - echoPort: the port on this host's loopback that leads to the board's echo port.
  /// - Throws: what kept the emulator from being started.
  init(_ command: String, echoPort: UInt16? = nil) throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    let forward = echoPort.map { ",hostfwd=udp:127.0.0.1:\($0)-:7" } ?? ""
    process.arguments = [
      "timeout", "30", "qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-serial", "stdio",
      "-monitor", "none", "-icount", "shift=0", "-semihosting-config",
      "enable=on,target=native,arg=\(command)",
      "-nic", "user,model=lan9118\(forward)", "-kernel", Self.image.path(),
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  deinit {
    if process.isRunning { process.terminate() }
  }

  /// Reads the console until a line says `line`; whether it came.
  func waits(for line: String) -> Bool {
    while !String(decoding: console, as: UTF8.self).contains("\(line)\n") {
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { return false }
      console += more
    }
    return true
  }

  /// Waits for the machine to end: its exit status and all that it wrote on the console.
  func finish() -> (status: Int32, lines: [String]) {
    while case let more = output.fileHandleForReading.availableData, !more.isEmpty { console += more }
    process.waitUntilExit()
    let lines = String(decoding: console, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    return (process.terminationStatus, lines.map { $0.filter { $0 != "\r" } })
  }

  /// The function of the image that holds `address`, as the debug information has it.
  static func function(at address: String) throws -> String {
    let symbolizer = Process()
    let output = Pipe()
    symbolizer.executableURL = URL(filePath: "/usr/bin/env")
    symbolizer.arguments = ["llvm-symbolizer", "--functions=linkage", "-e", image.path(), address]
    symbolizer.standardOutput = output
    try symbolizer.run()
    defer { symbolizer.waitUntilExit() }
    return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
