import AttackCampaign
import Emulator
import Foundation
import Testing

@Suite(.enabled(if: Machine.isRequired, "the firmware has not been built: run make firmware"))
struct ForgedCodeTests {
  static var code: ForgedCode {
    var code = ForgedCode()
    code.firmware = Machine.image.deletingLastPathComponent().appending(path: "Assault").path()
    return code
  }

  @Test(arguments: [BoardMachine.an386, .an500])
  func `code that no compiler makes harms nothing behind the memory protection`(machine: BoardMachine)
    async throws
  {
    let seed = UInt64.random(in: 0..<1 << 48)
    var code = Self.code
    code.machine = machine
    let report = try await code.run(seed: seed, count: 2000)
    for violation in report.violations { Issue.record("\(violation)") }
    #expect(
      report.isSound,
      "microbpf attack --no-programs --forged 2000 --seed \(seed) --machine \(machine.rawValue)")
    #expect(report.runs > 2000)
    #expect(report.neighbours > 100)
    #expect(report.calls > 200)
    // Of each kind there is one.
    #expect(report.snippets.count > 100)
    #expect(report.endings.count > 12)
  }

  @Test func `the same seed does the same`() async throws {
    let first = try await Self.code.run(seed: 4711, count: 300)
    let second = try await Self.code.run(seed: 4711, count: 300)
    #expect(first.endings == second.endings && first.calls == second.calls)
  }

  @Test func `a board that ends without a verdict is a violation`() async throws {
    var code = Self.code
    code.firmware = Machine.image.path()
    let report = try await code.run(seed: 1, count: 2)
    #expect(!report.isSound && !report.violations.isEmpty)
  }

  @Test func `without firmware there is an error`() async throws {
    var code = Self.code
    code.firmware = "/nowhere"
    await #expect(throws: EmulatorError.self) { try await code.run(seed: 1, count: 1) }
  }
}
