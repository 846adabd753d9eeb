import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import Platform
import TestSupport
import Testing
import Toolchain

/// What the tests of this target run against: the firmware in an emulator.
enum Board {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let firmware = root.appending(path: "Firmware/.build/armv7em-none-none-eabi/release/App").path

  /// A board has to be there where the tests are run for good; at a desk they may be skipped.
  static let isRequired =
    ProcessInfo.processInfo.environment["CI"] != nil || FileManager.default.fileExists(atPath: firmware)

  /// The key that the boards of these tests trust.
  static let key = SigningKey()

  /// So many boards run at a time: more would only wait for each other. `ManyBoards` needs all of them at once.
  private static let berths = Berths(count: 4)

  /// Runs `body` with a board of its own, as soon as there is room for one.
  static func run<Result: Sendable>(
    trusting keys: [SigningKey] = [key], machine: BoardMachine = .an386, capture: String? = nil,
    flash: String? = nil, seed: UInt64? = nil, restarts: Bool = false,
    console: @escaping @Sendable (String) -> Void = { _ in },
    _ body: @escaping @Sendable (EmulatedBoard, DeviceClient) async throws -> Result
  ) async throws -> Result {
    try await start(
      trusting: keys, machine: machine, network: .user, capture: capture, flash: flash, seed: seed,
      restarts: restarts, console: console
    ) { board in
      try await withClient { try await body(board, DeviceClient(url: board.url, client: $0)) }
    }
  }

  /// The same with a board on an Ethernet segment where there is only `gateway`.
  static func run<Result: Sendable>(
    behind gateway: IPv6Gateway, _ body: @escaping @Sendable (DeviceClient) async throws -> Result
  ) async throws -> Result {
    try await start(trusting: [key], network: .frames(to: gateway.port)) { board in
      try await gateway.connect(toBoardAt: board.port)
      return try await withClient { try await body(DeviceClient(url: gateway.url, client: $0)) }
    }
  }

  private static func start<Result: Sendable>(
    trusting keys: [SigningKey], machine: BoardMachine = .an386, network: BoardConfiguration.Network,
    capture: String? = nil, flash: String? = nil, seed: UInt64? = nil, restarts: Bool = false,
    console: @escaping @Sendable (String) -> Void = { _ in },
    _ body: @escaping @Sendable (EmulatedBoard) async throws -> Result
  ) async throws -> Result {
    var provisioning = try makeProvisioning(
      trusting: keys.map(\.publicKey), vendor: Signing.defaultVendor, deviceClass: "mps2-an386", serial: 7)
    // 0 holds the sensors still, 1 lets them follow the scripted course.
    if let seed { provisioning.seed = seed }
    var configuration = BoardConfiguration(
      firmware: root.appending(path: machine.defaultFirmware).path, provisioning: provisioning.block)
    configuration.machine = machine
    configuration.network = network
    configuration.capture = capture
    configuration.flash = flash
    configuration.restarts = restarts
    await berths.take()
    do {
      let result = try await withEmulatedBoard(configuration, console: console, body: body)
      await berths.leave()
      return result
    } catch {
      await berths.leave()
      throw error
    }
  }
}

/// Places that are taken in turn.
private actor Berths {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) { free = count }

  func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
