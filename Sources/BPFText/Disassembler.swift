import BPF
import Helpers

/// Writes instructions as text that `Assembler` reads back.
public struct Disassembler: Sendable {
  public let syntax: Syntax

  public init(syntax: Syntax) {
    self.syntax = syntax
  }

  /// An instruction as one line, with the name of a called helper as a comment.
  ///
  /// - Parameter next: what follows in the program: the other half of a wide load. A wide load without it, and an upper half by
  ///   itself, are written as the numbers of their slots.
  public func line(for instruction: Instruction, next: Instruction? = nil) -> String {
    line(for: instruction, next: next, target: nil)
  }

  /// A program with the index and the bytes of each slot, and a line with the name before each function and each target.
  ///
  /// - Parameters:
  ///   - instructions: one entry for each slot.
  ///   - functions: names by the index of a slot. Targets without one are called `L` and their index.
  public func listing(of instructions: [Instruction], functions: [Int: String] = [:]) -> [String] {
    let labels = labels(in: instructions, functions: functions)
    var lines: [String] = []
    for (index, instruction) in instructions.enumerated() {
      if let label = labels[index] { lines.append("\(label):") }
      let bytes = bytes(of: instruction.slot)
      let next = index + 1 < instructions.count ? instructions[index + 1] : nil
      let text =
        isUpperHalf(index, of: instructions)
        ? "" : "  \(line(for: instruction, next: next, target: target(of: instruction, at: index, labels)))"
      lines.append("\(padded(index, width: 6)): \(bytes)\(text)")
    }
    return lines
  }

  /// A program as text for `Assembler`, without indices and bytes.
  public func source(of instructions: [Instruction], functions: [Int: String] = [:]) -> [String] {
    let labels = labels(in: instructions, functions: functions)
    var lines: [String] = []
    for (index, instruction) in instructions.enumerated() where !isUpperHalf(index, of: instructions) {
      if let label = labels[index] { lines.append("\(label):") }
      let next = index + 1 < instructions.count ? instructions[index + 1] : nil
      lines.append(
        "  \(line(for: instruction, next: next, target: target(of: instruction, at: index, labels)))")
    }
    return lines
  }

  // MARK: Labels

  private func labels(in instructions: [Instruction], functions: [Int: String]) -> [Int: String] {
    var labels = functions
    for (index, instruction) in instructions.enumerated() {
      guard let target = instruction.target(at: index), instructions.indices.contains(target),
        !isUpperHalf(target, of: instructions), labels[target] == nil
      else { continue }
      labels[target] = "L\(target)"
    }
    return labels
  }

  private func target(of instruction: Instruction, at index: Int, _ labels: [Int: String]) -> String? {
    instruction.target(at: index).flatMap { labels[$0] }
  }

  /// Whether the slot belongs to the wide load before it.
  private func isUpperHalf(_ index: Int, of instructions: [Instruction]) -> Bool {
    index > 0 && instructions[index].operation == .wideUpperHalf && instructions[index - 1].operation.isWide
  }

  // MARK: Text

  private func line(for instruction: Instruction, next: Instruction?, target: String?) -> String {
    let operation = instruction.operation
    let forms = syntax.forms(of: operation)
    guard let form = forms.first(where: { $0.isLabelled == (target != nil) }) ?? forms.first,
      !operation.isWide || next?.operation == .wideUpperHalf
    else { return ".quad 0x\(hexadecimal(instruction.slot, digits: 16))" }
    let upper = UInt32(bitPattern: next?.immediate ?? 0)
    let wide = UInt64(upper) << 32 | UInt64(UInt32(bitPattern: instruction.immediate))
    let text = form.parts.map { part in
      switch part {
      case .literal(let text, _): text
      case .field(let field): self.text(of: field, instruction, wide: wide, target: target)
      }
    }.joined()
    guard operation == .callHelper, let number = UInt8(exactly: instruction.immediate),
      let helper = Helper(rawValue: number)
    else { return text }
    return "\(text)  # \(helper.signature.name)"
  }

  private func text(
    of field: Form.Field, _ instruction: Instruction, wide: UInt64, target: String?
  ) -> String {
    switch field {
    case .destination(let half): syntax.name(of: instruction.destination, half: half)
    case .source(let half): syntax.name(of: instruction.source, half: half)
    case .immediate: String(instruction.immediate)
    case .offset: displacement(Int(instruction.offset), isNeeded: syntax == .llvm)
    case .indexImmediate: displacement(Int(instruction.immediate), isNeeded: false)
    case .wide: "0x\(String(wide, radix: 16))"
    case .distance: signed(instruction.distance ?? 0)
    case .label: target ?? ""
    }
  }

  private func displacement(_ number: Int, isNeeded: Bool) -> String {
    if number == 0, !isNeeded { return "" }
    let space = syntax == .llvm ? " " : ""
    return "\(space)\(number < 0 ? "-" : "+")\(space)\(number.magnitude)"
  }
}

extension Instruction {
  /// The index of the slot that an instruction in slot `index` jumps to or calls.
  func target(at index: Int) -> Int? { distance.map { index + 1 + $0 } }
}

private func signed(_ number: Int) -> String { number < 0 ? String(number) : "+\(number)" }

private func hexadecimal(_ number: UInt64, digits: Int) -> String {
  let text = String(number, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}

private func padded(_ number: Int, width: Int) -> String {
  let text = String(number)
  return String(repeating: " ", count: max(0, width - text.count)) + text
}

/// The bytes of a slot in the order of memory.
private func bytes(of slot: UInt64) -> String {
  (0..<8).map { hexadecimal(slot >> ($0 * 8) & 0xFF, digits: 2) }.joined(separator: " ")
}
