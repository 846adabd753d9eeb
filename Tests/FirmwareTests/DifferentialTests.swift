import BPF
import BPFText
import DifferentialTesting
import Foundation
import RandomPrograms
import Testing

@Suite(.enabled(if: Machine.isRequired, "the firmware has not been built: run make firmware"))
struct DifferentialTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Differential")

  static var testing: DifferentialTesting {
    var testing = DifferentialTesting()
    testing.firmware = Machine.image.deletingLastPathComponent().appending(path: "Differential").path()
    return testing
  }

  /// Programs that were once compiled wrongly: text with data of 64 bytes, read-only data of 32, and a context of 40.
  @Test func `what was once compiled wrongly does the same in both engines`() async throws {
    let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
    try #require(!files.isEmpty)
    let programs = try files.map { file in
      let source = try String(contentsOf: file, encoding: .utf8)
      let assembly = try Assembler(syntax: .llvm).assembly(of: source)
      let slots = stride(from: 0, to: assembly.text.count, by: 8).map { start in
        assembly.text[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
      let shape = GeneratedProgram(
        instructionCount: slots.count, entry: assembly.labels["entry"] ?? 0, dataSize: 64, rodataSize: 32,
        contextSize: 40)
      return LoadedProgram(shape: shape, slots: slots)
    }
    let report = try await Self.testing.run(programs)
    for mismatch in report.mismatches {
      Issue.record("\(files[Int(mismatch.seed)].lastPathComponent): \(mismatch)")
    }
    #expect(report.programs == UInt64(programs.count))
    #expect(report.runs > report.programs)
    #expect(report.unfinished == 0)
  }

  @Test func `programs made at random do the same in both engines`() async throws {
    let seed = UInt64.random(in: 0..<1 << 48)
    let report = try await Self.testing.run(seed: seed, count: 2000)
    for mismatch in report.mismatches {
      Issue.record("make differential SEED=\(mismatch.seed) COUNT=1\n\(mismatch)")
    }
    #expect(report.mismatchCount == 0, "make differential SEED=\(seed) COUNT=2000")
    #expect(report.programs == 2000)
    // Most programs are worth something.
    #expect(report.returned > 800)
    #expect(report.refused < 1400)
  }

  @Test func `a difference is noticed, and told with the program`() {
    let console = [
      "mismatch 7 unproven checked: it ends differently", "entry: 0", "slot 00000001000000b7",
      "slot 0000000000000095", "interpreter: returned 0x1", "end", "programs: 3", "mismatches: 1",
    ]
    let report = DifferentialReport(console: console)
    #expect(report.programs == 3)
    #expect(report.mismatchCount == 1)
    let mismatch = report.mismatches.first
    #expect(mismatch?.seed == 7)
    #expect(mismatch?.slots == [0x0000_0001_0000_00b7, 0x95])
    #expect(mismatch?.description.contains("r0 = 1") == true)
  }

  @Test func `a board that ends without a verdict is an error`() async throws {
    var testing = Self.testing
    testing.firmware = Machine.image.path()
    await #expect(throws: DifferentialError.self) { try await testing.run(seed: 1, count: 1) }
  }
}
