public import Foundation

/// Everything that was measured, to be kept and printed.
public struct BenchmarkReport: Codable, Sendable {
  public var records: [BenchmarkRecord]
  /// What threads cost: `helper_call` and `switch` in instructions, `thread_bytes`. `nil` when it was not measured.
  public var threads: [String: Int]?
  /// Flash and RAM of the firmware, part by part. `nil` when it was not measured.
  public var firmware: FirmwareSize?

  public init(records: [BenchmarkRecord], threads: [String: Int]? = nil, firmware: FirmwareSize? = nil) {
    self.records = records
    self.threads = threads
    self.firmware = firmware
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
      "kernel", "native", "interpreter", "ratio", "checked", "ratio", "hardware", "ratio", "text", "code",
      "code", "load", "verify", "compile", "correct",
    ]
  }

  /// One row for each kernel, and one for the means.
  public var rows: [[String]] {
    var rows: [[String]] = []
    for native in records where native.engine == "native" {
      let engines = Self.engines.map { engine in
        records.first { $0.kernel == native.kernel && $0.engine == engine }
      }
      guard let it = engines[0], let checked = engines[1], let hardware = engines[2] else { continue }
      let load = (it.loadInstructions ?? 0) + (it.translateInstructions ?? 0)
      let slots = max((it.textBytes ?? 0) / 8, 1)
      var row = [it.kernel, "\(native.instructions)"]
      for record in [it, checked, hardware] { row += ["\(record.instructions)", format(record.ratio)] }
      row += [
        "\(it.textBytes ?? 0)", "\(checked.codeBytes ?? 0)", "\(hardware.codeBytes ?? 0)",
        format(Double(load) / Double(slots)),
        format(Double(it.verifyInstructions ?? 0) / Double(slots)),
        format(Double(hardware.compileInstructions ?? 0) / Double(slots)),
        ([native] + engines.compactMap { $0 }).allSatisfy(\.correct) ? "yes" : "NO",
      ]
      rows.append(row)
    }
    let means = Self.engines.compactMap { geometricMean(engine: $0) }
    if means.count == Self.engines.count {
      rows.append(
        ["geometric mean", ""] + means.flatMap { ["", format($0)] } + ["", "", "", "", "", "", ""])
    }
    return rows
  }

  static let engines = ["interpreter", "jit-checked", "jit-hardware"]

  /// Of the ratios to native; of the kernels that come in several sizes one counts, and the one that does nothing does
  /// not.
  public func geometricMean(engine: String) -> Double? {
    Self.geometricMean(records.filter { $0.engine == engine && Self.counts($0.kernel) }.map(\.ratio))
  }

  static func geometricMean(_ ratios: [Double]) -> Double? {
    guard !ratios.isEmpty else { return nil }
    return exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
  }

  /// Whether the kernel is part of the means.
  static func counts(_ kernel: String) -> Bool {
    kernel != "noop" && (!kernel.hasPrefix("fletcher16_") || kernel == "fletcher16_640")
  }

  func record(_ kernel: String, _ engine: String) -> BenchmarkRecord? {
    records.first { $0.kernel == kernel && $0.engine == engine }
  }

  static func format(_ number: Double, digits: Int = 2) -> String {
    String(format: "%.\(digits)f", number)
  }

  private func format(_ number: Double) -> String { Self.format(number) }
}
