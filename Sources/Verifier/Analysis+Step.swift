import BPF
import Helpers

extension Analysis {
  /// What the instruction at `index` does to the state; `proofs` becomes what is proven about it.
  ///
  /// - Returns: whether the next instruction may run after it.
  /// - Throws: the rule that the instruction breaks if it runs with this state.
  mutating func step(
    at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) throws(Breach) -> Bool {
    let instruction = instructions[index]
    let opcode = instruction.operation.opcode
    proofs = .reachable
    switch opcode & 7 {
    case 4, 7: try calculate(opcode, instruction)
    case 1: try load(opcode, instruction)
    case 2, 3: try store(opcode, instruction)
    case 0: loadWide(at: index, instructions)
    default: return try jump(opcode, instruction, at: index, instructions)
    }
    return true
  }

  // MARK: Arithmetic. RFC 9669 §4.1, §4.2

  @inline(never)
  private mutating func calculate(_ opcode: UInt8, _ instruction: Instruction) throws(Breach) {
    guard let code = ArithmeticCode(opcode: opcode) else { return }
    let is64Bit = opcode & 7 == 7
    let regions = regions
    var proven = Proofs.reachable
    var a = AbstractValue.unknown
    if code != .mov {
      a = try state.cells.operand(instruction.destination)
      if regions.fitsWord(a) { proven.insert(.destinationFitsWord) }
    }
    let result: AbstractValue
    if code == .end {
      result = Self.swap(a, opcode, instruction.immediate)
    } else {
      var b: AbstractValue
      if opcode & 8 == 0 {
        b = AbstractValue(immediate: instruction.immediate)
      } else {
        b = try state.cells.operand(instruction.source)
      }
      if regions.fitsWord(b) { proven.insert(.sourceFitsWord) }
      if !is64Bit {
        a = a.lowerHalf
        b = b.lowerHalf
      }
      if code == .div || code == .mod, b.membersExcludeZero { proven.insert(.divisorNonZero) }
      let variant = instruction.offset
      if code == .mov && variant == 0 {
        result = b
      } else {
        result =
          is64Bit ? .arithmetic64(code, a, b, variant: variant) : .arithmetic32(code, a, b, variant: variant)
      }
    }
    if regions.fitsWord(result) { proven.insert(.resultFitsWord) }
    proofs = proven
    state.cells[instruction.destination] = result
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
    if regions.fitsWord(result) { proofs.insert(.resultFitsWord) }
    state.cells[instructions[index].destination] = result
  }

  // MARK: Jumps. RFC 9669 §4.3

  @inline(never)
  private mutating func jump(
    _ opcode: UInt8, _ instruction: Instruction, at index: Int,
    _ instructions: borrowing MutableSpan<Instruction>
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
      if regions.fitsWord(state.cells[.r0]) { proofs.insert(.destinationFitsWord) }
      return false
    case .trap:
      canEnd = true
      return false
    case .callLocal:
      callLocal(index + 1 + Int(instruction.immediate), from: index, instructions)
      return true
    case .callHelper:
      // What sleeps lets others go on, until somebody ends it. Asked here and not in the function that is called: there it
      // has the compiler of the firmware (Swift 6.3.1) forget to save a register of the caller's.
      if Helper(position: instruction.resolved) == .periodicWakeup { canEnd = true }
      try callHelper(instruction.resolved)
      return true
    case .callx:
      _ = try state.cells.decisive(instruction.destination)
      state.writeAnything()
      state.endCall(result: .unknown)
      return true
    default:
      return try branch(opcode, instruction, at: index, instructions)
    }
  }

  private mutating func branch(
    _ opcode: UInt8, _ instruction: Instruction, at index: Int,
    _ instructions: borrowing MutableSpan<Instruction>
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
    if regions.fitsWord(a) { proofs.insert(.destinationFitsWord) }
    if regions.fitsWord(b) { proofs.insert(.sourceFitsWord) }
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
