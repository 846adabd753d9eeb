import CoAP
import CoAPTransport
import Foundation
import Subprocess
import Synchronization

/// The machines that the firmware runs on.
public enum BoardMachine: String, CaseIterable, Sendable {
  /// With a Cortex-M4.
  case an386 = "mps2-an386"
  /// With a Cortex-M7.
  case an500 = "mps2-an500"
  /// With a Cortex-M3, for which there is a firmware of its own.
  case an385 = "mps2-an385"

  /// Where `make firmware`, or `make firmware-cortex-m3`, leaves the firmware, from the project's folder.
  public var defaultFirmware: String {
    self == .an385
      ? "Firmware/.build/cortex-m3/armv7em-none-none-eabi/release/App" : BoardConfiguration.defaultFirmware
  }
}

/// What to emulate.
public struct BoardConfiguration: Sendable {
  public var machine = BoardMachine.an386
  /// The firmware, an ELF file.
  public var firmware: String
  /// The identity and keys the board starts with: a block as `Provisioning` writes it.
  public var provisioning: [UInt8]
  /// What the board's Ethernet is connected to.
  public var network = Network.user
  /// The UDP port of this machine that is the board's, see ``Network``; `nil` takes a free one.
  public var port: UInt16?
  /// Where to write what crosses the board's Ethernet, a file in the format of libpcap; `nil` for nowhere.
  public var capture: String?
  /// The file that is the board's flash, in which it keeps its slots; it is made if it is not there. `nil` gives the board an
  /// empty one that goes away with it.
  public var flash: String?
  /// Whether the board's clock counts executed instructions, one a nanosecond, instead of following the host's.
  public var countsInstructions = true
  /// Whether a board that resets itself starts again; otherwise that ends it, as a fault of the firmware does then.
  public var restarts = false

  /// Where `make firmware` leaves the firmware, from the project's folder.
  public static let defaultFirmware = "Firmware/.build/armv7em-none-none-eabi/release/App"

  public init(firmware: String, provisioning: [UInt8]) {
    self.firmware = firmware
    self.provisioning = provisioning
  }

  /// What an Ethernet can be connected to.
  public enum Network: Sendable {
    /// An IPv4 network of its own, 10.0.2.0/24, from which it reaches this machine. The board's UDP port leads to its
    /// CoAP port, but only while the last datagram that the board sent went into that network. After one to elsewhere,
    /// where nobody answers anyhow, QEMU lets the board's clients come from 127.0.0.1, and the board ignores that.
    case user
    /// Whoever has the other UDP port of this machine: each frame is a datagram between that port and the board's.
    case frames(to: UInt16)
  }
}

/// A board could not be emulated, or stopped.
public enum EmulatorError: Error, CustomStringConvertible {
  case noFirmware(path: String)
  case noEmulator(reason: String)
  /// The emulator ended; the last lines of its console say why.
  case ended(console: [String])
  /// The firmware runs, but does not answer CoAP requests.
  case silent(seconds: Int, console: [String])

  public var description: String {
    switch self {
    case .noFirmware(let path): "there is no firmware at \(path); `make firmware` builds it"
    case .noEmulator(let reason): "qemu-system-arm could not be started (\(reason)); `make setup` installs it"
    case .ended(let console): "the emulated board stopped" + Self.quote(console)
    case .silent(let seconds, let console):
      "the emulated board did not answer within \(seconds) seconds" + Self.quote(console)
    }
  }

  private static func quote(_ console: [String]) -> String {
    console.isEmpty
      ? "; its console is empty" : "; the end of its console:\n  " + console.joined(separator: "\n  ")
  }
}

/// A running board.
public struct EmulatedBoard: Sendable {
  /// The UDP port of this machine that leads to the board.
  public let port: UInt16
  fileprivate let power = PowerSwitch()
  fileprivate let keyboard = Keyboard()
  /// Where its resources are, with ``BoardConfiguration/Network/user``.
  public var url: String { "coap://127.0.0.1:\(port)" }

  /// Stops the board at once, in the middle of whatever it does. Nothing starts it again.
  public func cutPower() {
    power.cut()
  }

  /// Types at the board's console.
  public func type(_ text: String) async throws {
    try await keyboard.type(text)
  }
}

/// What leads to the emulator's input, once it runs.
private actor Keyboard {
  private var write: (@Sendable (String) async throws -> Void)?

  func connect(_ write: @escaping @Sendable (String) async throws -> Void) {
    self.write = write
  }

  func type(_ text: String) async throws {
    try await write?(text)
  }
}

/// Ends the emulator without giving it time for anything.
private final class PowerSwitch: Sendable {
  private struct State {
    var isCut = false
    var kill: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  func connect(_ kill: @escaping @Sendable () -> Void) {
    state.withLock { $0.kill = kill }
  }

  func cut() {
    state.withLock {
      $0.isCut = true
      $0.kill?()
    }
  }

  var isCut: Bool { state.withLock { $0.isCut } }
}

/// Starts a board, waits until it answers, runs `body`, and stops the board whatever happens.
///
/// A board whose frames go elsewhere cannot be asked: it counts as started once its console says something.
///
/// - Parameters:
///   - configuration: what to emulate.
///   - console: called with each line the board puts out.
///   - body: what to do with the board. It is cancelled should the board stop.
/// - Returns: what `body` returns.
/// - Throws: ``EmulatorError``, or what `body` throws.
public func withEmulatedBoard<Result: Sendable>(
  _ configuration: BoardConfiguration, console: @escaping @Sendable (String) -> Void = { _ in },
  body: @escaping @Sendable (EmulatedBoard) async throws -> Result
) async throws -> Result {
  guard FileManager.default.fileExists(atPath: configuration.firmware) else {
    throw EmulatorError.noFirmware(path: configuration.firmware)
  }
  let name = "microbpf-\(UUID().uuidString)"
  let provisioning = FileManager.default.temporaryDirectory.appending(path: name)
  let scratchFlash = FileManager.default.temporaryDirectory.appending(path: "\(name).flash")
  try writeScratchFile(configuration.provisioning, to: provisioning)
  defer {
    try? FileManager.default.removeItem(at: provisioning)
    try? FileManager.default.removeItem(at: scratchFlash)
  }
  let board = EmulatedBoard(port: try configuration.port ?? freePort())
  let tail = ConsoleTail()
  let outcome: ExecutionResult<Result, SequenceOutput, CombinedErrorOutput>
  do {
    let qemu = try await Executable.name("qemu-system-arm").resolveExecutablePath(in: .inherit)
    outcome = try await Subprocess.run(
      .path("/bin/sh"),
      arguments: Arguments(
        ["-c", supervisor, "sh", qemu.string]
          + configuration.arguments(
            board: board, provisioning: provisioning.path, flash: configuration.flash ?? scratchFlash.path)),
      platformOptions: .ownGroup, input: .inputWriter, output: .sequence, error: .combinedWithOutput
    ) { emulator in
      board.power.connect { try? emulator.send(signal: .kill, toProcessGroup: true) }
      await board.keyboard.connect { text in _ = try await emulator.standardInputWriter.write(text) }
      do {
        let result = try await withThrowingTaskGroup(of: Result?.self) { group in
          group.addTask {
            for try await line in emulator.standardOutput.strings() {
              let text = line.trimmingCharacters(in: .newlines)
              await tail.append(text)
              console(text)
            }
            return nil
          }
          group.addTask {
            switch configuration.network {
            case .user: try await waitUntilItAnswers(board, tail)
            case .frames: try await waitUntilItSpeaks(tail)
            }
            return try await body(board)
          }
          defer { group.cancelAll() }
          while let ended = try await group.next() {
            if let result = ended { return result }
            guard board.power.isCut else { break }
          }
          throw EmulatorError.ended(console: await tail.lines)
        }
        await emulator.teardown(using: PlatformOptions.steps)
        return result
      } catch {
        await emulator.teardown(using: PlatformOptions.steps)
        throw error
      }
    }
  } catch let error as SubprocessError {
    throw EmulatorError.noEmulator(reason: "\(error)")
  }
  return outcome.closureResult
}

/// Runs the emulator with what comes in as its console's input, and ends it when asked to, or when the input ends: that happens
/// when this process does, however it does, so that no emulator outlives it.
private let supervisor = """
  exec 3<&0
  { cat <&3; kill $$; } 2>/dev/null | "$@" 3<&- &
  emulator=$!
  trap 'kill $emulator' TERM
  wait $emulator
  status=$?
  # What passes the input on would outlive the emulator; the group has nobody else.
  trap '' TERM
  kill 0
  exit $status
  """

extension PlatformOptions {
  static var steps: [TeardownStep] { [.send(signal: .terminate, allowedDurationToNextStep: .seconds(2))] }

  /// A process group of its own: an interrupt from the terminal reaches us alone, and we stop the board in order.
  fileprivate static var ownGroup: PlatformOptions {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = steps
    return options
  }
}

extension BoardConfiguration {
  /// Where the firmware looks for its provisioning block: the last 4 KiB of the code memory.
  static let provisioningAddress = "0x3ff000"

  /// The memory that plays the flash, the board's PSRAM. The emulator has it at its whole size.
  static let flashSize = "16M"

  func arguments(board: EmulatedBoard, provisioning: String, flash: String) -> [String] {
    var arguments = [
      "-M", "\(machine.rawValue),memory-backend=flash",
      "-object",
      "memory-backend-file,id=flash,share=on,size=\(Self.flashSize),mem-path=\(Self.escaped(flash))",
      "-nographic", "-kernel", firmware,
      "-device", "loader,file=\(provisioning),addr=\(Self.provisioningAddress),force-raw=on",
      "-nic", nic(of: board),
    ]
    if !restarts { arguments.append("-no-reboot") }
    if let capture {
      arguments += ["-object", "filter-dump,id=capture,netdev=ethernet,file=\(Self.escaped(capture))"]
    }
    if countsInstructions { arguments += ["-icount", "shift=0"] }
    return arguments
  }

  /// A path as the value of an option, in which a comma is written twice.
  private static func escaped(_ path: String) -> String {
    path.replacing(",", with: ",,")
  }

  private func nic(of board: EmulatedBoard) -> String {
    switch network {
    case .user: "user,id=ethernet,model=lan9118,hostfwd=udp:127.0.0.1:\(board.port)-:5683"
    case .frames(let port):
      "socket,id=ethernet,model=lan9118,udp=127.0.0.1:\(port),localaddr=127.0.0.1:\(board.port)"
    }
  }
}

/// The last lines of a console.
actor ConsoleTail {
  private(set) var lines: [String] = []

  func append(_ line: String) {
    lines.append(line)
    if lines.count > 12 { lines.removeFirst() }
  }
}

/// Seconds that a board gets to start.
private let patience = 12

/// Asks the board until it answers.
private func waitUntilItAnswers(_ board: EmulatedBoard, _ tail: ConsoleTail) async throws {
  var configuration = CoAPClient.Configuration()
  configuration.parameters.acknowledgeTimeout = 100
  configuration.parameters.retransmissions = 6
  let client = try await CoAPClient(configuration)
  do {
    _ = try await client.request(.get, "\(board.url)/.well-known/core")
    await client.close()
  } catch CoAPClientError.timedOut {
    await client.close()
    throw EmulatorError.silent(seconds: patience, console: await tail.lines)
  } catch {
    await client.close()
    throw error
  }
}

/// Waits for the first line of the console.
private func waitUntilItSpeaks(_ tail: ConsoleTail) async throws {
  let end = ContinuousClock.now + .seconds(patience)
  while await tail.lines.isEmpty {
    guard ContinuousClock.now < end else { throw EmulatorError.silent(seconds: patience, console: []) }
    try await Task.sleep(for: .milliseconds(5))
  }
}
