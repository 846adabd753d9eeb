import Endurance
import FaultNetwork
import Testing

@Suite(.timeLimit(.minutes(10))) struct BadNetworks {
  private func run(_ campaign: FaultCampaign) async throws {
    let report = try await campaign.run { trial in
      if !trial.isSound { Issue.record("\(trial)") }
    }
    #expect(report.summary == "sound \(campaign.count) of \(campaign.count)")
    #expect(
      report.trials.map(\.seed) == Array(campaign.firstSeed..<campaign.firstSeed + UInt64(campaign.count)))
    #expect(report.faults.dropped > 0)
    #expect(report.installed + report.untouched == campaign.count)
  }

  @Test func `deployments to devices behind bad networks end installed or untouched`() async throws {
    try await run(
      FaultCampaign(board: TrialBoard(.linux), rates: FaultCampaign.rates(loss: 20), firstSeed: 1, count: 10))
  }

  @Test(.enabled(if: Board.isRequired))
  func `deployments to emulated boards behind bad networks end installed or untouched`() async throws {
    var campaign = FaultCampaign(
      board: TrialBoard(.qemu, firmware: Board.firmware), rates: FaultCampaign.rates(loss: 20), firstSeed: 12,
      count: 4)
    campaign.boards = 2
    try await run(campaign)
  }

  @Test(.enabled(if: Board.isRequired))
  func `boards that lose power while programs come over bad networks hold the old or the new one`()
    async throws
  {
    var campaign = FaultCampaign(
      board: TrialBoard(.qemu, firmware: Board.firmware), rates: FaultRates(loss: 10), firstSeed: 1, count: 8)
    campaign.boards = 2
    campaign.powerCuts = 80
    let report = try await campaign.run { _ in }
    #expect(report.sound == 8)
    #expect(report.trials.contains { $0.wasRestarted })
  }

  @Test func `over a clean network every deployment is installed and nothing is sent twice`() async throws {
    let report = try await FaultCampaign(
      board: TrialBoard(.linux), rates: FaultRates(), firstSeed: 100, count: 6
    ).run { _ in }
    #expect(report.installed == 6)
    #expect(report.faults.dropped == 0)
    // The trigger, its acknowledgement, the answer and that one's; a question and an answer for the manifest and for each
    // block of the image.
    #expect(report.trials.allSatisfy { $0.told == "success" && (8...12).contains($0.faults.datagrams) })
  }
}

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct Load {
  @Test func `of many short executions none is lost or wrong, and the board needs no more memory`()
    async throws
  {
    let board = TrialBoard(.qemu, firmware: Board.firmware)
    let report = try await LoadCampaign(board: board, count: 400, clients: 8).run { _ in }
    #expect(report.isSound, "\(report)")
    #expect(report.phases.map(\.right) == [400, 400])
    #expect(report.heapBefore != nil)
  }
}
