import BPFText
import CoAPTransport
import Delivery
import DeviceClient
import Foundation
import Toolchain

/// Many short executions on one board: each must be answered, with its own result, and the board must need no more memory
/// afterwards.
public struct LoadCampaign: Sendable {
  public var board: TrialBoard
  /// Executions of one client; then as many by all clients together.
  public var count: Int
  /// How many clients there are at once.
  public var clients: Int

  public init(board: TrialBoard, count: Int, clients: Int) {
    self.board = board
    self.count = count
    self.clients = clients
  }

  /// - Parameter progress: called with the number of executions so far, now and then.
  /// - Returns: what came of them.
  /// - Throws: what keeps the board from being started, or the program from being installed.
  public func run(progress: @escaping @Sendable (Int) -> Void) async throws -> LoadReport {
    // r0 = 3 * input + 1: no two requests have the same answer.
    let image = try Assembler(syntax: .llvm).assemble("r0 = *(u32 *)(r1 + 0)\nr0 *= 3\nr0 += 1\nexit\n")
    return try await board.run { port, _ in
      let url = "coap://127.0.0.1:\(port)"
      return try await withClient { client in
        let device = DeviceClient(url: url, client: client)
        _ = try await deliver(image: image, to: 0, of: device, signing: Signing(key: board.key))
        // What is taken once, at the first use, is taken here.
        _ = try await device.run(0, context: [0, 0, 0, 0])
        let before = try await device.description().heapBytes
        let alone = await phase(url, clients: 1, from: 0, progress)
        let together = await phase(url, clients: clients, from: count, progress)
        let description = try await device.description()
        return LoadReport(
          phases: [alone, together], runsCounted: try await device.slot(0).runs - 1, heapBefore: before,
          heapAfter: description.heapBytes)
      }
    }
  }

  /// `count` executions, shared between so many clients.
  private func phase(
    _ url: String, clients: Int, from first: Int, _ progress: @escaping @Sendable (Int) -> Void
  ) async -> LoadPhase {
    let start = ContinuousClock.now
    let tally = await withTaskGroup(of: (right: Int, wrong: Int, lost: Int).self) { group in
      for index in 0..<clients {
        let share = first + count * index / clients..<first + count * (index + 1) / clients
        group.addTask { await executions(share, url, progress) }
      }
      return await group.reduce((right: 0, wrong: 0, lost: 0)) {
        ($0.right + $1.right, $0.wrong + $1.wrong, $0.lost + $1.lost)
      }
    }
    let seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
    return LoadPhase(
      clients: clients, right: tally.right, wrong: tally.wrong, lost: tally.lost, seconds: seconds)
  }

  private func executions(
    _ inputs: Range<Int>, _ url: String, _ progress: @Sendable (Int) -> Void
  ) async -> (right: Int, wrong: Int, lost: Int) {
    var tally = (right: 0, wrong: 0, lost: 0)
    guard let client = try? await CoAPClient() else { return (0, 0, inputs.count) }
    let device = DeviceClient(url: url, client: client)
    for input in inputs {
      let context = (0..<4).map { UInt8(truncatingIfNeeded: input >> (8 * $0)) }
      do throws(DeviceError) {
        if try await device.run(0, context: context).result == Int64(3 * input + 1) {
          tally.right += 1
        } else {
          tally.wrong += 1
        }
      } catch {
        if case .unreachable = error { tally.lost += 1 } else { tally.wrong += 1 }
      }
      if (input + 1) % 1000 == 0 { progress(input + 1) }
    }
    await client.close()
    return tally
  }
}

/// What came of the executions of some clients at once.
public struct LoadPhase: Codable, Sendable {
  public let clients: Int
  /// Executions answered with their result, with anything else, and not at all.
  public let right: Int
  public let wrong: Int
  public let lost: Int
  public let seconds: Double

  public var perSecond: Int { seconds > 0 ? Int(Double(right + wrong) / seconds) : 0 }
}

/// What came of a load.
public struct LoadReport: Codable, Sendable {
  public let phases: [LoadPhase]
  /// How often the device says that it ran the program: a request that is answered twice runs once.
  public let runsCounted: Int
  /// Bytes of heap that the device has taken; `nil` when it does not say.
  public let heapBefore: Int?
  public let heapAfter: Int?

  public var isSound: Bool {
    phases.allSatisfy { $0.wrong == 0 && $0.lost == 0 } && heapBefore == heapAfter
      && runsCounted == phases.reduce(0) { $0 + $1.right }
  }
}
