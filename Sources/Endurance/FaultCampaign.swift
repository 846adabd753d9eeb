import BPFText
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
public import FaultNetwork
import Foundation
import Toolchain

/// Deployments over a network that loses, delays, doubles, reorders and changes datagrams: between client and device, and
/// between device and file server. Afterwards each device is asked over a clean network what it holds.
public struct FaultCampaign: Sendable {
  public var board: TrialBoard
  public var rates: FaultRates
  public var firstSeed: UInt64
  /// How many deployments, each with a seed of its own.
  public var count: Int
  /// How many devices there are side by side. They mostly wait.
  public var boards = 16
  /// During how many percent of the deployments the power of an emulated board is cut. It starts again with the same flash.
  public var powerCuts: UInt32 = 0

  public init(board: TrialBoard, rates: FaultRates, firstSeed: UInt64 = 1, count: Int) {
    self.board = board
    self.rates = rates
    self.firstSeed = firstSeed
    self.count = count
  }

  /// The faults of a bad network that loses `loss` percent of the datagrams in each direction.
  public static func rates(loss: UInt32) -> FaultRates {
    FaultRates(loss: loss, corruption: 2, duplication: 10, reordering: 10, delay: 20)
  }

  /// - Parameter progress: called with each deployment as it ends.
  /// - Returns: all of them, by their seeds.
  /// - Throws: what keeps a board from being started or asked at all.
  public func run(progress: @escaping @Sendable (DeploymentTrial) -> Void) async throws -> FaultReport {
    let queue = Seeds(firstSeed..<firstSeed + UInt64(count))
    let trials = try await withThrowingTaskGroup(of: [DeploymentTrial].self) { group in
      for _ in 0..<min(boards, count) {
        group.addTask { try await work(queue, progress) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    return FaultReport(trials.sorted { $0.seed < $1.seed })
  }

  /// One device, restarted when it cannot be asked any more, takes seeds until there are none left.
  private func work(
    _ queue: Seeds, _ progress: @escaping @Sendable (DeploymentTrial) -> Void
  ) async throws -> [DeploymentTrial] {
    try await withTemporaryDirectory { directory in
      let results = Results()
      let files = directory.appending(path: "files")
      try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
      var open: Attempt?
      repeat {
        let unfinished = open
        open = try await board.run(flash: directory.appending(path: "flash").path) { port, cutPower in
          try await Session.run(port: port, cutPower: cutPower, files: files, campaign: self) { session in
            if let unfinished {
              await results.add(try await session.judge(unfinished, wasRestarted: true), progress)
            }
            while let seed = await queue.next() {
              let attempt = try await session.attempt(seed: seed)
              guard !attempt.lostPower else { return attempt }
              do {
                await results.add(try await session.judge(attempt, wasRestarted: false), progress)
              } catch DeviceError.unreachable {
                return attempt
              }
            }
            return nil
          }
        }
      } while open != nil
      return await results.trials
    }
  }
}

/// Seeds, each given to one who asks.
private actor Seeds {
  private var rest: Range<UInt64>

  init(_ seeds: Range<UInt64>) { rest = seeds }

  func next() -> UInt64? {
    rest.popFirst()
  }
}

private actor Results {
  private(set) var trials: [DeploymentTrial] = []

  func add(_ trial: DeploymentTrial, _ progress: @Sendable (DeploymentTrial) -> Void) {
    trials.append(trial)
    progress(trial)
  }
}

/// A deployment whose client knows how it ended, or that it will not know.
struct Attempt: Sendable {
  let seed: UInt64
  let before: SlotDescription
  let sequenceNumber: UInt32
  let image: [UInt8]
  let told: String
  let wasSuccess: Bool
  let milliseconds: Int
  let faults: FaultCounts
  let lostPower: Bool

  /// What the slot's program returns if the deployment came to its end.
  var result: Int64 { Int64(seed & 0xffff) }

  /// An image of one to three blocks that returns ``result``.
  static func image(seed: UInt64) throws -> [UInt8] {
    let fill = String(repeating: "r0 = 1\n", count: Int(seed &* 37 % 300))
    return try Assembler(syntax: .llvm).assemble("\(fill)r0 = \(seed & 0xffff)\nexit\n")
  }
}
