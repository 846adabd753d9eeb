extension Layout {
  /// The bits in which each operand stands; operands that there are not have none.
  struct Fields {
    let a, b, c, d: UInt32

    init(_ a: UInt32 = 0, _ b: UInt32 = 0, _ c: UInt32 = 0, _ d: UInt32 = 0) {
      self.a = a
      self.b = b
      self.c = c
      self.d = d
    }

    /// All bits that are not fixed by the form.
    var all: UInt32 { a | b | c | d }
  }

  /// What `Form.encoded` fills, told the other way round: in which bits each operand is to be found.
  var fields: Fields {
    switch self {
    case .threeLow: Fields(0x7, 0x38, 0x1C0)
    case .twoLowImmediate5: Fields(0x7, 0x38, 0x7C0)
    case .lowImmediate8: Fields(0x700, 0xFF)
    case .twoLow: Fields(0x7, 0x38)
    case .twoAny: Fields(0x87, 0x78)
    case .target: Fields(0x78)
    case .immediate7: Fields(0x7F)
    case .immediate8: Fields(0xFF)
    case .lowRegisters: Fields(0x1FF)
    case .compareAndBranch: Fields(0x7, 0x2F8)
    case .conditionalBranch: Fields(0xF00, 0xFF)
    case .branch: Fields(0x7FF)
    case .ifThen: Fields(0xF0)
    case .none: Fields()
    case .immediate12: Fields(0xF00, 0xF_0000, 0x400_70FF)
    case .compareImmediate12: Fields(0xF_0000, 0x400_70FF)
    case .moveImmediate12: Fields(0xF00, 0x400_70FF)
    case .immediate16: Fields(0xF00, 0x40F_70FF)
    case .bitField: Fields(0xF00, 0xF_0000, 0x70C0, 0x1F)
    case .bitFieldAlone: Fields(0xF00, 0, 0x70C0, 0x1F)
    case .shifted: Fields(0xF00, 0xF_0000, 0xF, 0x70F0)
    case .compareShifted: Fields(0xF_0000, 0xF, 0x70F0)
    case .moveShifted: Fields(0xF00, 0xF, 0x70F0)
    case .threeRegisters: Fields(0xF00, 0xF_0000, 0xF)
    case .twoRegisters: Fields(0xF00, 0xF)
    case .reversed: Fields(0xF00, 0xF_000F)
    case .fourRegisters: Fields(0xF00, 0xF_0000, 0xF, 0xF000)
    case .longMultiply: Fields(0xF000, 0xF00, 0xF_0000, 0xF)
    case .memoryImmediate12: Fields(0xF000, 0xF_0000, 0xFFF)
    case .memoryImmediate8: Fields(0xF000, 0xF_0000, 0xFF)
    case .memoryRegister: Fields(0xF000, 0xF_0000, 0xF, 0x30)
    case .memoryPair: Fields(0xF000, 0xF00, 0xF_0000, 0xFF)
    case .registers: Fields(0xFFFF)
    case .oneRegister: Fields(0xF000)
    case .baseAndRegisters: Fields(0xF_0000, 0xFFFF)
    case .wideConditionalBranch: Fields(0x3C0_0000, 0x43F_2FFF)
    case .wideBranch: Fields(0x7FF_2FFF)
    }
  }
}

extension UInt32 {
  /// The bits that `mask` selects, moved together to the lowest.
  func gathered(_ mask: UInt32) -> UInt32 {
    var (result, rest, next) = (UInt32(0), mask, UInt32(1))
    while rest != 0 {
      let lowest = rest & (0 &- rest)
      if self & lowest != 0 { result |= next }
      next <<= 1
      rest &= rest &- 1
    }
    return result
  }

  /// The lowest `width` bits, 1 to 31, with the highest of them as a sign.
  func signExtended(from width: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: self << (32 - width)) >> Int32(32 - width))
  }
}
