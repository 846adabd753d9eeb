import Foundation
import Testing

@testable import Benchmarks

@Suite struct ComparisonTests {
  private func record(
    _ kernel: String, _ engine: String, _ instructions: Int, correct: Bool = true, codeBytes: Int? = nil
  ) -> BenchmarkRecord {
    BenchmarkRecord(
      kernel: kernel, engine: engine, instructions: instructions, ratio: Double(instructions) / 100,
      correct: correct, codeBytes: codeBytes)
  }

  @Test func `a run compared with itself shows nothing and fails nothing`() throws {
    let run = BenchmarkReport(records: [record("crc32", "interpreter", 1000)], threads: ["switch": 209])
    let comparison = BenchmarkComparison(run, run)
    #expect(comparison.rows.isEmpty)
    #expect(comparison.compared == 2)
    #expect(!comparison.fails(above: 0))
  }

  @Test func `what grew is worse, what shrank is better, the largest change first`() {
    let old = BenchmarkReport(records: [
      record("crc32", "interpreter", 1000), record("sieve", "interpreter", 1000),
      record("sieve", "jit-checked", 1000, codeBytes: 200),
    ])
    let new = BenchmarkReport(records: [
      record("crc32", "interpreter", 1010), record("sieve", "interpreter", 1100),
      record("sieve", "jit-checked", 900, codeBytes: 200),
    ])
    let comparison = BenchmarkComparison(old, new)
    #expect(
      comparison.rows == [
        ["worse", "sieve", "interpreter", "instructions", "1000", "1100", "+10.0 %"],
        ["worse", "crc32", "interpreter", "instructions", "1000", "1010", "+1.0 %"],
        ["better", "sieve", "jit-checked", "instructions", "1000", "900", "-10.0 %"],
      ])
    #expect(comparison.summary.last == "2 worse, 1 better, of 4 figures")
    #expect(comparison.fails(above: 9.9))
    #expect(!comparison.fails(above: 10))
  }

  @Test func `changes below the threshold are not listed`() {
    let old = BenchmarkReport(records: [record("crc32", "interpreter", 1000)])
    let new = BenchmarkReport(records: [record("crc32", "interpreter", 1004)])
    #expect(BenchmarkComparison(old, new, threshold: 0.5).rows.isEmpty)
    #expect(BenchmarkComparison(old, new, threshold: 0.4).rows.count == 1)
  }

  @Test func `a result that became wrong fails whatever is allowed to grow`() {
    let old = BenchmarkReport(records: [record("crc32", "jit-checked", 1000)])
    let new = BenchmarkReport(records: [record("crc32", "jit-checked", 0, correct: false)])
    let comparison = BenchmarkComparison(old, new)
    #expect(comparison.broken == ["crc32/jit-checked"])
    // A count of a wrong run is no figure.
    #expect(comparison.removed == ["crc32/jit-checked/instructions"])
    #expect(comparison.fails(above: .infinity))
  }

  @Test func `parts of the firmware and costs of threads are compared, too`() {
    let old = BenchmarkReport(
      records: [], threads: ["helper_call": 169],
      firmware: FirmwareSize(
        program: "App", parts: [.init(name: "JIT", flash: 26_000, ram: 0)], flash: 26_000, ram: 0))
    let new = BenchmarkReport(
      records: [], threads: ["helper_call": 170],
      firmware: FirmwareSize(
        program: "App",
        parts: [.init(name: "JIT", flash: 26_130, ram: 8), .init(name: "CoAP", flash: 1, ram: 0)],
        flash: 26_131, ram: 8))
    let comparison = BenchmarkComparison(old, new)
    #expect(
      comparison.worse.map { [$0.kernel, $0.engine, $0.figure] } == [
        ["firmware", "JIT", "ram"], ["threads", "", "helper_call"], ["firmware", "JIT", "flash"],
      ])
    #expect(comparison.worse[0].percent == 800)
    #expect(comparison.added == ["firmware/CoAP/flash", "firmware/CoAP/ram"])
  }

  @Test func `the means of both runs are told`() {
    let old = BenchmarkReport(records: [record("crc32", "interpreter", 400)])
    let new = BenchmarkReport(records: [record("crc32", "interpreter", 200)])
    #expect(
      BenchmarkComparison(old, new).means == [.init(engine: "interpreter", old: 4, new: 2)])
  }

  @Test func `a file that is no saved run is refused`() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json")
    try Data("{}".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(throws: DecodingError.self) { try BenchmarkReport.read(from: file) }
  }
}
