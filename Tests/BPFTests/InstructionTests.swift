import Testing

@testable import BPF

/// A value for every field that the operation uses, each different from zero.
func example(of operation: Operation) -> Instruction {
  Instruction(operation, destination: .r3, source: .r7, offset: -5, immediate: -70_000)
}

@Suite struct InstructionTests {
  @Test func `an instruction occupies twelve bytes`() {
    #expect(MemoryLayout<Instruction>.size == 12)
    #expect(MemoryLayout<Instruction>.stride == 12)
  }

  @Test(arguments: Operation.allCases)
  func `an operation survives encoding and decoding`(operation: Operation) throws {
    let instruction = example(of: operation)
    #expect(try Instruction(slot: instruction.slot) == instruction)
    #expect(UInt8(truncatingIfNeeded: instruction.slot) == operation.opcode)
  }

  @Test func `every opcode with every variant decodes to what it says or is refused`() {
    var decoded = 0
    for opcode in UInt8.min...UInt8.max {
      for variant in UInt8.min...UInt8.max {
        let expected = Operation(rawValue: UInt16(opcode) | UInt16(variant) << 8)
        let field = InstructionFormat(opcode: opcode).variant
        if field == .source, variant > 15 { continue }
        let low = UInt32(opcode) | UInt32(variant) << (field == .source ? 12 : 16)
        let position =
          field.isEmpty
          ? variant == 0 ? Operation.firstPosition(of: opcode) : Operation.none
          : Operation.position(of: low, Int32(variant), field)
        let found = Operation.at(position)
        #expect(found == expected)
        decoded += found == nil ? 0 : 1
      }
    }
    #expect(decoded == Operation.allCases.count)
  }

  @Test func `the index over the opcodes is the one the raw values give`() {
    var index = [UInt8](repeating: 255, count: 256)
    for operation in Operation.allCases.reversed() { index[Int(operation.opcode)] = operation.position }
    for opcode in 0..<256 { #expect(Operation.firstPosition[opcode] == index[opcode], "opcode \(opcode)") }
    for (position, operation) in Operation.allCases.enumerated() {
      #expect(Operation.at(UInt8(position)) == operation)
      #expect(operation.opcode == UInt8(truncatingIfNeeded: operation.rawValue))
    }
    #expect(Operation.at(UInt8(Operation.allCases.count)) == nil)
  }

  @Test func `the table of formats is what the rules give`() {
    for opcode in UInt8.min...UInt8.max {
      let (fields, variant) = format(of: opcode)
      #expect(
        InstructionFormat.all[Int(opcode)] == fields.union(variant).rawValue | variant.rawValue << 4,
        "opcode \(opcode)")
    }
  }

  @Test(arguments: Operation.allCases)
  func `a field that the operation does not use has to be zero`(operation: Operation) {
    let slot = example(of: operation).slot
    let places: [(InstructionFields, UInt64)] = [
      (.destination, 1 << 8), (.source, 1 << 12), (.offset, 1 << 16), (.immediate, 1 << 32),
    ]
    let used = operation.fields
    for (field, bit) in places where !used.contains(field) {
      #expect(throws: DecodeError.reservedFieldsNotZero(opcode: operation.opcode, fields: field)) {
        try Instruction(slot: slot | bit)
      }
    }
  }

  @Test(arguments: Operation.allCases)
  func `the traits of an operation follow from its opcode`(operation: Operation) {
    let opcode = operation.opcode
    let isArithmetic = opcode & 7 == 4 || opcode & 7 == 7
    var traits: OperationTraits = []
    if operation.writesDestination { traits.insert(.writesDestination) }
    if operation.writesSource { traits.insert(.writesSource) }
    let isMove = isArithmetic && opcode & 0xF0 == 0xB0
    let isStore = opcode & 7 == 2 || opcode & 7 == 3
    if isArithmetic && !isMove || isStore || operation.isConditionalJump || operation == .callx {
      traits.insert(.readsDestination)
    }
    let isLoadOrStore = opcode & 7 == 1 || opcode & 7 == 3
    let isBinary = isArithmetic && !operation.isByteSwap || operation.isConditionalJump
    if isLoadOrStore || isBinary && opcode & 8 != 0 { traits.insert(.readsSource) }
    if operation.isJump, operation != .ja32 { traits.insert(.jumpsByOffset) }
    if operation == .ja32 || operation == .callLocal { traits.insert(.jumpsByImmediate) }
    if !operation.mayContinue { traits.insert(.ends) }
    if opcode & 7 == 0 || [.callHelper, .callLocal, .callBTF].contains(operation) {
      traits.insert(.isSpecial)
    }
    #expect(operation.traits == traits)
  }

  @Test func `slots are decoded up to the first that is no instruction`() {
    let text: [UInt8] = [0xB7, 1, 0, 0, 7, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0, 0, 0, 0, 0, 0, 0]
    var room = [Instruction](repeating: Instruction(.trap), count: 4)
    var span = room.mutableSpan
    let decoded = Instruction.decode(text.span, into: &span, at: 1)
    #expect(decoded == 2)
    let expected = [
      Instruction(.trap), Instruction(.mov64Imm, destination: .r1, immediate: 7), Instruction(.exit),
      Instruction(.trap),
    ]
    #expect(room == expected)
  }

  @Test func `unknown opcodes, variants and registers are named`() {
    #expect(throws: DecodeError.unknownOpcode(0xFF)) { try Instruction(slot: 0xFF) }
    #expect(throws: DecodeError.unknownOpcode(0x38)) { try Instruction(slot: 0x38) }
    #expect(throws: DecodeError.unknownVariant(opcode: 0xDB, variant: 0x100)) {
      try Instruction(slot: 0x100_0000_00DB)
    }
    #expect(throws: DecodeError.unknownVariant(opcode: 0x37, variant: -1)) {
      try Instruction(slot: 0xFFFF_0037)
    }
    #expect(throws: DecodeError.unknownVariant(opcode: 0xD7, variant: 24)) {
      try Instruction(slot: 24 << 32 | 0xD7)
    }
    #expect(throws: DecodeError.unknownVariant(opcode: 0x85, variant: 3)) { try Instruction(slot: 0x3085) }
    #expect(throws: DecodeError.unknownVariant(opcode: 0x18, variant: 11)) { try Instruction(slot: 0xB018) }
    #expect(throws: DecodeError.unknownVariant(opcode: 0xBC, variant: 32)) {
      try Instruction(slot: 32 << 16 | 0xBC)
    }
    #expect(throws: DecodeError.destinationOutOfRange(11)) { try Instruction(slot: 0x0BB7) }
    #expect(throws: DecodeError.sourceOutOfRange(15)) { try Instruction(slot: 0xF0BF) }
  }

  @Test func `slots are what the assembler of LLVM writes`() throws {
    let cases: [(UInt64, Instruction)] = [
      (0x0000_0000_0000_028D, Instruction(.callx, destination: .r2)),
      (0x0000_0000_FFF8_237B, Instruction(.stxdw, destination: .r3, source: .r2, offset: -8)),
      (0x0000_00F1_FFF8_1ADB, Instruction(.cmpxchg64, destination: .r10, source: .r1, offset: -8)),
      (0x0000_0000_0001_213F, Instruction(.sdiv64Reg, destination: .r1, source: .r2)),
      (0x0000_0010_0000_01D7, Instruction(.bswap16, destination: .r1)),
      (0xFFFF_FFFB_0000_1085, Instruction(.callLocal, immediate: -5)),
      (0x0000_0007_0000_0006, Instruction(.ja32, immediate: 7)),
    ]
    for (slot, instruction) in cases {
      #expect(instruction.slot == slot)
      #expect(try Instruction(slot: slot) == instruction)
    }
  }
}

@Suite struct OperationTests {
  @Test func `properties follow from the opcode`() {
    #expect(Operation.allCases.filter(\.isWide).count == 9)
    #expect(Operation.allCases.filter(\.isAtomic).count == 20)
    #expect(Operation.allCases.filter(\.isJump).count == 46)
    #expect(Operation.allCases.filter(\.isConditionalJump).count == 44)
    #expect(Operation.allCases.filter { !$0.mayContinue } == [.ja, .ja32, .trap, .exit])
    #expect(
      Operation.allCases.filter(\.isPacketAccess) == [.ldabsb, .ldabsh, .ldabsw, .ldindb, .ldindh, .ldindw])
    #expect(Operation.allCases.filter(\.isByteSwap).count == 9)
    #expect(
      Operation.allCases.filter(\.writesSource) == [
        .atomicFetchAdd32, .atomicFetchOr32, .atomicFetchAnd32, .atomicFetchXor32, .xchg32,
        .atomicFetchAdd64, .atomicFetchOr64, .atomicFetchAnd64, .atomicFetchXor64, .xchg64,
      ])
  }

  @Test func `names agree with the bits`() {
    for operation in Operation.allCases {
      let name = "\(operation)"
      if name.hasSuffix("Imm") { #expect(!operation.takesRegister && operation.fields.contains(.immediate)) }
      if name.hasSuffix("Reg") { #expect(operation.takesRegister && operation.fields.contains(.source)) }
      if name.contains("64"), operation.instructionClass == .alu64 { #expect(operation.is64Bit) }
      if name.contains("32"), operation.instructionClass == .alu { #expect(!operation.is64Bit) }
    }
  }

  @Test func `access sizes are in bytes`() {
    #expect(Operation.ldxb.accessSize == 1)
    #expect(Operation.ldxsh.accessSize == 2)
    #expect(Operation.stw.accessSize == 4)
    #expect(Operation.stxdw.accessSize == 8)
    #expect(Operation.xchg32.accessSize == 4)
    #expect(Operation.cmpxchg64.accessSize == 8)
    #expect(Operation.lddw.accessSize == nil)
    #expect(Operation.add64Imm.accessSize == nil)
  }

  @Test func `distances are those of jumps and local calls`() {
    #expect(Instruction(.ja, offset: -3).distance == -3)
    #expect(Instruction(.ja32, immediate: 70_000).distance == 70_000)
    #expect(Instruction(.jeqImm, offset: 9, immediate: 1).distance == 9)
    #expect(Instruction(.callLocal, immediate: -9).distance == -9)
    #expect(Instruction(.callHelper, immediate: 1).distance == nil)
    #expect(Instruction(.ldxb, offset: 4).distance == nil)
  }
}

/// Which fields carry something, and which of them tells apart the operations that share the opcode. RFC 9669 §3 to §5
private func format(of opcode: UInt8) -> (fields: InstructionFields, variant: InstructionFields) {
  let operand: InstructionFields = opcode & 0x08 == 0 ? .immediate : .source
  switch InstructionClass(opcode: opcode) {
  case .alu, .alu64:
    switch opcode & 0xF0 {
    case 0x30, 0x90, 0xB0: return (operand.union(.destination), .offset)
    case 0x80: return (.destination, [])
    case 0xD0: return (.destination, .immediate)
    default: return (operand.union(.destination), [])
    }
  case .jmp, .jmp32:
    switch opcode & 0xF0 {
    case 0x00: return (opcode & 7 == 5 ? .offset : .immediate, [])
    case 0x80: return operand == .immediate ? (.immediate, .source) : (.destination, [])
    case 0x90: return ([], [])
    default: return (operand.union([.destination, .offset]), [])
    }
  case .ldx: return ([.destination, .source, .offset], [])
  case .st: return ([.destination, .offset, .immediate], [])
  case .stx: return ([.destination, .source, .offset], opcode & 0xE0 == 0xC0 ? .immediate : [])
  case .ld:
    switch opcode {
    case 0x18: return ([.destination, .immediate], .source)
    case 0xB8, 0xD8: return ([.destination, .immediate], [])
    default: return (opcode & 0xE0 == 0x40 ? [.source, .immediate] : .immediate, [])
    }
  }
}
