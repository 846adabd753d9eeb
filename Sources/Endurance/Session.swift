import COSE
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import FaultNetwork
import Foundation
import RandomPrograms
import Toolchain

/// A running device, a clean network to it, and a file server.
struct Session: Sendable {
  let campaign: FaultCampaign
  let port: UInt16
  let cutPower: @Sendable () -> Void
  let files: URL
  let server: CoAPFileServer
  /// The device over the clean network.
  let device: DeviceClient
  let description: DeviceDescription

  static func run<Result: Sendable>(
    port: UInt16, cutPower: @escaping @Sendable () -> Void, files: URL, campaign: FaultCampaign,
    _ body: (Session) async throws -> Result
  ) async throws -> Result {
    var configuration = CoAPClient.Configuration()
    configuration.parameters.acknowledgeTimeout = 1000
    let client = try await CoAPClient(configuration)
    do {
      let server = try await CoAPFileServer(directory: files.path, host: "127.0.0.1")
      do {
        let device = DeviceClient(url: "coap://127.0.0.1:\(port)", client: client)
        let session = Session(
          campaign: campaign, port: port, cutPower: cutPower, files: files, server: server, device: device,
          description: try await device.description())
        let result = try await body(session)
        await server.close()
        await client.close()
        return result
      } catch {
        await server.close()
        throw error
      }
    } catch {
      await client.close()
      throw error
    }
  }

  /// When the power is cut during the deployment with this seed, in milliseconds after its begin; `nil` for never.
  private func powerCut(seed: UInt64) -> UInt32? {
    var numbers = SeededNumbers(seed: seed ^ 0xc07 << 40)
    let moment = numbers.below(4000)
    return numbers.chance(campaign.powerCuts) ? moment : nil
  }

  /// Deploys over bad networks, and waits until the device has ended that too.
  func attempt(seed: UInt64) async throws -> Attempt {
    let slot = Int(seed % UInt64(description.slots))
    let before = try await device.slot(slot)
    let sequenceNumber = before.sequence + 1
    let image = try Attempt.image(seed: seed)
    let toDevice = try await FaultyRelay(to: port, rates: campaign.rates, seed: seed)
    let toServer = try await FaultyRelay(to: server.port, rates: campaign.rates, seed: seed ^ 0x5eed << 40)
    let root = "coap://\(description.you):\(toServer.port)"
    let signing = Signing(key: campaign.board.key)
    let envelope = try signing.envelope(
      for: image, at: "\(root)/image-\(seed)", slot: slot, sequenceNumber: sequenceNumber,
      deviceClass: description.board)
    try Data(image).write(to: files.appending(path: "image-\(seed)"))
    try Data(envelope).write(to: files.appending(path: "manifest-\(seed)"))
    let client = try await CoAPClient()
    let start = ContinuousClock.now
    let cut = Task {
      guard let moment = powerCut(seed: seed) else { return false }
      try await Task.sleep(for: .milliseconds(moment))
      cutPower()
      await client.close()
      return true
    }
    let (told, wasSuccess) = await install(
      "\(root)/manifest-\(seed)", with: DeviceClient(url: "coap://127.0.0.1:\(toDevice.port)", client: client)
    )
    let duration = (ContinuousClock.now - start).components
    cut.cancel()
    let lostPower = (try? await cut.value) ?? false
    await client.close()
    if !lostPower { try? await waitUntilIdle() }
    let faults = await toDevice.close() + toServer.close()
    return Attempt(
      seed: seed, before: before, sequenceNumber: sequenceNumber, image: image, told: told,
      wasSuccess: wasSuccess,
      milliseconds: Int(duration.seconds) * 1000 + Int(duration.attoseconds / 1_000_000_000_000_000),
      faults: faults, lostPower: lostPower)
  }

  private func install(_ manifest: String, with device: DeviceClient) async -> (
    told: String, wasSuccess: Bool
  ) {
    do throws(DeviceError) {
      _ = try await device.install(manifest: manifest)
      return ("success", true)
    } catch {
      return switch error {
      case .refused(let refusal): (refusal.title, false)
      case .unreachable(.timedOut): ("no answer", false)
      case .unreachable(.reset): ("a reset", false)
      case .unreachable(.closed): ("nothing before the power was cut", false)
      case .unreachable: ("an answer that cannot be used", false)
      case .notUnderstood: ("an answer that is not understood", false)
      }
    }
  }

  /// Asks for a deployment that cannot be begun, until it is refused for that and not because of one that is under way.
  private func waitUntilIdle() async throws {
    while true {
      do {
        _ = try await device.install(manifest: "none")
      } catch DeviceError.refused(let refusal) {
        guard refusal.stage == .request, refusal.rule == Int(RequestRule.busy.rawValue) else { return }
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Asks the device over the clean network what the slot holds, and runs it.
  func judge(_ attempt: Attempt, wasRestarted: Bool) async throws -> DeploymentTrial {
    try await waitUntilIdle()
    let after = try await device.slot(attempt.before.slot)
    let outcome: DeploymentTrial.Outcome
    if after.size == attempt.image.count, after.sequence == attempt.sequenceNumber,
      after.digest == digest(of: attempt.image), try await device.run(after.slot).result == attempt.result
    {
      outcome = .installed
    } else if after.size == attempt.before.size, after.sequence == attempt.before.sequence,
      after.digest == attempt.before.digest, !attempt.wasSuccess
    {
      outcome = .untouched
    } else {
      outcome = .unsound
    }
    return DeploymentTrial(
      seed: attempt.seed, outcome: outcome, told: attempt.told, milliseconds: attempt.milliseconds,
      faults: attempt.faults, wasRestarted: wasRestarted)
  }

  /// In hexadecimal, as devices' descriptions have it.
  private func digest(of image: [UInt8]) -> String {
    var hash = HostCryptography.Hash()
    hash.update(image.span)
    let bytes = hash.finish().bytes
    return bytes.indices.map { (bytes[$0] < 16 ? "0" : "") + String(bytes[$0], radix: 16) }.joined()
  }
}
