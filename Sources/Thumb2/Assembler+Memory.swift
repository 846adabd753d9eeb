/// How a number lies in memory.
public enum MemoryAccess: Sendable {
  case byte, halfword, word, signedByte, signedHalfword

  /// Bytes.
  public var size: UInt32 {
    switch self {
    case .byte, .signedByte: 1
    case .halfword, .signedHalfword: 2
    case .word: 4
    }
  }

  fileprivate var narrowImmediate: (load: Form, store: Form)? {
    switch self {
    case .byte: (.ldrbImmediate, .strbImmediate)
    case .halfword: (.ldrhImmediate, .strhImmediate)
    case .word: (.ldrImmediate, .strImmediate)
    case .signedByte, .signedHalfword: nil
    }
  }

  fileprivate var wideImmediate: (load: Form, store: Form) {
    switch self {
    case .byte: (.ldrbImmediateWide, .strbImmediateWide)
    case .halfword: (.ldrhImmediateWide, .strhImmediateWide)
    case .word: (.ldrImmediateWide, .strImmediateWide)
    case .signedByte: (.ldrsbImmediateWide, .strbImmediateWide)
    case .signedHalfword: (.ldrshImmediateWide, .strhImmediateWide)
    }
  }

  fileprivate var minus: (load: Form, store: Form) {
    switch self {
    case .byte: (.ldrbMinus, .strbMinus)
    case .halfword: (.ldrhMinus, .strhMinus)
    case .word: (.ldrMinus, .strMinus)
    case .signedByte: (.ldrsbMinus, .strbMinus)
    case .signedHalfword: (.ldrshMinus, .strhMinus)
    }
  }

  fileprivate var narrowRegister: (load: Form, store: Form) {
    switch self {
    case .byte: (.ldrbRegister, .strbRegister)
    case .halfword: (.ldrhRegister, .strhRegister)
    case .word: (.ldrRegister, .strRegister)
    case .signedByte: (.ldrsbRegister, .strbRegister)
    case .signedHalfword: (.ldrshRegister, .strhRegister)
    }
  }

  fileprivate var wideRegister: (load: Form, store: Form) {
    switch self {
    case .byte: (.ldrbRegisterWide, .strbRegisterWide)
    case .halfword: (.ldrhRegisterWide, .strhRegisterWide)
    case .word: (.ldrRegisterWide, .strRegisterWide)
    case .signedByte: (.ldrsbRegisterWide, .strbRegisterWide)
    case .signedHalfword: (.ldrshRegisterWide, .strhRegisterWide)
    }
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
    let forms: (load: Form, store: Form)
    var number = UInt32(truncatingIfNeeded: offset)
    let size = access.size
    if let narrow = access.narrowImmediate, value.isLow, base.isLow, number < 32 &* size,
      number & (size - 1) == 0
    {
      forms = narrow
      number /= size
    } else if access.size == 4, base == .sp, value.isLow, number < 1024, number & 3 == 0 {
      emit(isLoad ? Form.ldrStack : .strStack, value.number, number >> 2)
      return
    } else if offset >= 0 {
      forms = access.wideImmediate
    } else {
      forms = access.minus
      number = 0 &- number
    }
    emit(isLoad ? forms.load : forms.store, value.number, base.number, number)
  }

  /// Loads `value` from, or stores it to, `base` plus `index` times 2 to the power of `shift`, which is 0 to 3. Leaves the flags.
  @inline(never)
  public mutating func transfer(
    _ access: MemoryAccess, isLoad: Bool, _ value: CoreRegister, base: CoreRegister, index: CoreRegister,
    shift: UInt32
  ) {
    if shift == 0, value.isLow, base.isLow, index.isLow {
      let forms = access.narrowRegister
      emit(isLoad ? forms.load : forms.store, value.number, base.number, index.number)
    } else {
      let forms = access.wideRegister
      emit(isLoad ? forms.load : forms.store, value.number, base.number, index.number, shift)
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
