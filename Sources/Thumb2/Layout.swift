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

extension Layout {
  /// Where each operand goes. From the lowest byte up for `a`, `b`, `c` and `d`: how far it is shifted to the left; in the
  /// highest four bits a `Piece`. Constant data in the order of the cases.
  fileprivate static let placements: InlineArray<37, UInt32> = [
    0x00_06_03_00, 0x00_06_03_00, 0x00_00_00_08, 0x00_00_03_00, 0x10_00_03_00, 0x00_00_00_03, 0x00_00_00_00,
    0x00_00_00_00, 0x00_00_00_00, 0x80_00_00_00, 0x90_00_00_00, 0xA0_00_00_00, 0x00_00_00_04, 0x00_00_00_00,
    0x20_00_10_08, 0x30_00_00_10, 0x30_00_00_08, 0x30_00_00_08, 0x60_00_10_08, 0x60_00_10_08, 0x40_00_10_08,
    0x50_00_00_10, 0x50_00_00_08, 0x00_00_10_08, 0x00_00_00_08, 0x70_00_00_08, 0x0C_00_10_08, 0x00_10_08_0C,
    0x00_00_10_0C, 0x00_00_10_0C, 0x04_00_10_0C, 0x00_10_08_0C, 0x00_00_00_00, 0x00_00_00_0C, 0x00_00_00_10,
    0xB0_00_00_00, 0xC0_00_00_00,
  ]

  /// What is done with the operands of some layouts besides shifting them.
  fileprivate enum Piece {
    /// Bit 3 of `a` stands apart.
    static var highBit: UInt32 { 1 }
    /// `c`, or `b`, is a number in pieces.
    static var number: UInt32 { 2 }
    static var secondNumber: UInt32 { 3 }
    /// `d`, or `c`, is a shift.
    static var shift: UInt32 { 4 }
    static var thirdShift: UInt32 { 5 }
    /// `c` is the lowest bit of a field, which stands where the distance of a shift does.
    static var lowestBit: UInt32 { 6 }
    /// `b` stands twice.
    static var twice: UInt32 { 7 }
    /// From here on branches, in the order of the cases.
    static var compareAndBranch: UInt32 { 8 }
    static var conditionalBranch: UInt32 { 9 }
    static var branch: UInt32 { 10 }
    static var wideConditionalBranch: UInt32 { 11 }
  }
}

extension Form {
  // What `rawValue` and `layout` say, for each form in the order of the cases. Constant data, because tables that are made of a
  // `switch` over more than 128 cases have 256 entries; tests of the encodings hold them against the cases.
  private static let encodings: InlineArray<169, UInt32> = [
    0x0000, 0x0800, 0x1000, 0x1800, 0x1A00, 0x1C00, 0x1E00, 0x2000,
    0x2800, 0x3000, 0x3800, 0x4000, 0x4040, 0x4080, 0x40C0, 0x4100,
    0x4140, 0x4180, 0x41C0, 0x4200, 0x4240, 0x4280, 0x42C0, 0x4300,
    0x4340, 0x4380, 0x43C0, 0x4400, 0x4500, 0x4600, 0x4700, 0x4780,
    0x5000, 0x5200, 0x5400, 0x5600, 0x5800, 0x5A00, 0x5C00, 0x5E00,
    0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800, 0x9000, 0x9800,
    0xA800, 0xB000, 0xB080, 0xB100, 0xB200, 0xB240, 0xB280, 0xB2C0,
    0xB400, 0xB900, 0xBA00, 0xBA40, 0xBC00, 0xBF00, 0xBF08, 0xD000,
    0xDE00, 0xDF00, 0xE000, 0xE890_0000, 0xE8BD_0000, 0xE92D_0000, 0xE940_0000, 0xE950_0000,
    0xE9C0_0000, 0xE9D0_0000, 0xEA00_0000, 0xEA10_0F00, 0xEA20_0000, 0xEA40_0000, 0xEA50_0000, 0xEA4F_0000,
    0xEA5F_0000, 0xEA6F_0000, 0xEA80_0000, 0xEB00_0000, 0xEB10_0000, 0xEB10_0F00, 0xEB40_0000, 0xEB50_0000,
    0xEB60_0000, 0xEB70_0000, 0xEBA0_0000, 0xEBB0_0000, 0xEBB0_0F00, 0xEBC0_0000, 0xEBD0_0000, 0xF000_0000,
    0xF010_0F00, 0xF020_0000, 0xF040_0000, 0xF04F_0000, 0xF06F_0000, 0xF080_0000, 0xF100_0000, 0xF110_0000,
    0xF110_0F00, 0xF140_0000, 0xF150_0000, 0xF160_0000, 0xF170_0000, 0xF1A0_0000, 0xF1B0_0000, 0xF1B0_0F00,
    0xF1C0_0000, 0xF1D0_0000, 0xF200_0000, 0xF240_0000, 0xF2A0_0000, 0xF2C0_0000, 0xF340_0000, 0xF360_0000,
    0xF36F_0000, 0xF3C0_0000, 0xF000_8000, 0xF000_9000, 0xF000_D000, 0xF800_0000, 0xF800_0C00, 0xF810_0000,
    0xF810_0C00, 0xF820_0000, 0xF820_0C00, 0xF830_0000, 0xF830_0C00, 0xF840_0000, 0xF840_0C00, 0xF850_0000,
    0xF850_0C00, 0xF880_0000, 0xF890_0000, 0xF8A0_0000, 0xF8B0_0000, 0xF84D_0D04, 0xF85D_0B04, 0xF8C0_0000,
    0xF8D0_0000, 0xF910_0000, 0xF910_0C00, 0xF930_0000, 0xF930_0C00, 0xF990_0000, 0xF9B0_0000, 0xFA00_F000,
    0xFA0F_F080, 0xFA1F_F080, 0xFA20_F000, 0xFA40_F000, 0xFA4F_F080, 0xFA5F_F080, 0xFA60_F000, 0xFA90_F080,
    0xFA90_F090, 0xFB00_F000, 0xFB00_0000, 0xFB00_0010, 0xFB80_0000, 0xFB90_F0F0, 0xFBA0_0000, 0xFBB0_F0F0,
    0xFBE0_0000,
  ]
  private static let layouts: InlineArray<169, UInt8> = [
    1, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 4, 4, 4, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2,
    2, 6, 6, 9, 3, 3, 3, 3, 8, 9, 3, 3, 8, 13, 12, 10, 7, 7, 11, 34, 32, 32, 31, 31,
    31, 31, 20, 21, 20, 20, 20, 22, 22, 22, 20, 20, 20, 21, 20, 20, 20, 20, 20, 20, 21, 20, 20, 14,
    15, 14, 14, 16, 16, 14, 14, 14, 15, 14, 14, 14, 14, 14, 14, 15, 14, 14, 14, 17, 14, 17, 18, 18,
    19, 18, 35, 36, 36, 30, 29, 30, 29, 30, 29, 30, 29, 30, 29, 30, 29, 28, 28, 28, 28, 33, 33, 28,
    28, 30, 29, 30, 29, 28, 28, 23, 24, 24, 23, 23, 24, 24, 23, 25, 25, 23, 26, 26, 27, 23, 27, 23,
    27,
  ]

  /// The encoding with its operands in place, as `layout` says: registers by number, numbers in the unit of the encoding,
  /// only as many bits of each as there is room for.
  ///
  /// The operands fit; the caller has seen to that by choosing the form.
  public func encoded(_ a: UInt32 = 0, _ b: UInt32 = 0, _ c: UInt32 = 0, _ d: UInt32 = 0) -> UInt32 {
    Self.encoded(self, a, b, c | d << 16)
  }

  /// Likewise, with the fourth operand, if there is one, in the upper half of the third: a fifth argument of a function would
  /// have to go over the stack.
  @inline(never)
  static func encoded(_ form: Form, _ a: UInt32, _ b: UInt32, _ c: UInt32) -> UInt32 {
    // SAFETY: an enumeration without payloads is one byte that numbers its cases, of which each has an entry; and
    // there is an entry for each layout.
    let position = Int(unsafe unsafeBitCast(form, to: UInt8.self))
    let fixed = unsafe encodings[unchecked: position]
    let placement = unsafe Layout.placements[unchecked: Int(unsafe layouts[unchecked: position])]
    var (a, b, c, d) = (a, b, c & 0xFFFF, c >> 16)
    switch placement >> 28 {
    case 0: break
    case Layout.Piece.highBit: a = a & 7 | (a & 8) << 4
    case Layout.Piece.number: c = spread(c)
    case Layout.Piece.secondNumber: b = (b & 0xF000) << 4 | spread(b)
    case Layout.Piece.shift: d = spreadShift(d)
    case Layout.Piece.thirdShift: c = spreadShift(c)
    case Layout.Piece.lowestBit: c = spreadShift(c << 2)
    case Layout.Piece.twice: b |= b << 16
    case let piece: return fixed | branch(piece, a, b)
    }
    return fixed | a &<< placement | b &<< (placement >> 8) | c &<< (placement >> 16)
      | d &<< (placement >> 24 & 15)
  }

  @inline(never)
  private static func branch(_ piece: UInt32, _ a: UInt32, _ b: UInt32) -> UInt32 {
    switch piece {
    case Layout.Piece.compareAndBranch: a | (b & 0x1F) << 3 | (b & 0x20) << 4
    case Layout.Piece.conditionalBranch: a << 8 | b & 0xFF
    case Layout.Piece.branch: a & 0x7FF
    case Layout.Piece.wideConditionalBranch:
      (a & 15) << 22 | (b & 0x7FF) | (b & 0x1_F800) << 5 | (b & 0x2_0000) >> 4 | (b & 0x4_0000) >> 7
        | (b & 0x8_0000) << 7
    default:
      (a & 0x7FF) | (a & 0x1F_F800) << 5 | (~(a ^ a >> 2) & 0x20_0000) >> 10
        | (~(a ^ a >> 1) & 0x40_0000) >> 9 | (a & 0x80_0000) << 3
    }
  }

  /// Bits 11, 10 to 8 and 7 to 0 go to 26, 14 to 12 and 7 to 0. Arm ARM A5.3.1
  private static func spread(_ bits: UInt32) -> UInt32 {
    bits & 0xFF | (bits & 0x700) << 4 | (bits & 0x800) << 15
  }

  /// The shift's type in bits 0 and 1, its distance above: to 4 and 5, the distance to 6, 7 and 12 to 14.
  private static func spreadShift(_ bits: UInt32) -> UInt32 {
    (bits & 3) << 4 | (bits & 0xC) << 4 | (bits & 0x70) << 8
  }
}
