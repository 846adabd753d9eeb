import ArgumentParser
import Benchmarks
import Foundation

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Count the instructions that kernels take on an emulated board.",
    discussion: """
      Each kernel runs natively, as a C compiler makes it, and in the interpreter, from the same source file. The counts
      are of instructions that the emulated Cortex-M4 executes; they repeat exactly.

      Example: microbpf bench
               microbpf bench crc32 sieve
      """)

  @Argument(help: "Names of kernels. Default: all.")
  var kernels: [String] = []

  @Option(help: "The folder with the kernels and their manifest.")
  var folder = "Benchmarks/Kernels"

  @Option(help: "Write the figures to this file, as JSON.")
  var save: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let all = try Kernel.all(in: URL(filePath: folder))
      if let unknown = kernels.first(where: { name in !all.contains { $0.name == name } }) {
        throw ValidationError("there is no kernel '\(unknown)' in \(folder)")
      }
      let measuring = Measuring()
      var report = BenchmarkReport(records: [])
      for kernel in all where kernels.isEmpty || kernels.contains(kernel.name) {
        report.records += try await measuring.measure(kernel)
      }
      if let save { try report.write(to: URL(filePath: save)) }
      try output.print(report.records, text: Table(header: report.header, rows: report.rows).text)
      guard report.records.allSatisfy(\.correct) else { throw ExitCode.failure }
    }
  }
}
