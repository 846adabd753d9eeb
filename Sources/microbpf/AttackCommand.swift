import ArgumentParser
import AttackCampaign
import Foundation

struct RunAttacks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attack",
    abstract: "Run hostile programs on a board, and see that nothing comes of them.",
    discussion: """
      Each program of the folder Attacks is deployed and run in every engine, while another client keeps asking and other \
      programs do their work. Then code that no compiler makes is put where compiled code belongs, so that only the memory \
      protection is left between it and the system.

      Example: microbpf attack --forged 20000
               microbpf attack --only recurse.c
               microbpf attack --machine mps2-an500
               microbpf attack --no-programs --forged 1 --seed 4711
      """)

  @Flag(inversion: .prefixedNo, help: "Run the hostile programs.")
  var programs = true

  @Option(help: "Run those alone whose names begin with this.")
  var only: String?

  @Option(help: "How many pieces of forged code to run.")
  var forged: UInt64 = 0

  @Option(help: "The seed of the first piece; the next has the one behind it. Default: another each time.")
  var seed: UInt64?

  @Option(help: "How many boards run forged code side by side.")
  var jobs = 2

  @OptionGroup var board: TrialBoardOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs is 1 to 64") }
  }

  private struct Report: Encodable {
    var programs: AttackReport?
    var forged: ForgedCodeReport?
    var seed: UInt64?
  }

  func run() async throws {
    try await perform { [self] in
      var report = Report()
      var text: [String] = []
      if forged > 0 {
        let seed = seed ?? UInt64.random(in: 0..<1 << 48)
        let forgedReport = try await runForged(seed: seed)
        text += [
          Table(header: ["ending of forged code", "runs"], rows: forgedReport.rows).text, "",
          "seed \(seed): \(forgedReport.summary)",
        ]
        text += forgedReport.violations.map { "violation: \($0)" } + [""]
        report.forged = forgedReport
        report.seed = seed
      }
      if programs {
        let attacks = try Attack.all(in: AttackCampaign.defaultFolder).filter {
          only.map($0.name.hasPrefix) ?? true
        }
        guard !attacks.isEmpty else { throw ValidationError("no program has such a name") }
        let campaign = try await withProgress("attacking") { progress in
          try await AttackCampaign(attacks, on: board.trialBoard).run {
            progress.now("attacked with \($0.program)")
          }
        }
        text += [table(of: campaign), "", campaign.testimony, campaign.summary]
        report.programs = campaign
      }
      try output.print(report, text: text.joined(separator: "\n"))
      guard report.programs?.isSound ?? true, report.forged?.isSound ?? true else { throw ExitCode.failure }
    }
  }

  private func runForged(seed: UInt64) async throws -> ForgedCodeReport {
    var code = ForgedCode()
    code.jobs = jobs
    code.machine = board.machine.machine
    return try await withProgress("running forged code") { progress in
      try await code.run(seed: seed, count: forged) { progress.advance(Int($0), of: Int(forged)) }
    }
  }

  private func table(of report: AttackReport) -> String {
    let rows = report.rows.map { row in
      [row.program] + AttackEngine.allCases.map { row[$0]?.description ?? "" } + [
        row.isContained ? "contained" : "BREACH"
      ]
    }
    return Table(header: ["program", "interpreter", "jit checked", "jit hardware", ""], rows: rows).text
  }
}
