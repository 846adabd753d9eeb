/// One encoding of an instruction: the table that the assembler and the disassembler are driven by.
///
/// The raw value is the encoding with all its operands zero; of the 32-bit ones the first halfword is the upper one.
/// Names say the mnemonic, then `.w` as `Wide` where both widths exist, then what the operands are. Sections are of the ARMv7-M
/// Architecture Reference Manual.
public enum Form: UInt32, CaseIterable, Sendable {
  // MARK: 16 bits. A5.2
  case lslsImmediate = 0x0000
  case lsrsImmediate = 0x0800
  case asrsImmediate = 0x1000
  case addsRegister = 0x1800
  case subsRegister = 0x1A00
  case addsImmediate3 = 0x1C00
  case subsImmediate3 = 0x1E00
  case movsImmediate = 0x2000
  case cmpImmediate = 0x2800
  case addsImmediate8 = 0x3000
  case subsImmediate8 = 0x3800
  case ands = 0x4000
  case eors = 0x4040
  case lslsRegister = 0x4080
  case lsrsRegister = 0x40C0
  case asrsRegister = 0x4100
  case adcs = 0x4140
  case sbcs = 0x4180
  case rors = 0x41C0
  case tst = 0x4200
  case rsbs = 0x4240
  case cmpRegister = 0x4280
  case cmn = 0x42C0
  case orrs = 0x4300
  case muls = 0x4340
  case bics = 0x4380
  case mvns = 0x43C0
  case add = 0x4400
  case cmpHigh = 0x4500
  case mov = 0x4600
  case bx = 0x4700
  case blx = 0x4780
  case strRegister = 0x5000
  case strhRegister = 0x5200
  case strbRegister = 0x5400
  case ldrsbRegister = 0x5600
  case ldrRegister = 0x5800
  case ldrhRegister = 0x5A00
  case ldrbRegister = 0x5C00
  case ldrshRegister = 0x5E00
  case strImmediate = 0x6000
  case ldrImmediate = 0x6800
  case strbImmediate = 0x7000
  case ldrbImmediate = 0x7800
  case strhImmediate = 0x8000
  case ldrhImmediate = 0x8800
  case strStack = 0x9000
  case ldrStack = 0x9800
  case addStack = 0xA800
  case addToStack = 0xB000
  case subFromStack = 0xB080
  case cbz = 0xB100
  case sxth = 0xB200
  case sxtb = 0xB240
  case uxth = 0xB280
  case uxtb = 0xB2C0
  case push = 0xB400
  case cbnz = 0xB900
  case rev = 0xBA00
  case rev16 = 0xBA40
  case pop = 0xBC00
  case nop = 0xBF00
  case it = 0xBF08
  case bConditional = 0xD000
  case udf = 0xDE00
  case svc = 0xDF00
  case b = 0xE000

  // MARK: 32 bits: several registers, two registers. A5.3.5, A5.3.6
  case ldmWide = 0xE890_0000
  case popWide = 0xE8BD_0000
  case pushWide = 0xE92D_0000
  case strdMinus = 0xE940_0000
  case ldrdMinus = 0xE950_0000
  case strd = 0xE9C0_0000
  case ldrd = 0xE9D0_0000

  // MARK: 32 bits: a register that may be shifted. A5.3.11
  case andWide = 0xEA00_0000
  case tstWide = 0xEA10_0F00
  case bicWide = 0xEA20_0000
  case orrWide = 0xEA40_0000
  case orrsWide = 0xEA50_0000
  case movShifted = 0xEA4F_0000
  case movsShifted = 0xEA5F_0000
  case mvnWide = 0xEA6F_0000
  case eorWide = 0xEA80_0000
  case addWide = 0xEB00_0000
  case addsWide = 0xEB10_0000
  case cmnWide = 0xEB10_0F00
  case adcWide = 0xEB40_0000
  case adcsWide = 0xEB50_0000
  case sbcWide = 0xEB60_0000
  case sbcsWide = 0xEB70_0000
  case subWide = 0xEBA0_0000
  case subsWide = 0xEBB0_0000
  case cmpWide = 0xEBB0_0F00
  case rsbWide = 0xEBC0_0000
  case rsbsWide = 0xEBD0_0000

  // MARK: 32 bits: an immediate constant. A5.3.1
  case andConstant = 0xF000_0000
  case tstConstant = 0xF010_0F00
  case bicConstant = 0xF020_0000
  case orrConstant = 0xF040_0000
  case movConstant = 0xF04F_0000
  case mvnConstant = 0xF06F_0000
  case eorConstant = 0xF080_0000
  case addConstant = 0xF100_0000
  case addsConstant = 0xF110_0000
  case cmnConstant = 0xF110_0F00
  case adcConstant = 0xF140_0000
  case adcsConstant = 0xF150_0000
  case sbcConstant = 0xF160_0000
  case sbcsConstant = 0xF170_0000
  case subConstant = 0xF1A0_0000
  case subsConstant = 0xF1B0_0000
  case cmpConstant = 0xF1B0_0F00
  case rsbConstant = 0xF1C0_0000
  case rsbsConstant = 0xF1D0_0000

  // MARK: 32 bits: an immediate number. A5.3.3
  case addw = 0xF200_0000
  case movw = 0xF240_0000
  case subw = 0xF2A0_0000
  case movt = 0xF2C0_0000
  case sbfx = 0xF340_0000
  case bfi = 0xF360_0000
  case bfc = 0xF36F_0000
  case ubfx = 0xF3C0_0000

  // MARK: 32 bits: branches. A5.3.4
  case bConditionalWide = 0xF000_8000
  case bWide = 0xF000_9000
  case bl = 0xF000_D000

  // MARK: 32 bits: loads and stores. A5.3.7 to A5.3.10
  case strbRegisterWide = 0xF800_0000
  case strbMinus = 0xF800_0C00
  case ldrbRegisterWide = 0xF810_0000
  case ldrbMinus = 0xF810_0C00
  case strhRegisterWide = 0xF820_0000
  case strhMinus = 0xF820_0C00
  case ldrhRegisterWide = 0xF830_0000
  case ldrhMinus = 0xF830_0C00
  case strRegisterWide = 0xF840_0000
  case strMinus = 0xF840_0C00
  case ldrRegisterWide = 0xF850_0000
  case ldrMinus = 0xF850_0C00
  case strbImmediateWide = 0xF880_0000
  case ldrbImmediateWide = 0xF890_0000
  case strhImmediateWide = 0xF8A0_0000
  case ldrhImmediateWide = 0xF8B0_0000
  /// One register alone, which `pushWide` cannot have: STR Rt, [SP, #-4]!
  case pushOne = 0xF84D_0D04
  /// One register alone, which `popWide` cannot have: LDR Rt, [SP], #4
  case popOne = 0xF85D_0B04
  case strImmediateWide = 0xF8C0_0000
  case ldrImmediateWide = 0xF8D0_0000
  case ldrsbRegisterWide = 0xF910_0000
  case ldrsbMinus = 0xF910_0C00
  case ldrshRegisterWide = 0xF930_0000
  case ldrshMinus = 0xF930_0C00
  case ldrsbImmediateWide = 0xF990_0000
  case ldrshImmediateWide = 0xF9B0_0000

  // MARK: 32 bits: registers alone. A5.3.12 to A5.3.17
  case lslWide = 0xFA00_F000
  case sxthWide = 0xFA0F_F080
  case uxthWide = 0xFA1F_F080
  case lsrWide = 0xFA20_F000
  case asrWide = 0xFA40_F000
  case sxtbWide = 0xFA4F_F080
  case uxtbWide = 0xFA5F_F080
  case rorWide = 0xFA60_F000
  case revWide = 0xFA90_F080
  case rev16Wide = 0xFA90_F090
  case mul = 0xFB00_F000
  case mla = 0xFB00_0000
  case mls = 0xFB00_0010
  case smull = 0xFB80_0000
  case sdiv = 0xFB90_F0F0
  case umull = 0xFBA0_0000
  case udiv = 0xFBB0_F0F0
  case umlal = 0xFBE0_0000

  /// Whether it takes two halfwords.
  @inline(__always)
  public var isWide: Bool { rawValue > 0xFFFF }

  /// Bytes of the encoding.
  public var size: Int { isWide ? 4 : 2 }
}
