public import Foundation

/// Everything that was measured, to be kept and printed.
public struct BenchmarkReport: Codable, Sendable {
  public var records: [BenchmarkRecord]

  public init(records: [BenchmarkRecord]) {
    self.records = records
  }

  public static func read(from file: URL) throws -> BenchmarkReport {
    try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }

  public func write(to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try (encoder.encode(self) + Data("\n".utf8)).write(to: file)
  }

  public var header: [String] {
    [
      "kernel", "native", "interpreter", "ratio", "eBPF", "per eBPF", "image", "load", "translate",
      "both per slot", "with values", "per slot", "correct",
    ]
  }

  /// One row for each kernel, and one for the mean.
  public var rows: [[String]] {
    var rows: [[String]] = []
    for native in records where native.engine == "native" {
      guard let it = records.first(where: { $0.kernel == native.kernel && $0.engine == "interpreter" }) else {
        continue
      }
      let executed = it.executed ?? 0
      let load = (it.loadInstructions ?? 0) + (it.translateInstructions ?? 0)
      let slots = (it.textBytes ?? 0) / 8
      rows.append([
        it.kernel, "\(native.instructions)", "\(it.instructions)", format(it.ratio), "\(executed)",
        format(Double(it.instructions) / Double(max(executed, 1))), "\(it.imageBytes ?? 0)",
        "\(it.loadInstructions ?? 0)", "\(it.translateInstructions ?? 0)",
        format(Double(load) / Double(max(slots, 1))), "\(it.verifyInstructions ?? 0)",
        format(Double(it.verifyInstructions ?? 0) / Double(max(slots, 1))),
        native.correct && it.correct ? "yes" : "NO",
      ])
    }
    if let mean = geometricMean(engine: "interpreter") {
      rows.append(header.map { $0 == "kernel" ? "geometric mean" : $0 == "ratio" ? format(mean) : "" })
    }
    return rows
  }

  /// Of the ratios to native; of the kernels that come in several sizes one counts, and the one that does nothing does
  /// not.
  public func geometricMean(engine: String) -> Double? {
    let ratios = records.filter { $0.engine == engine && Self.counts($0.kernel) }.map(\.ratio)
    guard !ratios.isEmpty else { return nil }
    return exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
  }

  private static func counts(_ kernel: String) -> Bool {
    kernel != "noop" && (!kernel.hasPrefix("fletcher16_") || kernel == "fletcher16_640")
  }

  private func format(_ number: Double) -> String { String(format: "%.2f", number) }
}
