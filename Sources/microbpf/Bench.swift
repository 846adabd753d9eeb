import ArgumentParser
import Benchmarks
import Foundation

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Count the instructions that kernels take on an emulated board, and compare counts.",
    discussion: """
      Each kernel runs natively, as a C compiler makes it, in the interpreter, \
      and compiled on the board with and without checks, from the same source \
      file. The counts are of instructions that the emulated Cortex-M4 \
      executes; they repeat exactly.

      Example: microbpf bench
               microbpf bench crc32 sieve
               microbpf bench filter.c --context packet.bin --json
               microbpf bench --threads
               microbpf bench compare before.json after.json
      """,
    subcommands: [RunBenchmarks.self, CompareBenchmarks.self, PrintBenchmarkPage.self],
    defaultSubcommand: RunBenchmarks.self)
}

struct RunBenchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure kernels; what `bench` does by itself.",
    discussion: """
      What calling takes is not counted. A C file of your own has a function \
      with the file's name that gets a pointer; what it returns natively counts \
      as right.

      Example: microbpf bench run crc32 sieve
               microbpf bench run filter.c --context packet.bin --json
               microbpf bench run --everything --save results.json
      """)

  @Argument(help: "Names of kernels, or C files. Default: all kernels.")
  var kernels: [String] = []

  @Option(help: "The folder with the kernels and their manifest.")
  var folder = "Benchmarks/Kernels"

  @Flag(help: "Count what threads cost instead: the call of a helper, and a switch to another program.")
  var threads = false

  @Flag(help: "Save what threads cost and the sizes of the firmware's parts, too.")
  var everything = false

  @Option(help: "Write the figures to this file, as JSON.")
  var save: String?

  @Option(help: "The file with the input of C files. Default: nothing.")
  var context: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let measuring = Measuring()
      if threads {
        let costs = try await measuring.measureThreads()
        let rows = costs.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
        return try output.print(costs, text: Table(header: ["what", "number"], rows: rows).text)
      }
      var report = BenchmarkReport(records: [])
      let chosen = try chosen()
      try await withProgress("measuring") { progress in
        for kernel in chosen {
          progress.now("measuring \(kernel.name)")
          report.records += try await measuring.measure(kernel)
        }
        guard everything else { return }
        progress.now("measuring threads")
        report.threads = try await measuring.measureThreads()
        progress.now("measuring the firmware")
        report.firmware = try await FirmwareSize.measure()
      }
      if let save { try report.write(to: URL(filePath: save)) }
      try output.print(report.records, text: Table(header: report.header, rows: report.rows).text)
      guard report.records.allSatisfy(\.correct) else { throw ExitCode.failure }
    }
  }

  private func chosen() throws -> [Kernel] {
    let all = try Kernel.all(in: URL(filePath: folder))
    let files = kernels.filter { $0.hasSuffix(".c") }
    let names = kernels.filter { !$0.hasSuffix(".c") }
    if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
      throw Complaint(
        .input, "there is no kernel '\(unknown)'",
        next: "name one of \(all.map(\.name).joined(separator: ", ")), or a C file"
      ).at(folder)
    }
    let input = try context.map { try [UInt8](Data(contentsOf: URL(filePath: $0))) } ?? []
    return all.filter { kernels.isEmpty || names.contains($0.name) }
      + files.map { Kernel(file: URL(filePath: $0), context: input) }
  }
}

struct CompareBenchmarks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Show what got better or worse between two saved runs.",
    discussion: """
      Less is better for every figure. A result that was right and is wrong now \
      ends with status 1, and so does growth beyond --fail-above.

      Example: microbpf bench compare before.json after.json
               microbpf bench compare before.json after.json --fail-above 2
      """)

  @Argument(
    help: ArgumentHelp("The earlier run, as `bench --save` wrote it.", valueName: "old"),
    completion: .file(extensions: ["json"]))
  var old: String

  @Argument(
    help: ArgumentHelp("The later run.", valueName: "new"), completion: .file(extensions: ["json"]))
  var new: String

  @Option(help: "List changes of so many percent or more.")
  var threshold = 0.5

  @Option(help: ArgumentHelp("End with status 1 if a figure grew by more.", valueName: "percent"))
  var failAbove: Double?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let before = try savedRun(at: old)
      let after = try savedRun(at: new)
      let comparison = BenchmarkComparison(before, after, threshold: threshold)
      let table = Table(header: BenchmarkComparison.header, rows: comparison.rows).text
      let lines = (comparison.rows.isEmpty ? [] : [table, ""]) + comparison.summary
      try output.print(comparison, text: lines.joined(separator: "\n"))
      // What is too small to be listed may still be too much.
      let all = BenchmarkComparison(before, after)
      if all.fails(above: failAbove ?? .infinity) { throw ExitCode.failure }
    }
  }
}

struct PrintBenchmarkPage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Make docs/benchmarks.md from a saved run and other engines' figures.",
    discussion: """
      Example: microbpf bench page > docs/benchmarks.md
      """)

  @Argument(help: "The saved run.", completion: .file(extensions: ["json"]))
  var results = "Benchmarks/results/latest.json"

  @Option(help: "Other engines' figures.")
  var peers = "Benchmarks/peers.json"

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let report = try savedRun(at: results)
      let page = BenchmarkPage(report, peers: try Peers.read(from: URL(filePath: peers)))
      try output.print(["page": page.text], text: String(page.text.dropLast()))
    }
  }
}

/// Reads what `bench --save` wrote.
private func savedRun(at path: String) throws -> BenchmarkReport {
  do {
    return try BenchmarkReport.read(from: URL(filePath: path))
  } catch is DecodingError {
    throw Complaint(
      .input, "this is no saved run of the benchmarks", next: "make one: microbpf bench --save FILE"
    ).at(path)
  }
}
