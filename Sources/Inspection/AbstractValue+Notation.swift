import BPF
import Verifier

extension AbstractValue {
  /// What is known, as short as it can be said: `5`, `0..64`, `-8..7`, `stack-16`, `ctx+0..60/4`, `any`.
  ///
  /// `/4` says that the numbers are 4 apart.
  var notation: String {
    let step = extent == 0 || shift == 0 ? "" : "/\(UInt64(1) << UInt64(shift))"
    return switch kind {
    case .uninitialised: "unset"
    case .indeterminate: "unwritten stack"
    case .any: extent == .max ? "any" : "any with low half \(Self.text(unsigned))\(step)"
    case .zeroExtended: extent == .max ? "32 bits" : "\(Self.text(unsigned))\(step)"
    case .signExtended: "\(Self.text(range.map { ($0.low, $0.high) } ?? unsigned))\(step)"
    case .shifted: "(\(Self.text(unsigned))\(step)) << 32"
    case .stack: "stack\(offset)\(step)"
    case .data: "data\(offset)\(step)"
    case .rodata: "rodata\(offset)\(step)"
    case .context: "ctx\(offset)\(step)"
    }
  }

  private var unsigned: (Int64, Int64) {
    let high = UInt64(low) + UInt64(extent)
    return high <= UInt64(UInt32.max) ? (Int64(low), Int64(high)) : (0, Int64(UInt32.max))
  }

  /// Of an address: `+0`, `-8`, `+0..60`, `-16..-8`.
  private var offset: String {
    guard let range else { return "" }
    if range.low <= Int64(Int32.min), range.high >= Int64(Int32.max) - 0xFFFF { return "+?" }
    return (range.low < 0 ? "" : "+") + Self.text((range.low, range.high))
  }

  private static func text(_ range: (Int64, Int64)) -> String {
    range.0 == range.1 ? "\(range.0)" : "\(range.0)..\(range.1)"
  }
}

extension AnalysisState {
  /// What is known, by the name of a register or of the eight bytes at an offset from r10: `r1`, `fp-8`. Registers that
  /// nothing was written to, and bytes of the stack that nothing is known about, are left out.
  var facts: [(name: String, value: String)] {
    var facts: [(String, String)] = []
    for register in Register.allCases where register != .r10 && self[register].kind != .uninitialised {
      facts.append(("\(register)", self[register].notation))
    }
    for index in (0..<64).reversed() where !slot(index).isUnknown {
      facts.append(("fp\(index * 8 - 512)", slot(index).notation))
    }
    return facts
  }
}

extension Proofs {
  /// In the words of a listing. Whether an access is proven is always said, as what is not costs a check each time.
  func notation(for operation: Operation) -> String {
    guard contains(.reachable) else { return "never runs" }
    var words: [String] = []
    if operation.accessSize != nil {
      words.append(contains(.inBounds) ? "in bounds" : "checked when it runs")
      if contains(.aligned) { words.append("aligned") }
    }
    let halves = [
      (Proofs.destinationFitsWord, "destination"), (.sourceFitsWord, "source"), (.resultFitsWord, "result"),
    ].filter { contains($0.0) }.map(\.1)
    if !halves.isEmpty { words.append("32 bits: \(halves.joined(separator: " "))") }
    if contains(.divisorNonZero) { words.append("divisor not 0") }
    return words.joined(separator: ", ")
  }
}
