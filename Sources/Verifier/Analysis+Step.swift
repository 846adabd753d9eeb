import BPF

extension Analysis {
  /// What the instruction at `index` does to the state; `proofs` becomes what is proven about it.
  ///
  /// Instructions are read in place everywhere: passing one on costs as much as what is done with it.
  ///
  /// - Returns: whether the next instruction may run after it.
  /// - Throws: the rule that the instruction breaks if it runs with this state.
  mutating func step(
    at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) -> Bool {
    let opcode = instructions[index].operation.opcode
    proofs = .reachable
    switch opcode & 7 {
    case 4, 7: try calculate(opcode, at: index, instructions)
    case 1: try load(opcode, at: index, instructions)
    case 2, 3: try store(opcode, at: index, instructions)
    case 0: loadWide(at: index, instructions)
    default: return try jump(opcode, at: index, instructions)
    }
    return true
  }

  /// Whether the upper half is zero: known of the number, or because addresses have 32 bits.
  func fitsWord(_ value: AbstractValue) -> Bool {
    if value.upperHalfIsZero { return true }
    guard regions.addressesFitWord, value.isAddress else { return false }
    // So far, and no farther, arenas keep from both ends of the address space. Read-only data may lie anywhere.
    let offsets = value.signedRange
    if value.kind == .rodata { return offsets.low >= 0 && offsets.high <= Int64(regions.rodataSize ?? 0) }
    return offsets.low >= -1 << 15 && offsets.high < 1 << 15
  }

  // MARK: Arithmetic. RFC 9669 §4.1, §4.2

  @inline(never)
  private mutating func calculate(
    _ opcode: UInt8, at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) {
    guard let code = ArithmeticCode(opcode: opcode) else { return }
    let is64Bit = opcode & 7 == 7
    let destination = instructions[index].destination
    var a = AbstractValue.unknown
    if code != .mov {
      a = try state.cells.operand(destination)
      if fitsWord(a) { proofs.insert(.destinationFitsWord) }
    }
    let result: AbstractValue
    if code == .end {
      result = Self.swap(a, opcode, instructions[index].immediate)
    } else {
      var b: AbstractValue
      if opcode & 8 == 0 {
        b = AbstractValue(immediate: instructions[index].immediate)
      } else {
        b = try state.cells.operand(instructions[index].source)
      }
      if fitsWord(b) { proofs.insert(.sourceFitsWord) }
      if !is64Bit {
        a = a.lowerHalf
        b = b.lowerHalf
      }
      if code == .div || code == .mod, b.membersExcludeZero { proofs.insert(.divisorNonZero) }
      let variant = instructions[index].offset
      if code == .mov && variant == 0 {
        result = b
      } else {
        result =
          is64Bit ? .arithmetic64(code, a, b, variant: variant) : .arithmetic32(code, a, b, variant: variant)
      }
    }
    if fitsWord(result) { proofs.insert(.resultFitsWord) }
    state.cells[destination] = result
  }

  private static func swap(_ a: AbstractValue, _ opcode: UInt8, _ bits: Int32) -> AbstractValue {
    switch bits {
    case 16: AbstractValue(0, through: Int64(UInt16.max))
    case 32: opcode == 0xD4 ? a.lowerHalf : .word
    default: opcode == 0xD4 ? a : .unknown
    }
  }

  @inline(never)
  private mutating func loadWide(at index: Int, _ instructions: borrowing MutableSpan<Instruction>) {
    let lowerHalf = UInt32(bitPattern: instructions[index].immediate)
    let number = Int64(instructions[index + 1].immediate) << 32 | Int64(lowerHalf)
    let result: AbstractValue =
      switch instructions[index].operation {
      case .lddwData: AbstractValue(.data, offsets: number, through: number, shift: 32)
      case .lddwRodata: AbstractValue(.rodata, offsets: number, through: number, shift: 32)
      default: AbstractValue(constant: number)
      }
    if fitsWord(result) { proofs.insert(.resultFitsWord) }
    state.cells[instructions[index].destination] = result
  }

  // MARK: Jumps. RFC 9669 §4.3

  @inline(never)
  private mutating func jump(
    _ opcode: UInt8, at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) -> Bool {
    switch instructions[index].operation {
    case .ja, .ja32:
      let distance = opcode == 0x05 ? Int(instructions[index].offset) : Int(instructions[index].immediate)
      arrive(at: index + 1 + distance, from: index, instructions)
      return false
    case .exit:
      if state.mayBeFirst {
        if !state.mayBeCalled { _ = try state.cells.decisive(.r0) }
        canEnd = true
      }
      if fitsWord(state.cells[.r0]) { proofs.insert(.destinationFitsWord) }
      return false
    case .trap:
      canEnd = true
      return false
    case .callLocal:
      callLocal(index + 1 + Int(instructions[index].immediate), from: index, instructions)
      return true
    case .callHelper:
      try callHelper(instructions[index].resolved)
      return true
    case .callx:
      _ = try state.cells.decisive(instructions[index].destination)
      state.writeAnything()
      state.endCall(result: .unknown)
      return true
    default:
      return try branch(opcode, at: index, instructions)
    }
  }

  private mutating func branch(
    _ opcode: UInt8, at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) -> Bool {
    let comparesRegisters = opcode & 8 != 0
    let (destination, source) = (instructions[index].destination, instructions[index].source)
    let a = try state.cells.decisive(destination)
    let b: AbstractValue
    if comparesRegisters {
      b = try state.cells.decisive(source)
    } else {
      b = AbstractValue(immediate: instructions[index].immediate)
    }
    if fitsWord(a) { proofs.insert(.destinationFitsWord) }
    if fitsWord(b) { proofs.insert(.sourceFitsWord) }
    if b.isConstant, let number = b.range { state.insertBound(number.low) }
    if comparesRegisters, a.isConstant, let number = a.range { state.insertBound(number.low) }

    var (x, y) = (a, b)
    if Comparison(opcode: opcode, isTaken: true).narrow(&x, &y) {
      narrow(destination, to: x)
      if comparesRegisters { narrow(source, to: y) }
      arrive(at: index + 1 + Int(instructions[index].offset), from: index, instructions)
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
