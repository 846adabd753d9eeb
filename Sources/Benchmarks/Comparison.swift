/// How the figures of one run of the benchmarks differ from those of another.
public struct BenchmarkComparison: Codable, Sendable {
  /// A figure that is another one now. Less is better for all of them.
  public struct Change: Codable, Equatable, Sendable {
    /// The kernel; `threads` or `firmware` for figures that belong to none.
    public let kernel: String
    /// The engine, or the part of the firmware.
    public let engine: String
    /// Which figure, as it is called in the saved file.
    public let figure: String
    public let old, new: Int
    /// By how much it has grown, in percent; negative when it has shrunk. From nothing, each unit counts as 100.
    public let percent: Double

    init(_ name: FigureName, old: Int, new: Int) {
      kernel = name.kernel
      engine = name.engine
      figure = name.figure
      self.old = old
      self.new = new
      percent = Double(new - old) / Double(max(old, 1)) * 100
    }
  }

  /// The geometric mean of the ratios to native code.
  public struct Mean: Codable, Equatable, Sendable {
    public let engine: String
    public let old, new: Double
  }

  /// What has shrunk by the threshold at least, most first.
  public let better: [Change]
  /// What has grown by the threshold at least, most first.
  public let worse: [Change]
  /// Kernels and engines whose result was right and is wrong now, `kernel/engine`.
  public let broken: [String]
  /// Figures that only one of the runs has, `kernel/engine/figure`.
  public let removed, added: [String]
  public let means: [Mean]
  /// How many figures both runs have.
  public let compared: Int

  /// Compares two runs.
  ///
  /// - Parameters:
  ///   - old: the earlier one.
  ///   - new: the later one.
  ///   - threshold: changes of fewer percent are not listed.
  public init(_ old: BenchmarkReport, _ new: BenchmarkReport, threshold: Double = 0) {
    let before = old.figures
    let after = new.figures
    let names = after.keys.sorted()
    let changes = names.compactMap { name in
      before[name].map { Change(name, old: $0, new: after[name] ?? 0) }
    }.filter { $0.old != $0.new && abs($0.percent) >= threshold }
    better = changes.filter { $0.percent < 0 }.sorted { $0.percent < $1.percent }
    worse = changes.filter { $0.percent > 0 }.sorted { $0.percent > $1.percent }
    broken = new.records.filter { record in
      !record.correct && old.record(record.kernel, record.engine)?.correct == true
    }.map { "\($0.kernel)/\($0.engine)" }
    added = names.filter { before[$0] == nil }.map(\.description)
    removed = before.keys.sorted().filter { after[$0] == nil }.map(\.description)
    means = BenchmarkReport.engines.compactMap { engine in
      guard let old = old.geometricMean(engine: engine), let new = new.geometricMean(engine: engine) else {
        return nil
      }
      return Mean(engine: engine, old: old, new: new)
    }
    compared = names.count - added.count
  }

  /// Whether something broke, or grew by more than so many percent.
  public func fails(above percent: Double) -> Bool {
    !broken.isEmpty || worse.contains { $0.percent > percent }
  }

  public static let header = ["", "kernel", "engine", "figure", "old", "new", "change"]

  /// One row for each change.
  public var rows: [[String]] {
    func row(_ verdict: String, _ change: Change) -> [String] {
      let sign = change.percent > 0 ? "+" : ""
      return [
        verdict, change.kernel, change.engine, change.figure, "\(change.old)", "\(change.new)",
        sign + BenchmarkReport.format(change.percent, digits: 1) + " %",
      ]
    }
    return worse.map { row("worse", $0) } + better.map { row("better", $0) }
  }

  /// What it comes to, in a few lines.
  public var summary: [String] {
    var lines = means.map { mean in
      "\(mean.engine): \(BenchmarkReport.format(mean.old)) times native before, "
        + "\(BenchmarkReport.format(mean.new)) now"
    }
    if !broken.isEmpty { lines.append("wrong now: " + broken.joined(separator: ", ")) }
    if !removed.isEmpty { lines.append("\(removed.count) figures are gone, \(removed[0]) the first") }
    if !added.isEmpty { lines.append("\(added.count) figures are new, \(added[0]) the first") }
    lines.append("\(worse.count) worse, \(better.count) better, of \(compared) figures")
    return lines
  }
}

/// Which figure it is.
struct FigureName: Hashable, Comparable, CustomStringConvertible {
  let kernel, engine, figure: String

  var description: String { "\(kernel)/\(engine)/\(figure)" }

  static func < (one: FigureName, other: FigureName) -> Bool {
    (one.kernel, one.engine, one.figure) < (other.kernel, other.engine, other.figure)
  }
}

extension BenchmarkReport {
  /// Every figure of which less is better.
  var figures: [FigureName: Int] {
    var figures: [FigureName: Int] = [:]
    for record in records {
      func add(_ figure: String, _ number: Int?) {
        figures[FigureName(kernel: record.kernel, engine: record.engine, figure: figure)] = number
      }
      if record.correct { add("instructions", record.instructions) }
      add("code_bytes", record.codeBytes)
      add("text_bytes", record.textBytes)
      add("load_instructions", record.loadInstructions)
      // The compiled engines repeat the interpreter's figures of what comes before the engine.
      if record.engine == "interpreter" {
        add("image_bytes", record.imageBytes)
        add("verify_instructions", record.verifyInstructions)
      }
      add("translate_instructions", record.translateInstructions)
      add("compile_instructions", record.compileInstructions)
      add("checked_accesses", record.checkedAccesses)
      add("memory_bytes", record.memoryBytes)
      for (layout, bytes) in record.layoutBytes ?? [:] { add("layout_bytes.\(layout)", bytes) }
    }
    for (figure, number) in threads ?? [:] {
      figures[FigureName(kernel: "threads", engine: "", figure: figure)] = number
    }
    for part in firmware?.parts ?? [] {
      figures[FigureName(kernel: "firmware", engine: part.name, figure: "flash")] = part.flash
      figures[FigureName(kernel: "firmware", engine: part.name, figure: "ram")] = part.ram
    }
    return figures
  }
}
