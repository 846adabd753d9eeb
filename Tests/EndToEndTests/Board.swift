import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import Platform
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
    trusting keys: [SigningKey] = [key],
    _ body: @escaping @Sendable (EmulatedBoard, DeviceClient) async throws -> Result
  ) async throws -> Result {
    let provisioning = try makeProvisioning(
      trusting: keys.map(\.publicKey), vendor: Signing.defaultVendor, deviceClass: "mps2-an386", serial: 7)
    let configuration = BoardConfiguration(firmware: firmware, provisioning: provisioning.block)
    await berths.take()
    do {
      let result = try await run(configuration, body)
      await berths.leave()
      return result
    } catch {
      await berths.leave()
      throw error
    }
  }

  private static func run<Result: Sendable>(
    _ configuration: BoardConfiguration,
    _ body: @escaping @Sendable (EmulatedBoard, DeviceClient) async throws -> Result
  ) async throws -> Result {
    try await withEmulatedBoard(configuration) { board in
      let client = try await CoAPClient()
      do {
        let result = try await body(board, DeviceClient(url: board.url, client: client))
        await client.close()
        return result
      } catch {
        await client.close()
        throw error
      }
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
