import BPF

/// A notation for instructions.
public enum Syntax: CaseIterable, Sendable {
  /// LLVM's: `r0 = *(u8 *)(r1 + 2)`. A `;` separates statements; a line that starts with one is a comment, as
  /// the source lines among LLVM's disassembly are.
  case llvm
  /// That of uBPF and of the public conformance suite: `ldxb %r0, [%r1+2]`. A `;` starts a comment.
  case classic
}

extension Syntax {
  /// How an operation is written: the first form without a label is the one to print, the one with a label
  /// stands in for it where the target has a name, and all are read. An operation without a form is written
  /// as the number of its slot.
  func forms(of operation: Operation) -> [Form] { table.byOperation[operation] ?? [] }

  /// The forms that a statement with this first token can have.
  func forms(startingWith token: Token.Kind) -> [(operation: Operation, form: Form)] {
    var forms = table.byFirstToken[token] ?? []
    if case .word(let name) = token, isRegister(name) { forms += table.startingWithRegister }
    return forms
  }

  private var table: FormTable { self == .llvm ? Self.llvmTable : Self.classicTable }

  private static let llvmTable = FormTable { $0.llvmForms }
  private static let classicTable = FormTable { $0.classicForms }
}

/// Every form of a syntax, made once from the operations' patterns.
private struct FormTable {
  private(set) var byOperation: [Operation: [Form]] = [:]
  private(set) var byFirstToken: [Token.Kind: [(operation: Operation, form: Form)]] = [:]
  private(set) var startingWithRegister: [(operation: Operation, form: Form)] = []

  init(patterns: (Operation) -> [String]) {
    for operation in Operation.allCases {
      for form in patterns(operation).map(Form.init) {
        byOperation[operation, default: []].append(form)
        if case .literal(_, let kinds) = form.parts.first, let first = kinds.first {
          byFirstToken[first, default: []].append((operation, form))
        } else {
          startingWithRegister.append((operation, form))
        }
      }
    }
  }
}

extension Operation {
  /// The upper four bits of the opcode, which number the operations of arithmetic and of jumps. RFC 9669
  /// §4.1, §4.3
  var code: Int { Int(opcode >> 4) }

  /// Whether this is the variant of a division or a remainder that takes its operands as signed.
  var isSignedDivision: Bool {
    let isDivision = opcode & 0xF0 == 0x30 || opcode & 0xF0 == 0x90
    return isDivision && (instructionClass == .alu || instructionClass == .alu64) && variant == 1
  }

  /// Bits of the operand that a sign-extending move takes; `nil` for everything else.
  var signExtendedBits: UInt8? {
    let isMove = opcode & 0xF0 == 0xB0 && (instructionClass == .alu || instructionClass == .alu64)
    return isMove && variant != 0 ? variant : nil
  }

  /// Whether the instruction is a load that extends the sign.
  var isSignedLoad: Bool { instructionClass == .ldx && opcode & 0xE0 == 0x80 }

  /// Bytes that a load, a store, an atomic operation or a packet access touches. RFC 9669 §5
  var width: Int {
    switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  /// The target of a jump or of a local call as a distance, then as a label.
  static var targets: [String] { ["{t}", "{l}"] }
}
