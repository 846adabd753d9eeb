import AttackCampaign
import Endurance
import Testing

@Suite(.timeLimit(.minutes(10))) struct Attacks {
  static let folder = Board.root.appending(path: "Attacks").path

  private func run(_ attacks: [Attack], on board: TrialBoard) async throws {
    let report = try await AttackCampaign(attacks, on: board).run { row in
      for engine in row.breaches {
        Issue.record("\(row.program), \(engine): \(row[engine]?.description ?? "nothing")")
      }
    }
    #expect(report.summary == "contained \(attacks.count) of \(attacks.count)")
    #expect(report.failedRequests == 0, "\(report.testimony)")
    #expect(report.wrongResults == 0)
    #expect(report.requests > attacks.count)
    #expect(report.isSentinelAlive)
    #expect(report.isSound)
  }

  /// What the processor decides rather than the software: accesses, jumps, and time.
  @Test(.enabled(if: Board.isRequired))
  func `a Cortex-M7 contains them, too`() async throws {
    let attacks = try Attack.all(in: Self.folder).enumerated().filter { $0.offset % 6 == 0 }.map(\.element)
    try await run(attacks, on: TrialBoard(.qemu, firmware: Board.firmware, machine: .an500))
  }

  @Test(.enabled(if: Board.isRequired))
  func `hostile programs are contained on the board in every engine, and others notice nothing`()
    async throws
  {
    let attacks = try Attack.all(in: Self.folder)
    #expect(attacks.count > 80)
    try await run(attacks, on: TrialBoard(.qemu, firmware: Board.firmware))
  }
}
