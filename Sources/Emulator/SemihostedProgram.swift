import Foundation
import Subprocess

/// A program for an emulated board that does its work alone: it is given a command line, prints what it finds, and ends the
/// machine with a status (Arm semihosting).
public struct SemihostedProgram: Sendable {
  /// The program, an ELF file.
  public var path: String
  public var machine = BoardMachine.an386
  /// Whether the board's clock counts executed instructions, one a nanosecond, so that the same command does the same.
  public var countsInstructions = false

  public init(path: String) {
    self.path = path
  }

  /// What a program has printed, and whether it ended with status 0.
  public struct Outcome: Sendable {
    public let console: [String]
    public let isSuccess: Bool
    /// What the emulator itself had to say.
    public let diagnostics: String
  }

  /// Runs the program to its end, or for so many seconds.
  ///
  /// - Parameters:
  ///   - command: its command line, word by word.
  ///   - options: more of the emulator's.
  ///   - seconds: after which it is stopped.
  /// - Returns: how it ended, and what it said.
  /// - Throws: `EmulatorError` when there is no such program, or no emulator.
  public func run(
    _ command: [String], options: [String] = [], seconds: Int = 600
  ) async throws -> Outcome {
    guard FileManager.default.fileExists(atPath: path) else { throw EmulatorError.noFirmware(path: path) }
    let semihosting = "enable=on,target=native" + command.map { ",arg=\($0)" }.joined()
    let arguments =
      [
        "--kill-after=1", "\(seconds)", "qemu-system-arm", "-M", machine.rawValue, "-display", "none",
        "-serial", "stdio", "-monitor", "none", "-no-reboot", "-nic", "none",
        "-semihosting-config", semihosting, "-kernel", path,
      ] + (countsInstructions ? ["-icount", "shift=0"] : []) + options
    // Killed at once, `timeout` would leave the board running: it is told first, and then kills a board that does not listen
    // because it is just starting.
    var platform = PlatformOptions()
    platform.teardownSequence = PlatformOptions.steps
    let result = try await Subprocess.run(
      .name("timeout"), arguments: Arguments(arguments), platformOptions: platform,
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 16))
    return Outcome(
      console: result.standardOutput.split(whereSeparator: \.isNewline).map(String.init),
      isSuccess: result.terminationStatus.isSuccess, diagnostics: result.standardError)
  }
}
