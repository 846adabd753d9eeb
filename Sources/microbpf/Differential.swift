import ArgumentParser
import DifferentialTesting
import Foundation

struct Differential: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare both engines over programs made at random, on an emulated board.",
    discussion: """
      Each program runs in the interpreter, and compiled with and without proofs, with and without checks. Result, memory, \
      trap and calls of helpers have to be the same. A program is made from its seed, so each can be run again.

      Example: microbpf differential --count 100000
               microbpf differential --seed 4711 --count 1
      """)

  @Option(help: "The seed of the first program; the next has the one behind it. Default: another each time.")
  var seed: UInt64?

  @Option(help: "How many programs.")
  var count: UInt64 = 20_000

  @Option(help: "How many boards run side by side.")
  var jobs = 2

  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let seed: UInt64
    let numbers: [String: String]
    let mismatches: [String]
    let summary: String
  }

  func run() async throws {
    try await perform { [self] in
      let seed = seed ?? UInt64.random(in: 0..<1 << 48)
      if !output.json { tell("seed \(seed), \(count) programs") }
      var testing = DifferentialTesting()
      testing.jobs = max(jobs, 1)
      let start = Date()
      let report = try await withProgress("comparing") { progress in
        try await testing.run(seed: seed, count: count) { progress.advance(Int($0), of: Int(count)) }
      }
      let seconds = Date().timeIntervalSince(start)
      let rows = report.rows + [["programs a second", "\(Int(Double(report.programs) / seconds))"]]
      let mismatches = report.mismatches.map { "\($0)" }
      try output.print(
        Result(
          seed: seed, numbers: Dictionary(rows.map { ($0[0], $0[1]) }) { first, _ in first },
          mismatches: mismatches, summary: report.summary),
        text: mismatches.map { "\($0)\n\n" }.joined() + Table(header: ["what", "number"], rows: rows).text
          + "\n\(report.summary)")
      guard report.mismatchCount == 0 else { throw ExitCode.failure }
    }
  }
}
