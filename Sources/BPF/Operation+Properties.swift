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
  public var opcode: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

  /// What the opcode's variant field has to hold; 0 where there is none.
  public var variant: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }

  public var instructionClass: InstructionClass { InstructionClass(opcode: opcode) }

  /// Whether the second operand of an arithmetic instruction or a jump is a register rather than the immediate.
  public var takesRegister: Bool {
    instructionClass.isComputation && opcode & 0x08 != 0 && !isByteSwap
  }

  /// Whether the instruction is one of the nine byte swaps.
  public var isByteSwap: Bool { instructionClass.isArithmetic && opcode & 0xF0 == 0xD0 }

  /// Whether the instruction computes or compares 64 bits rather than the low 32.
  public var is64Bit: Bool { instructionClass == .alu64 || instructionClass == .jmp }

  /// Whether the instruction goes to another instruction of the same function: `ja`, `ja32`, the conditional jumps.
  public var isJump: Bool { instructionClass.isJump && opcode & 0xF0 != 0x80 && opcode & 0xF0 != 0x90 }

  /// Whether the instruction jumps on a condition.
  public var isConditionalJump: Bool { isJump && opcode & 0xF0 != 0 }

  /// Whether execution may go on with the next instruction.
  public var mayContinue: Bool { !(isJump && opcode & 0xF0 == 0) && self != .exit }

  /// Whether the instruction occupies two slots.
  public var isWide: Bool { opcode == 0x18 || opcode == 0xB8 || opcode == 0xD8 }

  /// Whether the instruction is an atomic read-modify-write.
  public var isAtomic: Bool { instructionClass == .stx && opcode & 0xE0 == 0xC0 }

  /// Whether the instruction belongs to the legacy packet group, which no program may use here. RFC 9669 §5.5
  public var isPacketAccess: Bool {
    instructionClass == .ld && (opcode & 0xE0 == 0x20 || opcode & 0xE0 == 0x40)
  }

  /// Bytes a load, a store or an atomic operation touches; `nil` for everything else.
  public var accessSize: Int? {
    switch instructionClass {
    case .ldx, .st, .stx: Self.size(of: opcode)
    case .ld, .alu, .jmp, .jmp32, .alu64: nil
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
  public var fields: InstructionFields {
    switch instructionClass {
    case .alu, .alu64:
      if opcode & 0xF0 == 0x80 { return .destination }
      return Self.variantField(of: opcode).union([
        .destination, opcode & 0x08 == 0 || isByteSwap ? .immediate : .source,
      ])
    case .jmp, .jmp32:
      switch opcode & 0xF0 {
      case 0x00: return instructionClass == .jmp ? .offset : .immediate
      case 0x80: return opcode & 0x08 == 0 ? [.source, .immediate] : .destination
      case 0x90: return []
      default: return [.destination, .offset, opcode & 0x08 == 0 ? .immediate : .source]
      }
    case .ldx: return [.destination, .source, .offset]
    case .st: return [.destination, .offset, .immediate]
    case .stx: return Self.variantField(of: opcode).union([.destination, .source, .offset])
    case .ld:
      if isWide { return Self.variantField(of: opcode).union([.destination, .immediate]) }
      return opcode & 0xE0 == 0x40 ? [.source, .immediate] : .immediate
    }
  }

  /// The field that tells apart the operations sharing `opcode`: the offset of divisions, remainders and moves, the
  /// immediate of byte swaps and atomics, the source of calls and wide loads. Empty when the opcode has one meaning.
  static func variantField(of opcode: UInt8) -> InstructionFields {
    switch InstructionClass(opcode: opcode) {
    case .alu, .alu64:
      switch opcode & 0xF0 {
      case 0x30, 0x90, 0xB0: .offset
      case 0xD0: .immediate
      default: []
      }
    case .stx: opcode & 0xE0 == 0xC0 ? .immediate : []
    case .jmp: opcode == 0x85 ? .source : []
    case .ld: opcode == 0x18 ? .source : []
    case .ldx, .st, .jmp32: []
    }
  }

  /// The size field of the load and store classes. RFC 9669 §5
  private static func size(of opcode: UInt8) -> Int {
    switch opcode & 0x18 {
    case 0x00: 4
    case 0x08: 2
    case 0x10: 1
    default: 8
    }
  }
}

extension InstructionClass {
  var isArithmetic: Bool { self == .alu || self == .alu64 }
  var isJump: Bool { self == .jmp || self == .jmp32 }
  var isComputation: Bool { isArithmetic || isJump }

  init(opcode: UInt8) {
    // SAFETY: the eight cases stand for 0 to 7 in this order, and the mask leaves no other number.
    self = unsafe unsafeBitCast(opcode & 7, to: InstructionClass.self)
  }
}
