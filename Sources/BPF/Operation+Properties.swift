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
  // Not inlined, as every inlined copy would bring a table of all raw values with it.
  @inline(never)
  public var opcode: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

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

/// What the fields of an instruction are for, as far as the opcode says.
struct InstructionFormat {
  /// The fields that carry something; all others have to be zero.
  let fields: InstructionFields
  /// The one of `fields` that tells apart the operations sharing the opcode: the offset of divisions, remainders and
  /// moves, the immediate of byte swaps and atomics, the source of calls and wide loads. Empty when the opcode has one
  /// meaning.
  let variant: InstructionFields

  @inline(__always)
  private init(_ fields: InstructionFields, variant: InstructionFields = []) {
    self.fields = fields.union(variant)
    self.variant = variant
  }

  @inline(__always)
  init(opcode: UInt8) {
    let operand: InstructionFields = opcode & 0x08 == 0 ? .immediate : .source
    switch InstructionClass(opcode: opcode) {
    case .alu, .alu64:
      switch opcode & 0xF0 {
      case 0x30, 0x90, 0xB0: self.init(operand.union(.destination), variant: .offset)
      case 0x80: self.init(.destination)
      case 0xD0: self.init(.destination, variant: .immediate)
      default: self.init(operand.union(.destination))
      }
    case .jmp, .jmp32:
      switch opcode & 0xF0 {
      case 0x00: self.init(opcode & 7 == 5 ? .offset : .immediate)
      case 0x80:
        if operand == .immediate { self.init(.immediate, variant: .source) } else { self.init(.destination) }
      case 0x90: self.init([])
      default: self.init(operand.union([.destination, .offset]))
      }
    case .ldx: self.init([.destination, .source, .offset])
    case .st: self.init([.destination, .offset, .immediate])
    case .stx: self.init([.destination, .source, .offset], variant: opcode & 0xE0 == 0xC0 ? .immediate : [])
    case .ld:
      switch opcode {
      case 0x18: self.init([.destination, .immediate], variant: .source)
      case 0xB8, 0xD8: self.init([.destination, .immediate])
      default: self.init(opcode & 0xE0 == 0x40 ? [.source, .immediate] : .immediate)
      }
    }
  }
}

extension InstructionClass {
  init(opcode: UInt8) {
    // SAFETY: the eight cases stand for 0 to 7 in this order, and the mask leaves no other number.
    self = unsafe unsafeBitCast(opcode & 7, to: InstructionClass.self)
  }
}
