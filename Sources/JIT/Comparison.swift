import Thumb2

/// What a conditional jump asks.
///
/// The tables of conditions stand in a file of their own, and what looks them up is not inlined: the linker keeps or drops the
/// constant data of a file as one, and the files of the generator hold copies of the assembler's tables besides.
struct Comparison {
  /// Bits 4 to 7 of the opcode.
  let code: UInt8

  init(opcode: UInt8) {
    code = opcode & 0xF0
  }

  private init(code: UInt8) {
    self.code = code
  }

  /// `nil` for whether some bit is set in both operands.
  var condition: Condition? {
    @inline(never) get {
      switch code {
      case 0x10: .equal
      case 0x20: .higher
      case 0x30: .higherOrSame
      case 0x40: nil
      case 0x50: .notEqual
      case 0x60: .greater
      case 0x70: .greaterOrEqual
      case 0xA0: .lower
      case 0xB0: .lowerOrSame
      case 0xC0: .less
      default: .lessOrEqual
      }
    }
  }

  var isEquality: Bool { code == 0x10 || code == 0x50 }

  /// The same without signs.
  var unsigned: Comparison {
    switch code {
    case 0x60: Comparison(code: 0x20)
    case 0x70: Comparison(code: 0x30)
    case 0xC0: Comparison(code: 0xA0)
    case 0xD0: Comparison(code: 0xB0)
    default: self
    }
  }

  /// Whether it is told from the borrow of the second operand minus the first.
  var needsExchange: Bool { code == 0x20 || code == 0x60 || code == 0xB0 || code == 0xD0 }

  /// What the borrow of the subtraction has to be.
  var borrowCondition: Condition {
    @inline(never) get {
      switch code {
      case 0x20, 0xA0: .lower
      case 0x30, 0xB0: .higherOrSame
      case 0x60, 0xC0: .less
      default: .greaterOrEqual
      }
    }
  }
}
