import CoAPTransport
import Delivery
import DeviceClient
public import Endurance
import Toolchain

/// Sends hostile programs to a device, one after another, and runs each in every engine, while a client keeps asking, a program
/// of somebody else answers, and another watches over its memory.
public struct AttackCampaign: Sendable {
  public var attacks: [Attack]
  public var board: TrialBoard

  /// Where the hostile programs are, from the project's folder.
  public static let defaultFolder = "Attacks"

  private static let witnessSlot = 1
  private static let attackSlot = 2
  private static let sentinelSlot = 3
  /// How long a program is left to itself.
  private static let freedom = Duration.milliseconds(300)
  /// Milliseconds of the processor's time that somebody waits for a result.
  private static let patience: UInt32 = 100

  public init(_ attacks: [Attack], on board: TrialBoard) {
    self.attacks = attacks
    self.board = board
  }

  /// - Parameter progress: is told of each program as soon as it has been run in all engines.
  /// - Returns: what came of them.
  /// - Throws: what keeps the board from being started, or a program from being made.
  public func run(progress: @escaping @Sendable (AttackRow) -> Void = { _ in }) async throws -> AttackReport {
    try await board.run { port, _ in
      let url = "coap://127.0.0.1:\(port)"
      return try await withClient { other in
        try await withClient {
          try await attack(
            DeviceClient(url: url, client: $0), watchedBy: DeviceClient(url: url, client: other), progress)
        }
      }
    }
  }

  private func attack(
    _ device: DeviceClient, watchedBy other: DeviceClient, _ progress: @Sendable (AttackRow) -> Void
  ) async throws -> AttackReport {
    let signing = Signing(key: board.key)
    let hasCode = try await device.description().codeRegionBytes > 0
    _ = try await deliver(image: Witness.image(), to: Self.witnessSlot, of: device, signing: signing)
    if hasCode { _ = try await device.compile(Self.witnessSlot) }
    _ = try await deliver(image: Sentinel.image(), to: Self.sentinelSlot, of: device, signing: signing)
    _ = try await device.start(Self.sentinelSlot)
    let witness = Witness(
      device: other, slot: Self.witnessSlot, engines: hasCode ? [.interpreter, .jit] : [.interpreter])
    async let testimony = witness.watch()
    do {
      var rows: [AttackRow] = []
      for attack in attacks {
        let row = try await row(for: attack, on: device, hasCode ? AttackEngine.allCases : [.interpreter])
        progress(row)
        rows.append(row)
      }
      await witness.dismiss()
      let seen = await testimony
      let sentinel = try await device.instance(Self.sentinelSlot)
      return AttackReport(
        rows: rows, requests: seen.requests, failedRequests: seen.failed, wrongResults: seen.wrong,
        slowestMilliseconds: Int(seen.slowest / .milliseconds(1)), complaint: seen.complaint,
        isSentinelAlive: sentinel.state != "ended")
    } catch {
      await witness.dismiss()
      throw error
    }
  }

  private func row(
    for attack: Attack, on device: DeviceClient, _ engines: [AttackEngine]
  ) async throws -> AttackRow {
    let image = try await attack.image()
    var row = AttackRow(attack: attack)
    do throws(DeviceError) {
      try await install(image, on: device)
    } catch {
      for engine in engines { row.add(verdict(error), in: engine, of: attack) }
      return row
    }
    for engine in engines {
      do throws(DeviceError) {
        row.add(try await run(attack, in: engine, on: device), in: engine, of: attack)
      } catch {
        row.add(verdict(error), in: engine, of: attack)
      }
    }
    return row
  }

  private func install(_ image: [UInt8], on device: DeviceClient) async throws(DeviceError) {
    do {
      _ = try await deliver(
        image: image, to: Self.attackSlot, of: device, signing: Signing(key: board.key))
    } catch let error as DeviceError {
      throw error
    } catch {
      throw .notUnderstood("\(error)")
    }
  }

  private func run(
    _ attack: Attack, in engine: AttackEngine, on device: DeviceClient
  ) async throws(DeviceError) -> Verdict {
    let slot = Self.attackSlot
    switch engine {
    case .interpreter: break
    case .checked: _ = try await device.compile(slot, isolation: .checked)
    case .hardware: _ = try await device.compile(slot, isolation: .hardware)
    }
    let choice: Engine = engine == .interpreter ? .interpreter : .jit
    let conditions = RunConditions(milliseconds: Self.patience)
    switch attack.manner {
    case .run:
      return .returned(try await device.run(slot, engine: choice, conditions: conditions).result)
    case .request:
      _ = try await device.request(
        .post, slot, payload: [1, 2, 3], engine: choice, conditions: conditions)
      return .answered
    case .start:
      _ = try await device.start(slot, engine: choice)
      try? await Task.sleep(for: Self.freedom)
      let instance = try await device.instance(slot)
      guard ["running", "sleeping"].contains(instance.state) else { return Verdict(instance) }
      try await device.kill(slot)
      return Verdict(try await device.instance(slot))
    }
  }

  private func verdict(_ error: DeviceError) -> Verdict {
    guard case .refused(let refusal) = error else { return .lost }
    return Verdict(refusal)
  }
}
