import BPF

extension Analysis {
  /// What one instruction does to the state.
  ///
  /// - Returns: whether the next instruction may run after it.
  /// - Throws: the rule that the instruction breaks if it runs with this state.
  @inline(never)
  mutating func step(
    _ instruction: Instruction, at index: Int, _ instructions: borrowing MutableSpan<Instruction>,
    _ proofs: inout Proofs
  ) throws(Breach) -> Bool {
    let opcode = instruction.operation.opcode
    switch InstructionClass(rawValue: opcode & 7) {
    case .alu, .alu64: try calculate(instruction, opcode, &proofs)
    case .ldx: try load(instruction, opcode, &proofs)
    case .st, .stx: try store(instruction, opcode, &proofs)
    case .ld: loadWide(instruction, instructions[index + 1].immediate, &proofs)
    case .jmp, .jmp32, nil: return try jump(instruction, opcode, at: index, instructions, &proofs)
    }
    return true
  }

  // MARK: Arithmetic. RFC 9669 §4.1, §4.2

  private mutating func calculate(
    _ instruction: Instruction, _ opcode: UInt8, _ proofs: inout Proofs
  ) throws(Breach) {
    guard let code = ArithmeticCode(opcode: opcode) else { return }
    let is64Bit = opcode & 7 == 7
    var a = AbstractValue.unknown
    if code != .mov {
      a = try state.cells.operand(instruction.destination)
      if a.upperHalfIsZero { proofs.insert(.destinationFitsWord) }
    }
    let result: AbstractValue
    switch code {
    case .end: result = swap(a, instruction, opcode)
    default:
      let b: AbstractValue
      if opcode & 8 == 0 {
        b = AbstractValue(immediate: instruction.immediate)
      } else {
        b = try state.cells.operand(instruction.source)
      }
      if b.upperHalfIsZero { proofs.insert(.sourceFitsWord) }
      if code == .div || code == .mod {
        let divisor = is64Bit ? b : b.lowerHalf
        if divisor.membersExcludeZero { proofs.insert(.divisorNonZero) }
      }
      result =
        is64Bit
        ? .arithmetic64(code, a, b, variant: instruction.offset)
        : .arithmetic32(code, a.lowerHalf, b.lowerHalf, variant: instruction.offset)
    }
    if result.upperHalfIsZero { proofs.insert(.resultFitsWord) }
    state.cells[instruction.destination] = result
  }

  private func swap(_ a: AbstractValue, _ instruction: Instruction, _ opcode: UInt8) -> AbstractValue {
    switch instruction.immediate {
    case 16: AbstractValue(0, through: Int64(UInt16.max))
    case 32: opcode == 0xD4 ? a.lowerHalf : .word
    default: opcode == 0xD4 ? a : .unknown
    }
  }

  private mutating func loadWide(
    _ instruction: Instruction, _ upperHalf: Int32, _ proofs: inout Proofs
  ) {
    let number = Int64(upperHalf) << 32 | Int64(UInt32(bitPattern: instruction.immediate))
    let result: AbstractValue =
      switch instruction.operation {
      case .lddwData: AbstractValue(.data, offsets: number, through: number, shift: 32)
      case .lddwRodata: AbstractValue(.rodata, offsets: number, through: number, shift: 32)
      default: AbstractValue(constant: number)
      }
    if result.upperHalfIsZero { proofs.insert(.resultFitsWord) }
    state.cells[instruction.destination] = result
  }

  // MARK: Jumps. RFC 9669 §4.3

  private mutating func jump(
    _ instruction: Instruction, _ opcode: UInt8, at index: Int,
    _ instructions: borrowing MutableSpan<Instruction>, _ proofs: inout Proofs
  ) throws(Breach) -> Bool {
    switch instruction.operation {
    case .ja, .ja32:
      let distance = opcode == 0x05 ? Int(instruction.offset) : Int(instruction.immediate)
      arrive(at: index + 1 + distance, from: index, instructions)
      return false
    case .exit:
      if state.mayBeFirst {
        if !state.mayBeCalled { _ = try state.cells.decisive(.r0) }
        canEnd = true
      }
      return false
    case .trap:
      canEnd = true
      return false
    case .callLocal:
      callLocal(index + 1 + Int(instruction.immediate), from: index, instructions)
      return true
    case .callHelper:
      try callHelper(instruction)
      return true
    case .callx:
      _ = try state.cells.decisive(instruction.destination)
      state.writeAnything()
      state.endCall(result: .unknown)
      return true
    default:
      return try branch(instruction, opcode, at: index, instructions, &proofs)
    }
  }

  private mutating func branch(
    _ instruction: Instruction, _ opcode: UInt8, at index: Int,
    _ instructions: borrowing MutableSpan<Instruction>, _ proofs: inout Proofs
  ) throws(Breach) -> Bool {
    let comparesRegisters = opcode & 8 != 0
    let (destination, source) = (instruction.destination, instruction.source)
    let a = try state.cells.decisive(destination)
    let b: AbstractValue
    if comparesRegisters {
      b = try state.cells.decisive(source)
    } else {
      b = AbstractValue(immediate: instruction.immediate)
    }
    if a.upperHalfIsZero { proofs.insert(.destinationFitsWord) }
    if b.upperHalfIsZero { proofs.insert(.sourceFitsWord) }
    if b.isConstant, let number = b.range { state.insertBound(number.low) }
    if comparesRegisters, a.isConstant, let number = a.range { state.insertBound(number.low) }

    var (x, y) = (a, b)
    if Comparison(opcode: opcode, isTaken: true).narrow(&x, &y) {
      narrow(destination, to: x)
      if comparesRegisters { narrow(source, to: y) }
      arrive(at: index + 1 + Int(instruction.offset), from: index, instructions)
    }
    (x, y) = (a, b)
    guard Comparison(opcode: opcode, isTaken: false).narrow(&x, &y) else { return false }
    narrow(destination, to: x)
    if comparesRegisters { narrow(source, to: y) }
    return true
  }

  private mutating func narrow(_ register: Register, to value: AbstractValue) {
    if register != .r10 { state.cells[register] = value }
  }

  // MARK: Local calls. RFC 9669 §4.3.1

  /// Functions are analysed once, for any arguments, and may write whatever they get the address of.
  private mutating func callLocal(
    _ target: Int, from index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) {
    let saved = state.beginCall()
    arrive(at: target, from: index, instructions)
    state.endCall(saved)
  }
}
