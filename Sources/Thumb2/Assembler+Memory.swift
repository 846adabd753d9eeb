/// How a number lies in memory.
public enum MemoryAccess: Sendable {
  case byte, halfword, word, signedByte, signedHalfword

  /// Bytes.
  public var size: UInt32 { 1 &<< sizeLog2 }

  fileprivate var sizeLog2: UInt32 {
    @inline(__always)
    get {
      switch self {
      case .byte, .signedByte: 0
      case .halfword, .signedHalfword: 1
      case .word: 2
      }
    }
  }

  fileprivate var isSigned: Bool {
    @inline(__always) get { self == .signedByte || self == .signedHalfword }
  }

  /// For each access in the order of the cases the forms to load and to store it: with an immediate, narrow and wide; with one
  /// to be subtracted; with a register, narrow and wide. Numbers with a sign have no narrow immediates.
  private static let forms: InlineArray<50, Form> = [
    .ldrbImmediate, .strbImmediate, .ldrbImmediateWide, .strbImmediateWide, .ldrbMinus, .strbMinus,
    .ldrbRegister, .strbRegister, .ldrbRegisterWide, .strbRegisterWide,
    .ldrhImmediate, .strhImmediate, .ldrhImmediateWide, .strhImmediateWide, .ldrhMinus, .strhMinus,
    .ldrhRegister, .strhRegister, .ldrhRegisterWide, .strhRegisterWide,
    .ldrImmediate, .strImmediate, .ldrImmediateWide, .strImmediateWide, .ldrMinus, .strMinus,
    .ldrRegister, .strRegister, .ldrRegisterWide, .strRegisterWide,
    .ldrsbImmediateWide, .strbImmediateWide, .ldrsbImmediateWide, .strbImmediateWide, .ldrsbMinus, .strbMinus,
    .ldrsbRegister, .strbRegister, .ldrsbRegisterWide, .strbRegisterWide,
    .ldrshImmediateWide, .strhImmediateWide, .ldrshImmediateWide, .strhImmediateWide, .ldrshMinus, .strhMinus,
    .ldrshRegister, .strhRegister, .ldrshRegisterWide, .strhRegisterWide,
  ]

  /// Of `forms`.
  fileprivate enum Addressing: UInt8 {
    case narrowImmediate, wideImmediate, minus, narrowRegister, wideRegister
  }

  @inline(__always)
  fileprivate func form(_ addressing: Addressing, isLoad: Bool) -> Form {
    // SAFETY: enumerations without payloads are one byte that numbers their cases; there is a form for each combination.
    let access = Int(unsafe unsafeBitCast(self, to: UInt8.self))
    return unsafe Self.forms[
      unchecked: access &* 10 &+ Int(addressing.rawValue) &* 2 &+ (isLoad ? 0 : 1)]
  }
}

extension Assembler {
  /// Whether `transfer` can add this to the address by itself.
  public static func reaches(_ offset: Int) -> Bool {
    offset > -0x100 && offset < 0x1000
  }

  /// Loads `value` from, or stores it to, `base` plus `offset`, which `reaches`. Leaves the flags.
  @inline(never)
  public mutating func transfer(
    _ access: MemoryAccess, isLoad: Bool, _ value: CoreRegister, base: CoreRegister, offset: Int
  ) {
    let addressing: MemoryAccess.Addressing
    var number = UInt32(truncatingIfNeeded: offset)
    let log2 = access.sizeLog2
    if value.isLow, base.isLow, !access.isSigned, number &>> (5 &+ log2) == 0,
      number & (1 &<< log2 &- 1) == 0
    {
      addressing = .narrowImmediate
      number &>>= log2
    } else if log2 == 2, base == .sp, value.isLow, number < 1024, number & 3 == 0 {
      emit(isLoad ? Form.ldrStack : .strStack, value.number, number >> 2)
      return
    } else if offset >= 0 {
      addressing = .wideImmediate
    } else {
      addressing = .minus
      number = 0 &- number
    }
    emit(access.form(addressing, isLoad: isLoad), value.number, base.number, number)
  }

  /// Loads `value` from, or stores it to, `base` plus `index` times 2 to the power of `shift`, which is 0 to 3. Leaves the flags.
  @inline(never)
  public mutating func transfer(
    _ access: MemoryAccess, isLoad: Bool, _ value: CoreRegister, base: CoreRegister, index: CoreRegister,
    shift: UInt32
  ) {
    if shift == 0, value.isLow, base.isLow, index.isLow {
      emit(access.form(.narrowRegister, isLoad: isLoad), value.number, base.number, index.number)
    } else {
      emit(access.form(.wideRegister, isLoad: isLoad), value.number, base.number, index.number, shift)
    }
  }

  /// Whether `transferPair` can add this to the address by itself.
  public static func reachesPair(_ offset: Int) -> Bool {
    offset & 3 == 0 && offset > -0x400 && offset < 0x400
  }

  /// Loads two different registers from, or stores them to, `base` plus `offset`, which `reachesPair`. The address is divisible by 4.
  @inline(never)
  public mutating func transferPair(
    isLoad: Bool, _ first: CoreRegister, _ second: CoreRegister, base: CoreRegister, offset: Int
  ) {
    let words = UInt32(truncatingIfNeeded: (offset < 0 ? 0 - offset : offset) >> 2)
    let form: Form =
      offset < 0 ? (isLoad ? .ldrdMinus : .strdMinus) : (isLoad ? .ldrd : .strd)
    emit(form, first.number, second.number, base.number, words)
  }

  /// Pushes these registers, bit n for rn. `registers` is not empty and has neither sp nor pc.
  @inline(never)
  public mutating func push(_ registers: UInt32) {
    if registers & ~0x40FF == 0 {
      emit(.push, registers & 0xFF | (registers & 0x4000) >> 6)
    } else if registers & (registers &- 1) == 0 {
      emit(.pushOne, UInt32(truncatingIfNeeded: registers.trailingZeroBitCount))
    } else {
      emit(.pushWide, registers)
    }
  }

  /// Pops these registers, bit n for rn. `registers` is not empty, has no sp, and not both lr and pc.
  @inline(never)
  public mutating func pop(_ registers: UInt32) {
    if registers & ~0x80FF == 0 {
      emit(.pop, registers & 0xFF | (registers & 0x8000) >> 7)
    } else if registers & (registers &- 1) == 0 {
      emit(.popOne, UInt32(truncatingIfNeeded: registers.trailingZeroBitCount))
    } else {
      emit(.popWide, registers)
    }
  }

  /// Adds `bytes`, a multiple of 4 between -508 and 508, to sp. Leaves the flags.
  @inline(never)
  public mutating func moveStack(by bytes: Int) {
    guard bytes != 0 else { return }
    let words = UInt32(truncatingIfNeeded: (bytes < 0 ? 0 - bytes : bytes) >> 2)
    emit(bytes < 0 ? Form.subFromStack : .addToStack, words)
  }
}
