import TestSupport
import Testing

@testable import Thumb2
@testable import Thumb2Text

/// A form of which no encoding is read as that form.
private struct NoOperands: Error {
  let form: Form
}

extension ThumbInstruction {
  /// One with operands by chance of which LLVM's assembler does not complain.
  fileprivate static func random(
    _ form: Form, using generator: inout Repeatable
  ) throws -> ThumbInstruction {
    let operands = form.layout.fields.all
    // Most operands are good ones; where none is, something is wrong with the table.
    for _ in 0..<1000 {
      let chance = UInt32.random(in: 0 ... .max, using: &generator)
      let encoding =
        form.layout == .reversed
        ? form.encoded(chance & 15, chance >> 4 & 15) : form.encoded() ^ chance & operands
      if let read = ThumbInstruction(encoding: encoding), read.form == form, read.isOrdinary { return read }
    }
    throw NoOperands(form: form)
  }

  /// Whether it has no register where that register is special, and none twice where they must differ.
  private var isOrdinary: Bool {
    let registers: [UInt32] =
      switch form.layout {
      case .immediate12, .bitField, .twoRegisters, .reversed, .memoryImmediate12, .memoryImmediate8:
        [a, b]
      case .compareImmediate12, .moveImmediate12, .immediate16, .bitFieldAlone, .oneRegister,
        .baseAndRegisters, .target:
        [a]
      case .shifted, .threeRegisters, .memoryRegister, .memoryPair: [a, b, c]
      case .compareShifted, .moveShifted: [a, b]
      case .fourRegisters, .longMultiply: [a, b, c, d]
      case .twoAny: [a, b]
      default: []
      }
    guard !registers.contains(13), !registers.contains(15) else { return false }
    return switch form.layout {
    case .longMultiply, .memoryPair: a != b
    default: true
    }
  }
}

@Suite(.enabled(if: LLVMTools.areWanted, "no clang with llvm-objdump beside it in PATH"))
struct LLVMTests {
  /// Assembles the code's text and compares both ways: what it is made into, and what that is read as.
  func compare(_ code: [UInt16], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let tools = try #require(LLVMTools.found)
    let lines = Disassembler().lines(of: code)
    let source = lines.map { line in
      guard let distance = line.instruction?.distance else { return line.text }
      // LLVM's assembler takes numbers of branches for distances.
      return line.text.replacing(/0x[0-9a-f]+$/, with: "#\(distance * 2)")
    }
    let theirs = try tools.disassembly(
      of: ".syntax unified\n.thumb\n" + source.joined(separator: "\n") + "\n", language: "assembler",
      target: "thumbv7em-none-eabi")
    try #require(theirs.count == lines.count, sourceLocation: sourceLocation)
    for (line, their) in zip(lines, theirs) {
      let code = their.code.compactMap { UInt16($0, radix: 16) }
      guard code != line.code || their.text != line.text else { continue }
      Issue.record("\(line): LLVM \(code) \(their.text)", sourceLocation: sourceLocation)
    }
  }

  @Test func `LLVM reads and writes every form with operands by chance as this module does`() throws {
    var generator = Repeatable(seed: 1)
    // What may stand behind IT: some of each kind.
    let conditional: [Form] = [
      .add, .addsRegister, .addsImmediate8, .movsImmediate, .rsbs, .muls, .mvns, .lsrsImmediate, .addWide,
      .mul,
      .ldrImmediate, .strRegisterWide, .cmpImmediate, .push,
    ]
    let instructions = try Form.allCases.flatMap { form in
      try (0..<40).flatMap { _ in
        var instructions = [try ThumbInstruction.random(form, using: &generator)]
        if form == .it { instructions.append(try .random(generator.pick(conditional), using: &generator)) }
        return instructions
      }
    }
    try compare(instructions.flatMap(\.halfwords))
  }

  /// Compares how both read code that need not mean anything.
  func compareReading(_ code: [[UInt16]], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let tools = try #require(LLVMTools.found)
    let source = code.map { halfwords in
      halfwords.count == 1
        ? ".inst.n \(halfwords[0])" : ".inst.w \(UInt32(halfwords[0]) << 16 | UInt32(halfwords[1]))"
    }
    let theirs = try tools.disassembly(
      of: ".syntax unified\n.thumb\n" + source.joined(separator: "\n") + "\n", language: "assembler",
      target: "thumbv7em-none-eabi")
    try #require(theirs.count == code.count, sourceLocation: sourceLocation)
    var address: UInt32 = 0
    for (halfwords, their) in zip(code, theirs) {
      let line = Disassembler().lines(of: halfwords, at: address)[0]
      address += UInt32(halfwords.count * 2)
      guard line.instruction != nil, line.text != their.text else { continue }
      Issue.record("\(line): LLVM \(their.text)", sourceLocation: sourceLocation)
    }
  }

  @Test func `what this module reads in 16 bits means the same to LLVM`() throws {
    // LLVM has names for two numbers of UDF, and knows IT for several instructions.
    let named: Set<UInt16> = [0xDEF9, 0xDEFE]
    let halfwords = (0..<UInt16(0xE800)).filter { !named.contains($0) && ($0 >> 8 != 0xBF || $0 & 15 == 0) }
    try compareReading(halfwords.map { [$0] })
  }

  @Test func `what this module reads in 32 bits by chance means the same to LLVM`() throws {
    var generator = Repeatable(seed: 2)
    let code = Form.allCases.filter(\.isWide).flatMap { form in
      let operands = form.layout.fields.all
      return (0..<100).map { _ in
        let encoding =
          form.rawValue & ~operands | UInt32.random(in: 0 ... .max, using: &generator) & operands
        return [UInt16(encoding >> 16), UInt16(encoding & 0xFFFF)]
      }
    }
    try compareReading(code)
  }
}

extension ThumbInstruction {
  var halfwords: [UInt16] {
    form.isWide ? [UInt16(encoding >> 16), UInt16(encoding & 0xFFFF)] : [UInt16(encoding)]
  }
}
