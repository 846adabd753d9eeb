import Toolchain

extension Verification {
  /// The program with what is known before each instruction and what is proven of it, then the judgement.
  ///
  /// Where one instruction follows the other only what has changed is told; where jumps lead, everything.
  public var text: String {
    var output: [String] = []
    var before: [String: String]?
    var source: SourceLine?
    for line in lines {
      if let label = line.label {
        output.append("\(label):")
        before = nil
      }
      if line.source != source, let next = line.source { output.append("; \(next)") }
      source = line.source
      let isRefused = line.index == refusal?.index
      if let state = line.state {
        let news = line.order.filter { isRefused || before?[$0] != state[$0] }.map {
          "\($0)=\(state[$0] ?? "")"
        }
        let lost = (before ?? [:]).keys.filter { state[$0] == nil }.sorted().map { "\($0) gone" }
        if !(news + lost).isEmpty {
          output.append("            \((news + lost).joined(separator: "  "))")
        }
      }
      before = line.state
      let text = "\(isRefused ? "-->" : "   ") \(Self.padded(line.index)): \(line.text)"
      output.append(
        line.proofs.isEmpty
          ? text : text + String(repeating: " ", count: max(2, 48 - text.count)) + "; \(line.proofs)")
    }
    if !lines.isEmpty { output.append("") }
    return (output + judgement).joined(separator: "\n")
  }

  private var judgement: [String] {
    guard let refusal else {
      let frames = maximumDepth ?? 1
      return [
        "accepted; \(frames) stack \(frames == 1 ? "frame" : "frames") at most; "
          + "\(accessesInBounds) of \(accesses) accesses proven in bounds, the others are checked when they run"
      ]
    }
    var lines = [
      "refused at instruction \(refusal.index): \(refusal.explanation) (\(refusal.rule), rule \(refusal.number))"
    ]
    if let source = refusal.source { lines.append("  source: \(source)") }
    // The first fact is the instruction.
    if refusal.facts.count > 1 {
      lines.append("  found:  \(refusal.facts.dropFirst().joined(separator: ", "))")
    }
    lines.append("  to do:  \(refusal.advice)")
    return lines
  }

  private static func padded(_ number: Int) -> String {
    let text = "\(number)"
    return String(repeating: " ", count: max(0, 5 - text.count)) + text
  }
}
