/// The low three bits of an opcode. RFC 9669 §3.1
public enum InstructionClass: UInt8, Sendable {
  case ld, ldx, st, stx, alu, jmp, jmp32, alu64
}

/// A set of the fields of an instruction beside its opcode.
public struct InstructionFields: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let destination = Self(rawValue: 1)
  public static let source = Self(rawValue: 2)
  public static let offset = Self(rawValue: 4)
  public static let immediate = Self(rawValue: 8)
}

extension Operation {
  /// The opcode byte.
  public var opcode: UInt8 {
    // SAFETY: the table has an entry for each operation.
    @inline(__always) get { unsafe Self.opcodes[unchecked: Int(position)] }
  }

  /// What the opcode's variant field has to hold; 0 where there is none.
  @inline(never)
  public var variant: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }

  public var instructionClass: InstructionClass { InstructionClass(opcode: opcode) }

  /// Whether the second operand of an arithmetic instruction or a jump is a register rather than the immediate.
  public var takesRegister: Bool {
    let opcode = opcode
    return opcode & 0x04 != 0 && opcode & 0x08 != 0 && !isByteSwap
  }

  /// Whether the instruction is one of the nine byte swaps.
  public var isByteSwap: Bool {
    let opcode = opcode
    return opcode & 0xF0 == 0xD0 && (opcode & 7 == 4 || opcode & 7 == 7)
  }

  /// Whether the instruction computes or compares 64 bits rather than the low 32.
  public var is64Bit: Bool {
    let instructionClass = opcode & 7
    return instructionClass == 7 || instructionClass == 5
  }

  /// Whether the instruction goes to another instruction of the same function: `ja`, `ja32`, the conditional jumps.
  public var isJump: Bool {
    let opcode = opcode
    return (opcode & 7 == 5 || opcode & 7 == 6) && opcode & 0xE0 != 0x80
  }

  /// Whether the instruction jumps on a condition.
  public var isConditionalJump: Bool { isJump && self != .ja && self != .ja32 }

  /// Whether execution may go on with the next instruction.
  public var mayContinue: Bool { self != .exit && self != .ja && self != .ja32 && self != .trap }

  /// Whether the instruction occupies two slots.
  public var isWide: Bool {
    let opcode = opcode
    return opcode == 0x18 || opcode == 0xB8 || opcode == 0xD8
  }

  /// Whether the instruction is an atomic read-modify-write.
  public var isAtomic: Bool { opcode & 0xE7 == 0xC3 }

  /// Whether the instruction belongs to the legacy packet group, which no program may use here. RFC 9669 §5.5
  public var isPacketAccess: Bool {
    let kind = opcode & 0xE7
    return kind == 0x20 || kind == 0x40
  }

  /// Bytes a load, a store or an atomic operation touches; `nil` for everything else.
  public var accessSize: Int? {
    let opcode = opcode
    guard opcode & 0x04 == 0, opcode & 0x03 != 0 else { return nil }
    return switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }

  /// Whether the instruction changes the register in its destination field.
  public var writesDestination: Bool {
    switch instructionClass {
    case .alu, .alu64, .ldx: true
    case .ld: isWide
    case .st, .stx, .jmp, .jmp32: false
    }
  }

  /// Whether the instruction changes the register in its source field: the atomic operations that return the old value
  /// (`cmpxchg` returns it in r0 instead).
  public var writesSource: Bool {
    isAtomic && variant & 1 != 0 && variant != 0xF1
  }

  /// The fields that carry something; all others have to be zero.
  @inline(never)
  public var fields: InstructionFields { InstructionFormat(opcode: opcode).fields }
}

/// What an operation does, in one byte for those who look at every instruction of a program.
public struct OperationTraits: OptionSet, Sendable {
  public let rawValue: UInt8

  @inline(__always)
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Changes the register in its destination field.
  public static var writesDestination: Self { Self(rawValue: 0x01) }
  /// Depends on the register in its destination field.
  public static var readsDestination: Self { Self(rawValue: 0x02) }
  /// Depends on the register in its source field.
  public static var readsSource: Self { Self(rawValue: 0x04) }
  /// Changes the register in its source field.
  public static var writesSource: Self { Self(rawValue: 0x08) }
  /// Jumps as far as its offset says.
  public static var jumpsByOffset: Self { Self(rawValue: 0x10) }
  /// Jumps or calls as far as its immediate says.
  public static var jumpsByImmediate: Self { Self(rawValue: 0x20) }
  /// Never goes on with the next instruction.
  public static var ends: Self { Self(rawValue: 0x40) }
  /// A call by number, a slot of a wide load, or packet access.
  public static var isSpecial: Self { Self(rawValue: 0x80) }

  /// For each operation in the order of declaration. Constant data, because the device verifies with it; a test has the rules
  /// behind it.
  static let all: InlineArray<175, UInt8> = [
    0x03, 0x07, 0x03, 0x07, 0x03, 0x07, 0x03, 0x03, 0x07, 0x07, 0x03, 0x07, 0x03, 0x07, 0x03, 0x07,
    0x03, 0x07, 0x03, 0x03, 0x03, 0x07, 0x07, 0x03, 0x07, 0x01, 0x05, 0x05, 0x05, 0x03, 0x07, 0x03,
    0x07, 0x03, 0x07, 0x03, 0x07, 0x03, 0x03, 0x07, 0x07, 0x03, 0x07, 0x03, 0x07, 0x03, 0x07, 0x03,
    0x07, 0x03, 0x03, 0x03, 0x07, 0x07, 0x03, 0x07, 0x01, 0x05, 0x05, 0x05, 0x05, 0x03, 0x07, 0x03,
    0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x03, 0x50, 0x60, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16,
    0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16,
    0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x12, 0x16,
    0x12, 0x16, 0x12, 0x16, 0x12, 0x16, 0x80, 0xA0, 0x80, 0x40, 0x02, 0x40, 0x05, 0x05, 0x05, 0x05,
    0x05, 0x05, 0x05, 0x02, 0x02, 0x02, 0x02, 0x06, 0x06, 0x06, 0x06, 0x06, 0x0E, 0x06, 0x0E, 0x06,
    0x0E, 0x06, 0x0E, 0x0E, 0x06, 0x06, 0x0E, 0x06, 0x0E, 0x06, 0x0E, 0x06, 0x0E, 0x0E, 0x06, 0x81,
    0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
  ]
}

extension Operation {
  public var traits: OperationTraits {
    // SAFETY: the table has an entry for each operation.
    @inline(__always) get { OperationTraits(rawValue: unsafe OperationTraits.all[unchecked: Int(position)]) }
  }
}

/// What the fields of an instruction are for, as far as the opcode says.
struct InstructionFormat {
  /// The fields that carry something; all others have to be zero.
  let fields: InstructionFields
  /// The one of `fields` that tells apart the operations sharing the opcode: the offset of divisions, remainders and
  /// moves, the immediate of byte swaps and atomics, the source of calls and wide loads. Empty when the opcode has one
  /// meaning.
  let variant: InstructionFields

  /// For each opcode `fields` in the low half and `variant` in the high half. Constant data, because the device decodes with
  /// it; a test has the rules behind it.
  static let all: InlineArray<256, UInt8> = [
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x04, 0x08, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x04, 0x08, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x2B, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x4D, 0x0D, 0x0D, 0x4D, 0x08, 0x07, 0x0D, 0x07, 0x47, 0x07, 0x07, 0x47,
    0x0A, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x0A, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x0A, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x0A, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x01, 0x2A, 0x2A, 0x01, 0x08, 0x07, 0x0D, 0x07, 0x01, 0x01, 0x01, 0x01,
    0x08, 0x07, 0x0D, 0x07, 0x4D, 0x00, 0x00, 0x4D, 0x08, 0x07, 0x0D, 0x07, 0x47, 0x00, 0x00, 0x47,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x4D, 0x0D, 0x0D, 0x4D, 0x09, 0x07, 0x0D, 0x07, 0x47, 0x07, 0x07, 0x47,
    0x08, 0x07, 0x0D, 0x8F, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x8F, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x8F, 0x89, 0x0D, 0x0D, 0x89, 0x09, 0x07, 0x0D, 0x8F, 0x89, 0x07, 0x07, 0x89,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
    0x08, 0x07, 0x0D, 0x07, 0x09, 0x0D, 0x0D, 0x09, 0x08, 0x07, 0x0D, 0x07, 0x03, 0x07, 0x07, 0x03,
  ]

  /// The bits of a slot's low word that belong to none of the fields in a set, for each set of fields. Opcodes belong to all.
  private static let unusedBits: InlineArray<8, UInt32> = [
    0xFFFF_FF00, 0xFFFF_F000, 0xFFFF_0F00, 0xFFFF_0000, 0x0000_FF00, 0x0000_F000, 0x0000_0F00, 0x0000_0000,
  ]

  @inline(__always)
  init(opcode: UInt8) {
    // SAFETY: the table has an entry for each opcode.
    let format = unsafe Self.all[unchecked: Int(opcode)]
    fields = InstructionFields(rawValue: format & 15)
    variant = InstructionFields(rawValue: format >> 4)
  }

  /// The bits of a slot's low word that have to be zero.
  @inline(__always)
  var unusedBits: UInt32 {
    // SAFETY: the table has an entry for each number of three bits.
    unsafe Self.unusedBits[unchecked: Int(fields.rawValue & 7)]
  }
}

extension InstructionClass {
  init(opcode: UInt8) {
    // SAFETY: the eight cases stand for 0 to 7 in this order, and the mask leaves no other number.
    self = unsafe unsafeBitCast(opcode & 7, to: InstructionClass.self)
  }
}
