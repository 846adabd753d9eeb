import Interpreter
import Platform
import Testing

@testable import AttackCampaign

@Suite struct Reports {
  private func attack(_ line: String) throws -> Attack {
    try Attack(path: "hostile.c", source: "\(line)\n\nint program(void) { return 0; }\n")
  }

  @Test func `the first line says how a program is run and what must come of it`() throws {
    let attack = try attack("// request: wrong-response or returned -7; hardware: harmless")
    #expect(attack.manner == .request)
    #expect(attack.expected(in: .interpreter) == [.wrongResponse, .returned(-7)])
    #expect(attack.expected(in: .checked) == [.wrongResponse, .returned(-7)])
    #expect(attack.expected(in: .hardware) == [.harmless])
    #expect(try self.attack("# start: killed").manner == .start)
  }

  @Test(
    arguments: [
      "", "// expect: returned 1", "// run: nothing", "// run: returned", "// run: returned x", "run: killed",
      "// run: killed; interpreter: killed",
    ])
  func `a first line that says something else is refused`(line: String) {
    #expect(throws: AttackError.self) { try attack(line) }
  }

  @Test func `what may come of a program is allowed, and nothing else`() throws {
    let trapped = try attack("// run: read-outside")
    #expect(trapped.allows(.trapped(.readOutside), in: .checked))
    #expect(trapped.allows(.refused, in: .checked))
    #expect(!trapped.allows(.trapped(.writeOutside), in: .checked))
    #expect(!trapped.allows(.returned(0), in: .interpreter))
    let harmless = try attack("// run: harmless")
    #expect(harmless.allows(.returned(3), in: .hardware))
    #expect(harmless.allows(.faulted(.bus), in: .hardware))
    #expect(!harmless.allows(.lost, in: .hardware))
  }

  @Test func `each trap and fault has a name that reads as itself`() {
    for verdict in Trap.Rule.allCases.map(Verdict.trapped) + ThreadFault.Kind.allCases.map(Verdict.faulted) {
      #expect(Verdict(parsing: verdict.description) == verdict)
    }
    #expect(Verdict(parsing: "lost") == nil)
  }

  @Test func `a report is sound when all are contained and nobody noticed`() throws {
    let hostile = try attack("// run: read-outside")
    func report(_ verdict: Verdict, failed: Int = 0, sentinel: Bool = true) -> AttackReport {
      var row = AttackRow(attack: hostile)
      row.add(.trapped(.readOutside), in: .interpreter, of: hostile)
      row.add(verdict, in: .hardware, of: hostile)
      return AttackReport(
        rows: [row], requests: 10, failedRequests: failed, wrongResults: 0, slowestMilliseconds: 2,
        complaint: nil, isSentinelAlive: sentinel)
    }
    #expect(report(.trapped(.readOutside)).isSound)
    #expect(report(.trapped(.readOutside)).summary == "contained 1 of 1")
    #expect(!report(.trapped(.readOutside), failed: 1).isSound)
    #expect(!report(.trapped(.readOutside), sentinel: false).isSound)
    let breach = report(.returned(0))
    #expect(breach.summary == "contained 0 of 1" && !breach.isSound)
    #expect(breach.rows.first?.breaches == [.hardware])
  }

  @Test func `a program that has not run in any engine is not contained`() throws {
    #expect(!AttackRow(attack: try attack("// run: harmless")).isContained)
  }

  @Test func `what the board prints of forged code is read`() {
    let report = ForgedCodeReport(console: [
      "snippet jump to: nowhere: fault 3", "progress: 1000", "ending returned: 12", "ending trap 3: 4",
      "ending fault 6: 5", "ending fault 99: 1", "runs: 21", "calls: 2", "neighbours: 1",
      "violation 4711 : memory around it has changed", "violation - breakpoint: it ends differently",
      "violations: 2",
    ])
    #expect(report.runs == 21 && report.calls == 2 && report.neighbours == 1)
    #expect(report.endings[.trapped(.budgetSpent)] == 4)
    #expect(report.endings[.faulted(.instruction)] == 5)
    #expect(report.snippets == ["jump to: nowhere": .faulted(.fetch)])
    #expect(report.violations.count == 2 && !report.isSound)
    #expect(report.rows.map { $0[1] } == ["12", "5", "4"])
    #expect(!ForgedCodeReport(console: []).isSound)
  }
}
