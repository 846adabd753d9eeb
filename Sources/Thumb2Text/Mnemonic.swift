import Thumb2

extension Form {
  /// The mnemonic without its width: what the form's name starts with.
  var mnemonic: Substring {
    switch self {
    // These are notations for what the base register does.
    case .pushOne: "str"
    case .popOne: "ldr"
    default: "\(self)".prefix { !$0.isUppercase }[...]
    }
  }

  /// Whether LLVM writes `.w`: where an encoding of 16 bits takes the same operands.
  var hasWidthSuffix: Bool {
    switch self {
    case .rsbWide, .rsbsWide, .andConstant, .bicConstant, .orrConstant, .eorConstant, .mvnConstant,
      .adcConstant,
      .adcsConstant, .sbcConstant, .sbcsConstant:
      false
    case .movShifted, .movsShifted: true
    default: isWide && ("\(self)".hasSuffix("Wide") || "\(self)".hasSuffix("Constant"))
    }
  }

  /// Whether a 16-bit form sets the flags outside an IT block only, and so loses its `s` there.
  var setsFlagsOutsideBlock: Bool {
    switch self {
    case .lslsImmediate, .lsrsImmediate, .asrsImmediate, .addsRegister, .subsRegister, .addsImmediate3,
      .subsImmediate3, .movsImmediate, .addsImmediate8, .subsImmediate8, .ands, .eors, .lslsRegister,
      .lsrsRegister, .asrsRegister, .adcs, .sbcs, .rors, .rsbs, .orrs, .muls, .bics, .mvns:
      true
    default: false
    }
  }

  /// How many bytes one is in the offset of a 16-bit load or store.
  var offsetUnit: UInt32 {
    switch self {
    case .strbImmediate, .ldrbImmediate: 1
    case .strhImmediate, .ldrhImmediate: 2
    default: 4
    }
  }
}

extension CoreRegister {
  /// The register with this number in its lowest four bits.
  init(number: UInt32) {
    self = Self.allCases[Int(number & 15)]
  }
}

extension Condition {
  var mnemonic: String {
    switch self {
    case .equal: "eq"
    case .notEqual: "ne"
    case .higherOrSame: "hs"
    case .lower: "lo"
    case .negative: "mi"
    case .positiveOrZero: "pl"
    case .overflow: "vs"
    case .noOverflow: "vc"
    case .higher: "hi"
    case .lowerOrSame: "ls"
    case .greaterOrEqual: "ge"
    case .less: "lt"
    case .greater: "gt"
    case .lessOrEqual: "le"
    }
  }
}

extension ShiftType {
  var mnemonic: String {
    switch self {
    case .left: "lsl"
    case .right: "lsr"
    case .arithmeticRight: "asr"
    case .rotateRight: "ror"
    }
  }
}
