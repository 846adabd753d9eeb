import Thumb2

/// Writes Thumb-2 instructions as `llvm-objdump --no-print-imm-hex` does.
public struct Disassembler: Sendable {
  /// A piece of code: an instruction, or what takes its room without being one that is known.
  public struct Line: Equatable, Sendable {
    /// Bytes from the start of what the code's addresses count from.
    public let address: UInt32
    public let code: [UInt16]
    public let text: String
    /// `nil` for what is none.
    public let instruction: ThumbInstruction?
  }

  public init() {}

  /// Code as one entry for each instruction. What is not in the table is written as the numbers of its halfwords.
  ///
  /// - Parameters:
  ///   - code: halfwords in the order of memory.
  ///   - address: of the first, which targets of branches are counted from.
  /// - Returns: the lines, without gaps.
  public func lines(of code: [UInt16], at address: UInt32 = 0) -> [Line] {
    var lines: [Line] = []
    var position = 0
    var condition: Condition?
    while position < code.count {
      let place = address &+ UInt32(truncatingIfNeeded: position * 2)
      let instruction = ThumbInstruction(decoding: code.span, at: position)
      let size = UInt32(code[position]) < ThumbInstruction.firstOfWide ? 1 : 2
      let end = min(position + size, code.count)
      let halfwords = Array(code[position..<end])
      let text =
        instruction.map { line(for: $0, at: place, under: condition) }
        ?? ".short \(halfwords.map { hexadecimal(UInt32($0)) }.joined(separator: ", "))"
      lines.append(Line(address: place, code: halfwords, text: text, instruction: instruction))
      condition = instruction.flatMap { $0.form == .it ? Condition(rawValue: UInt8($0.a)) : nil }
      position = end
    }
    return lines
  }

  /// An instruction as one line, without white space around it.
  ///
  /// - Parameters:
  ///   - instruction: what to write.
  ///   - address: of its first byte, which a branch's target is counted from.
  ///   - condition: what an IT instruction before it says.
  /// - Returns: the line.
  public func line(
    for instruction: ThumbInstruction, at address: UInt32 = 0, under condition: Condition? = nil
  ) -> String {
    let operands = operands(of: instruction, at: address).joined(separator: ", ")
    let name = name(of: instruction, under: condition)
    return operands.isEmpty ? name : "\(name) \(operands)"
  }

  // MARK: Mnemonics

  private func name(of instruction: ThumbInstruction, under condition: Condition?) -> String {
    let form = instruction.form
    var name = String(form.mnemonic)
    var suffix = form.hasWidthSuffix ? ".w" : ""
    switch form {
    case .lslsImmediate where instruction.c == 0: name = "movs"
    case .movShifted, .movsShifted:
      let shift = Shift(instruction.c)
      if let mnemonic = shift.mnemonic { name = mnemonic + (form == .movsShifted ? "s" : "") }
      if shift == .rotateRightExtended { suffix = "" }
    case .addw where instruction.b == 15, .subw where instruction.b == 15: (name, suffix) = ("adr", ".w")
    case .bConditional, .bConditionalWide: name += mnemonic(ofCondition: instruction.a)
    default: break
    }
    if let condition {
      if form.setsFlagsOutsideBlock { name.removeLast() }
      name += condition.mnemonic
    }
    return name + suffix
  }

  private func mnemonic(ofCondition number: UInt32) -> String {
    Condition(rawValue: UInt8(truncatingIfNeeded: number))?.mnemonic ?? "al"
  }

  // MARK: Operands

  private func operands(of instruction: ThumbInstruction, at address: UInt32) -> [String] {
    let (form, a, b, c, d) = (
      instruction.form, instruction.a, instruction.b, instruction.c, instruction.d
    )
    switch form.layout {
    case .threeLow, .twoLowImmediate5, .lowImmediate8, .twoLow, .twoAny, .target, .immediate7, .immediate8,
      .lowRegisters, .ifThen, .none:
      return narrowOperands(of: instruction)

    case .compareAndBranch: return [register(a), target(of: instruction, at: address)]
    case .conditionalBranch, .branch, .wideConditionalBranch, .wideBranch:
      return [target(of: instruction, at: address)]

    case .immediate12 where (form == .addw || form == .subw) && b == 15:
      return [register(a), form == .addw ? number(c) : "#-\(c)"]
    case .immediate12:
      return [register(a), register(b), form == .addw || form == .subw ? number(c) : constant(c)]
    case .compareImmediate12, .moveImmediate12: return [register(a), constant(b)]
    case .immediate16: return [register(a), number(b)]
    case .bitField where form == .bfi: return [register(a), register(b), number(c), number(d &- c &+ 1)]
    case .bitField: return [register(a), register(b), number(c), number(d + 1)]
    case .bitFieldAlone: return [register(a), number(c), number(d &- c &+ 1)]

    case .shifted: return [register(a), register(b), register(c)] + Shift(d).operand
    case .compareShifted: return [register(a), register(b)] + Shift(c).operand
    case .moveShifted where form == .mvnWide: return [register(a), register(b)] + Shift(c).operand
    case .moveShifted: return [register(a), register(b)] + Shift(c).distance

    case .threeRegisters: return [register(a), register(b), register(c)]
    case .twoRegisters, .reversed: return [register(a), register(b)]
    case .fourRegisters, .longMultiply: return [register(a), register(b), register(c), register(d)]

    case .memoryImmediate12: return [register(a), memory(b, plus: c)]
    case .memoryImmediate8: return [register(a), "[\(register(b)), #-\(c)]"]
    case .memoryRegister:
      return [register(a), "[\(register(b)), \(register(c))\(d == 0 ? "" : ", lsl #\(d)")]"]
    case .memoryPair where form == .ldrdMinus || form == .strdMinus:
      return [register(a), register(b), "[\(register(c)), #-\(d * 4)]"]
    case .memoryPair: return [register(a), register(b), memory(c, plus: d * 4)]
    case .registers: return [list(of: a)]
    case .oneRegister: return [register(a), form == .pushOne ? "[sp, #-4]!" : "[sp], #4"]
    case .baseAndRegisters: return [register(a), list(of: b)]
    }
  }

  private func narrowOperands(of instruction: ThumbInstruction) -> [String] {
    let (form, a, b, c) = (instruction.form, instruction.a, instruction.b, instruction.c)
    switch (form.layout, form) {
    case (.threeLow, .addsImmediate3), (.threeLow, .subsImmediate3):
      return [register(a), register(b), number(c)]
    case (.threeLow, .addsRegister), (.threeLow, .subsRegister):
      return [register(a), register(b), register(c)]
    case (.threeLow, _): return [register(a), "[\(register(b)), \(register(c))]"]
    case (.twoLowImmediate5, .lslsImmediate) where c == 0: return [register(a), register(b)]
    case (.twoLowImmediate5, .lslsImmediate): return [register(a), register(b), number(c)]
    case (.twoLowImmediate5, .lsrsImmediate), (.twoLowImmediate5, .asrsImmediate):
      return [register(a), register(b), number(c == 0 ? 32 : c)]
    case (.twoLowImmediate5, _): return [register(a), memory(b, plus: c * form.offsetUnit)]
    case (.lowImmediate8, .strStack), (.lowImmediate8, .ldrStack):
      return [register(a), memory(13, plus: b * 4)]
    case (.lowImmediate8, .addStack): return [register(a), "sp", number(b * 4)]
    case (.lowImmediate8, _): return [register(a), number(b)]
    case (.twoLow, .rsbs): return [register(a), register(b), "#0"]
    case (.twoLow, .muls): return [register(a), register(b), register(a)]
    case (.twoAny, .add) where b == 13: return [register(a), "sp", register(a)]
    case (.twoLow, _), (.twoAny, _): return [register(a), register(b)]
    case (.target, _): return [register(a)]
    case (.immediate7, _): return ["sp", number(a * 4)]
    case (.lowRegisters, _): return [list(of: a & 0xFF | (a & 0x100) << (form == .push ? 6 : 7))]
    case (.ifThen, _): return [mnemonic(ofCondition: a)]
    case (.immediate8, _): return [number(a)]
    default: return []
    }
  }

  private func register(_ number: UInt32) -> String { "\(CoreRegister(number: number))" }

  private func number(_ number: UInt32) -> String { "#\(number)" }

  private func constant(_ bits: UInt32) -> String { number(ImmediateConstant(bits: bits).value) }

  private func memory(_ base: UInt32, plus offset: UInt32) -> String {
    offset == 0 ? "[\(register(base))]" : "[\(register(base)), #\(offset)]"
  }

  private func list(of registers: UInt32) -> String {
    let names = (0..<16).filter { registers >> $0 & 1 == 1 }.map { register($0) }
    return "{\(names.joined(separator: ", "))}"
  }

  private func target(of instruction: ThumbInstruction, at address: UInt32) -> String {
    let bytes = UInt32(truncatingIfNeeded: (instruction.distance ?? 0) * 2 + 4)
    return hexadecimal(address &+ bytes)
  }

  private func hexadecimal(_ number: UInt32) -> String { "0x\(String(number, radix: 16))" }
}

/// What happens to a register operand. Arm ARM A7.4.2
private enum Shift: Equatable {
  case none
  case by(ShiftType, UInt32)
  case rotateRightExtended

  /// Reads the operand of an encoding: the type in bits 0 and 1, the distance above.
  init(_ bits: UInt32) {
    let type = ShiftType.allCases[Int(bits & 3)]
    switch (type, bits >> 2) {
    case (.left, 0): self = .none
    case (.rotateRight, 0): self = .rotateRightExtended
    case (_, 0): self = .by(type, 32)
    case (_, let distance): self = .by(type, distance)
    }
  }

  var mnemonic: String? {
    switch self {
    case .none: nil
    case .by(let type, _): type.mnemonic
    case .rotateRightExtended: "rrx"
    }
  }

  /// As the last operand of an instruction, if any.
  var operand: [String] {
    switch self {
    case .none: []
    case .by(let type, let distance): ["\(type.mnemonic) #\(distance)"]
    case .rotateRightExtended: ["rrx"]
    }
  }

  /// As the last operand of an instruction that is named after the shift.
  var distance: [String] {
    if case .by(_, let distance) = self { ["#\(distance)"] } else { [] }
  }
}
