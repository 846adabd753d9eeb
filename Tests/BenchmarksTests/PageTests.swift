import Benchmarks
import Foundation
import Testing

@Suite struct PageTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func `docs/benchmarks.md shows the saved results`() throws {
    let report = try BenchmarkReport.read(from: Self.root.appending(path: "Benchmarks/results/latest.json"))
    let peers = try Peers.read(from: Self.root.appending(path: "Benchmarks/peers.json"))
    let saved = try String(contentsOf: Self.root.appending(path: "docs/benchmarks.md"), encoding: .utf8)
    #expect(
      saved == BenchmarkPage(report, peers: peers).text, "run: microbpf bench page > docs/benchmarks.md")
  }

  @Test func `every peer has a source, and a figure or a failure for every kernel that counts`() throws {
    let peers = try Peers.read(from: Self.root.appending(path: "Benchmarks/peers.json"))
    let kernels = try Kernel.all(in: Self.root.appending(path: "Benchmarks/Kernels")).map(\.name)
    for peer in peers.engines {
      #expect(!peer.source.isEmpty)
      for kernel in kernels {
        #expect(
          (peer.instructions[kernel] == nil) == (peer.failures?[kernel] != nil), "\(peer.name), \(kernel)")
      }
    }
    #expect(!peers.hardware.source.isEmpty)
  }

  @Test func `the saved results have every figure of every kernel, and all of them are right`() throws {
    let report = try BenchmarkReport.read(from: Self.root.appending(path: "Benchmarks/results/latest.json"))
    for kernel in try Kernel.all(in: Self.root.appending(path: "Benchmarks/Kernels")) {
      let records = report.records.filter { $0.kernel == kernel.name }
      #expect(records.map(\.engine) == ["native", "interpreter", "jit-checked", "jit-hardware"])
      #expect(records.allSatisfy { $0.correct }, "\(kernel.name)")
      #expect(records.dropFirst().allSatisfy { $0.memoryBytes != nil }, "\(kernel.name)")
      #expect(records[1].layoutBytes?["elf"] == records[1].imageBytes)
    }
    #expect(report.threads?["helper_call"] != nil)
    #expect(report.firmware?.parts.isEmpty == false)
  }
}
