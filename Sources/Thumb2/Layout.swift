/// Where the operands of an encoding stand. Operands are named in the order of assembly language: `a, b, c, d`.
public enum Layout: UInt8, Sendable {
  // 16 bits
  /// Three low registers, or two and a number of 3 bits.
  case threeLow
  /// Rd or Rt, Rm or Rn, a number of 5 bits.
  case twoLowImmediate5
  /// Rd or Rt in bits 8 to 10, a number of 8 bits.
  case lowImmediate8
  /// Rdn and Rm, low registers.
  case twoLow
  /// Rdn and Rm, any registers.
  case twoAny
  /// Rm, any register, in bits 3 to 6.
  case target
  /// A number of 7 bits.
  case immediate7
  /// A number of 8 bits.
  case immediate8
  /// A set of low registers, bit 8 for lr or pc.
  case lowRegisters
  /// Rn and how far to jump, in halfwords: 6 bits.
  case compareAndBranch
  /// Condition, and how far to jump in halfwords, with a sign: 8 bits.
  case conditionalBranch
  /// How far to jump in halfwords, with a sign: 11 bits.
  case branch
  /// Condition of one instruction, the next.
  case ifThen
  case none

  // 32 bits
  /// Rd, Rn, and 12 bits in three pieces.
  case immediate12
  /// Rn and 12 bits in three pieces.
  case compareImmediate12
  /// Rd and 12 bits in three pieces.
  case moveImmediate12
  /// Rd and 16 bits in four pieces.
  case immediate16
  /// Rd, Rn, lowest bit, and 5 bits more.
  case bitField
  /// Rd, nothing, lowest bit, highest bit.
  case bitFieldAlone
  /// Rd, Rn, Rm, shift.
  case shifted
  /// Rn, Rm, shift.
  case compareShifted
  /// Rd, Rm, shift.
  case moveShifted
  /// Rd, Rn, Rm.
  case threeRegisters
  /// Rd, Rm.
  case twoRegisters
  /// Rd, Rm, which stands twice.
  case reversed
  /// Rd, Rn, Rm, Ra.
  case fourRegisters
  /// RdLo, RdHi, Rn, Rm.
  case longMultiply
  /// Rt, Rn, a number of 12 bits.
  case memoryImmediate12
  /// Rt, Rn, a number of 8 bits.
  case memoryImmediate8
  /// Rt, Rn, Rm, by how many bits it is shifted to the left.
  case memoryRegister
  /// Rt, Rt2, Rn, a number of words.
  case memoryPair
  /// A set of registers.
  case registers
  /// Rt.
  case oneRegister
  /// Rn, a set of registers.
  case baseAndRegisters
  /// Condition, how far to jump in halfwords, with a sign: 20 bits.
  case wideConditionalBranch
  /// How far to jump in halfwords, with a sign: 24 bits.
  case wideBranch
}

extension Form {
  public var layout: Layout {
    switch self {
    case .addsRegister, .subsRegister, .addsImmediate3, .subsImmediate3, .strRegister, .strhRegister,
      .strbRegister, .ldrsbRegister, .ldrRegister, .ldrhRegister, .ldrbRegister, .ldrshRegister:
      .threeLow
    case .lslsImmediate, .lsrsImmediate, .asrsImmediate, .strImmediate, .ldrImmediate, .strbImmediate,
      .ldrbImmediate, .strhImmediate, .ldrhImmediate:
      .twoLowImmediate5
    case .movsImmediate, .cmpImmediate, .addsImmediate8, .subsImmediate8, .strStack, .ldrStack, .addStack:
      .lowImmediate8
    case .ands, .eors, .lslsRegister, .lsrsRegister, .asrsRegister, .adcs, .sbcs, .rors, .tst, .rsbs,
      .cmpRegister, .cmn, .orrs, .muls, .bics, .mvns, .sxth, .sxtb, .uxth, .uxtb, .rev, .rev16:
      .twoLow
    case .add, .cmpHigh, .mov: .twoAny
    case .bx, .blx: .target
    case .addToStack, .subFromStack: .immediate7
    case .udf, .svc: .immediate8
    case .push, .pop: .lowRegisters
    case .cbz, .cbnz: .compareAndBranch
    case .bConditional: .conditionalBranch
    case .b: .branch
    case .it: .ifThen
    case .nop: .none
    case .popWide, .pushWide: .registers
    case .popOne, .pushOne: .oneRegister
    case .ldmWide: .baseAndRegisters
    case .strdMinus, .ldrdMinus, .strd, .ldrd: .memoryPair
    case .andWide, .bicWide, .orrWide, .orrsWide, .eorWide, .addWide, .addsWide, .adcWide, .adcsWide,
      .sbcWide, .sbcsWide, .subWide, .subsWide, .rsbWide, .rsbsWide:
      .shifted
    case .tstWide, .cmnWide, .cmpWide: .compareShifted
    case .movShifted, .movsShifted, .mvnWide: .moveShifted
    case .andConstant, .bicConstant, .orrConstant, .eorConstant, .addConstant, .addsConstant, .adcConstant,
      .adcsConstant, .sbcConstant, .sbcsConstant, .subConstant, .subsConstant, .rsbConstant, .rsbsConstant,
      .addw, .subw:
      .immediate12
    case .tstConstant, .cmnConstant, .cmpConstant: .compareImmediate12
    case .movConstant, .mvnConstant: .moveImmediate12
    case .movw, .movt: .immediate16
    case .sbfx, .ubfx, .bfi: .bitField
    case .bfc: .bitFieldAlone
    case .bConditionalWide: .wideConditionalBranch
    case .bWide, .bl: .wideBranch
    case .strbRegisterWide, .ldrbRegisterWide, .strhRegisterWide, .ldrhRegisterWide, .strRegisterWide,
      .ldrRegisterWide, .ldrsbRegisterWide, .ldrshRegisterWide:
      .memoryRegister
    case .strbMinus, .ldrbMinus, .strhMinus, .ldrhMinus, .strMinus, .ldrMinus, .ldrsbMinus, .ldrshMinus:
      .memoryImmediate8
    case .strbImmediateWide, .ldrbImmediateWide, .strhImmediateWide, .ldrhImmediateWide, .strImmediateWide,
      .ldrImmediateWide, .ldrsbImmediateWide, .ldrshImmediateWide:
      .memoryImmediate12
    case .lslWide, .lsrWide, .asrWide, .rorWide, .mul, .sdiv, .udiv: .threeRegisters
    case .sxthWide, .uxthWide, .sxtbWide, .uxtbWide: .twoRegisters
    case .revWide, .rev16Wide: .reversed
    case .mla, .mls: .fourRegisters
    case .smull, .umull, .umlal: .longMultiply
    }
  }
}

extension Form {
  /// The encoding with its operands in place, as `layout` says: registers by number, numbers in the unit of the encoding,
  /// only as many bits of each as there is room for.
  ///
  /// The operands fit; the caller has seen to that by choosing the form.
  @inline(never)
  public func encoded(_ a: UInt32 = 0, _ b: UInt32 = 0, _ c: UInt32 = 0, _ d: UInt32 = 0) -> UInt32 {
    let operands: UInt32 =
      switch layout {
      case .threeLow, .twoLowImmediate5: a | b << 3 | c << 6
      case .lowImmediate8: a << 8 | b
      case .twoLow: a | b << 3
      case .twoAny: a & 7 | (a & 8) << 4 | b << 3
      case .target: a << 3
      case .immediate7, .immediate8, .lowRegisters, .registers: a
      case .compareAndBranch: a | (b & 0x1F) << 3 | (b & 0x20) << 4
      case .conditionalBranch: a << 8 | b & 0xFF
      case .branch: a & 0x7FF
      case .ifThen: a << 4
      case .none: 0
      case .immediate12: a << 8 | b << 16 | spread(c)
      case .compareImmediate12: a << 16 | spread(b)
      case .moveImmediate12: a << 8 | spread(b)
      case .immediate16: a << 8 | (b & 0xF000) << 4 | spread(b & 0xFFF)
      case .bitField: a << 8 | b << 16 | (c & 0x1C) << 10 | (c & 3) << 6 | d
      case .bitFieldAlone: a << 8 | (c & 0x1C) << 10 | (c & 3) << 6 | d
      case .shifted: a << 8 | b << 16 | c | spreadShift(d)
      case .compareShifted: a << 16 | b | spreadShift(c)
      case .moveShifted: a << 8 | b | spreadShift(c)
      case .threeRegisters: a << 8 | b << 16 | c
      case .twoRegisters: a << 8 | b
      case .reversed: a << 8 | b | b << 16
      case .fourRegisters: a << 8 | b << 16 | c | d << 12
      case .longMultiply: a << 12 | b << 8 | c << 16 | d
      case .memoryImmediate12, .memoryImmediate8: a << 12 | b << 16 | c
      case .memoryRegister: a << 12 | b << 16 | c | d << 4
      case .memoryPair: a << 12 | b << 8 | c << 16 | d
      case .oneRegister: a << 12
      case .baseAndRegisters: a << 16 | b
      case .wideConditionalBranch:
        (a & 15) << 22 | (b & 0x7FF) | (b & 0x1_F800) << 5 | (b & 0x2_0000) >> 4 | (b & 0x4_0000) >> 7
          | (b & 0x8_0000) << 7
      case .wideBranch:
        (a & 0x7FF) | (a & 0x1F_F800) << 5 | (~(a ^ a >> 2) & 0x20_0000) >> 10
          | (~(a ^ a >> 1) & 0x40_0000) >> 9 | (a & 0x80_0000) << 3
      }
    return rawValue | operands
  }

  /// Bits 11, 10 to 8 and 7 to 0 go to 26, 14 to 12 and 7 to 0. Arm ARM A5.3.1
  private func spread(_ bits: UInt32) -> UInt32 {
    bits & 0xFF | (bits & 0x700) << 4 | (bits & 0x800) << 15
  }

  /// The shift's type in bits 0 and 1, its distance above: to 4 and 5, the distance to 6, 7 and 12 to 14.
  private func spreadShift(_ bits: UInt32) -> UInt32 {
    (bits & 3) << 4 | (bits & 0xC) << 4 | (bits & 0x70) << 8
  }
}
