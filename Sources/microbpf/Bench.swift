import ArgumentParser
import Benchmarks
import Foundation

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Count the instructions that kernels take on an emulated board.",
    discussion: """
      Each kernel runs natively, as a C compiler makes it, in the interpreter, \
      and compiled on the board with and without checks, from the same source \
      file. The counts are of instructions that the emulated Cortex-M4 \
      executes; they repeat exactly. What calling takes is not counted. A C \
      file of your own has a function with the file's name that gets a \
      pointer; what it returns natively counts as right.

      Example: microbpf bench
               microbpf bench crc32 sieve
               microbpf bench filter.c --context packet.bin --json
               microbpf bench --threads
      """)

  @Argument(help: "Names of kernels, or C files. Default: all kernels.")
  var kernels: [String] = []

  @Option(help: "The folder with the kernels and their manifest.")
  var folder = "Benchmarks/Kernels"

  @Flag(help: "Count what threads cost instead: the call of a helper, and a switch to another program.")
  var threads = false

  @Option(help: "Write the figures to this file, as JSON.")
  var save: String?

  @Option(help: "The file with the input of C files. Default: nothing.")
  var context: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      if threads {
        let costs = try await Measuring().measureThreads()
        let rows = costs.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
        return try output.print(costs, text: Table(header: ["what", "number"], rows: rows).text)
      }
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
      let chosen =
        all.filter { kernels.isEmpty || names.contains($0.name) }
        + files.map { Kernel(file: URL(filePath: $0), context: input) }
      let measuring = Measuring()
      var report = BenchmarkReport(records: [])
      try await withProgress("measuring") { progress in
        for kernel in chosen {
          progress.now("measuring \(kernel.name)")
          report.records += try await measuring.measure(kernel)
        }
      }
      if let save { try report.write(to: URL(filePath: save)) }
      try output.print(report.records, text: Table(header: report.header, rows: report.rows).text)
      guard report.records.allSatisfy(\.correct) else { throw ExitCode.failure }
    }
  }
}
