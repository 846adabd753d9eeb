import BPF
import Helpers

// What an instruction does to the state; `proofs` becomes what is proven about it. One that breaks a rule says `none` or
// `breach`, and `breach` which rule.
extension Analysis {
  // MARK: Arithmetic. RFC 9669 §4.1, §4.2

  /// The number of what an arithmetic instruction gives.
  @inline(__always)
  mutating func calculate(_ opcode: UInt8, _ instruction: Instruction) -> ValueNumber {
    guard let code = ArithmeticCode(opcode: opcode) else { return .unknown }
    if code == .mov, instruction.offset == 0 { return copy(opcode, instruction) }
    let state = state
    let is64Bit = opcode & 7 == 7
    var proven = Proofs.reachable.rawValue
    var first = ValueNumber.none
    if code != .mov {
      first = state[instruction.destination]
      guard first != .uninitialised else { return refuseOperand(instruction.destination) }
      proven |= Proofs.destinationFitsWord.rawValue &* state.fitsWord(first)
    }
    var second = ValueNumber.none
    if opcode & 8 != 0, code != .end {
      second = state[instruction.source]
      guard second != .uninitialised else { return refuseOperand(instruction.source) }
      proven |= Proofs.sourceFitsWord.rawValue &* state.fitsWord(second)
    } else if instruction.immediate >= 0, code != .end {
      proven |= Proofs.sourceFitsWord.rawValue
    }
    proofs = Proofs(rawValue: proven)
    // Of sums and the like nothing is known when nothing is of an operand.
    if is64Bit, min(first, second) == .unknown, code.spreadsUnknown { return .unknown }
    let result = calculate(code, is64Bit, first, second, instruction)
    prove(.resultFitsWord, of: result)
    return result
  }

  /// The number of what a move gives that extends no sign.
  @inline(__always)
  private mutating func copy(_ opcode: UInt8, _ instruction: Instruction) -> ValueNumber {
    let is64Bit = opcode & 7 == 7
    var proven = Proofs.reachable.rawValue
    var result: ValueNumber
    if opcode & 8 != 0 {
      result = state[instruction.source]
      guard result != .uninitialised else { return refuseOperand(instruction.source) }
      proven |= Proofs.sourceFitsWord.rawValue &* state.fitsWord(result)
      if !is64Bit, !state.upperHalfIsZero(result) { result = state.number(of: state.value(result).lowerHalf) }
    } else {
      let isNegative = instruction.immediate < 0
      if !isNegative { proven |= Proofs.sourceFitsWord.rawValue }
      result = state.number(
        of: AbstractValue(
          as: isNegative && is64Bit ? .signExtended : .zeroExtended,
          UInt32(bitPattern: instruction.immediate), 0, 32))
    }
    proven |= Proofs.resultFitsWord.rawValue &* state.fitsWord(result)
    proofs = Proofs(rawValue: proven)
    return result
  }

  /// The number of what comes of a value and another one, or the immediate.
  @inline(__always)
  private mutating func calculate(
    _ code: ArithmeticCode, _ is64Bit: Bool, _ first: ValueNumber, _ second: ValueNumber,
    _ instruction: Instruction
  ) -> ValueNumber {
    var a = first == .none ? .unknown : state.value(first)
    if code == .end {
      return state.number(of: Self.swap(a, instruction.operation.opcode, instruction.immediate))
    }
    var b = second == .none ? AbstractValue(immediate: instruction.immediate) : state.value(second)
    if !is64Bit { (a, b) = (a.lowerHalf, b.lowerHalf) }
    if code == .div || code == .mod, b.membersExcludeZero { proofs.insert(.divisorNonZero) }
    return state.number(of: .arithmetic(code, is64Bit: is64Bit, a, b, variant: instruction.offset))
  }

  /// Notes what holds of a value whose upper half is zero, if this one's is.
  @inline(__always)
  mutating func prove(_ proof: Proofs, of number: ValueNumber) {
    proofs = Proofs(rawValue: proofs.rawValue | proof.rawValue &* state.fitsWord(number))
  }

  private static func swap(_ a: AbstractValue, _ opcode: UInt8, _ bits: Int32) -> AbstractValue {
    switch bits {
    case 16: AbstractValue(0, through: Int64(UInt16.max))
    case 32: opcode == 0xD4 ? a.lowerHalf : .word
    default: opcode == 0xD4 ? a : .unknown
    }
  }

  /// Nothing was written to the register.
  @inline(never)
  mutating func refuseOperand(_ register: Register) -> ValueNumber {
    refuse(.uninitialisedRegister, found: Int64(register.rawValue))
    return .none
  }

  /// Whether a value must not decide where the program goes or what it touches.
  @inline(__always)
  mutating func isIndecisive(_ number: ValueNumber) -> Bool {
    number == .uninitialised || number == .indeterminate
  }

  /// Why the register's value must not.
  @inline(never)
  mutating func refuseDecisive(_ register: Register) {
    let rule: VerifierError.Rule =
      state[register] == .uninitialised ? .uninitialisedRegister : .uninitialisedStack
    refuse(rule, found: Int64(register.rawValue))
  }

  // MARK: All but arithmetic and loads

  /// What comes of any other instruction, whose operands are the bits `uses` of `Differences`.
  @inline(never)
  mutating func step(_ instruction: Instruction, at index: Int, _ uses: Differences.Bits) -> StepOutcome {
    let opcode = instruction.operation.opcode
    proofs = .reachable
    switch opcode & 7 {
    case 2, 3:
      guard store(opcode, instruction) else { return .breach }
      if differences & uses != 0 { differences |= Differences.stack }
      return .goesOn
    case 0:
      loadWide(at: index, instruction)
      return .goesOn
    default: return jump(opcode, instruction, at: index, uses)
    }
  }

  /// The registers and all else with a bit in `bits` are what they were the last time, if there was one.
  private mutating func settle(_ bits: Differences.Bits) {
    if differences & Differences.anything == 0 { differences &= ~bits }
  }

  @inline(never)
  private mutating func loadWide(at index: Int, _ instruction: Instruction) {
    let lowerHalf = UInt32(bitPattern: instruction.immediate)
    let offset = Int64(text[index + 1].immediate) << 32 | Int64(lowerHalf)
    let result: AbstractValue =
      switch instruction.operation {
      case .lddwData: AbstractValue(.data, offsets: offset, through: offset, shift: 32)
      case .lddwRodata: AbstractValue(.rodata, offsets: offset, through: offset, shift: 32)
      default: AbstractValue(constant: offset)
      }
    let number = state.number(of: result)
    prove(.resultFitsWord, of: number)
    state[instruction.destination] = number
    settle(1 << UInt32(instruction.destination.rawValue))
  }

  // MARK: Jumps. RFC 9669 §4.3

  private static var resultBit: Differences.Bits { 1 }
  private static var argumentBits: Differences.Bits { 0x3E }

  private mutating func jump(
    _ opcode: UInt8, _ instruction: Instruction, at index: Int, _ uses: Differences.Bits
  ) -> StepOutcome {
    switch instruction.operation {
    case .ja, .ja32:
      let distance = opcode == 0x05 ? Int(instruction.offset) : Int(instruction.immediate)
      arrive(at: index + 1 + distance, from: index)
      return .ends
    case .exit:
      if state.mayBeFirst {
        if !state.mayBeCalled, isIndecisive(state[.r0]) {
          refuseDecisive(.r0)
          return .breach
        }
        canEnd = true
      }
      prove(.destinationFitsWord, of: state[.r0])
      return .ends
    case .trap:
      canEnd = true
      return .ends
    case .callLocal:
      // Functions are analysed once, for any arguments, and may write whatever they get the address of. RFC 9669 §4.3.1
      let saved = state.beginCall()
      arrive(at: index + 1 + Int(instruction.immediate), from: index, Differences.everything)
      state.endCall(saved)
      settle(Self.resultBit | Self.argumentBits | Differences.stack)
      return .goesOn
    case .callHelper: return callHelper(instruction.resolved)
    case .callx:
      guard !isIndecisive(state[instruction.destination]) else {
        refuseDecisive(instruction.destination)
        return .breach
      }
      state.writeAnything()
      state.endCall(result: .unknown)
      settle(Self.resultBit | Self.argumentBits | Differences.stack)
      return .goesOn
    default: return branch(opcode, instruction, at: index, uses)
    }
  }

  @inline(never)
  private mutating func callHelper(_ position: UInt8) -> StepOutcome {
    guard let helper = Helper(position: position) else { return .goesOn }
    // What sleeps lets others go on, until somebody ends it.
    if helper == .periodicWakeup { canEnd = true }
    let contract = helper.contract
    guard use(contract.argument(1), .r1), use(contract.argument(2), .r2), use(contract.argument(3), .r3)
    else {
      return .breach
    }
    let haveChanged = differences & Self.argumentBits != 0
    settle(Self.resultBit | Self.argumentBits)
    if haveChanged { differences |= Self.resultBit | Differences.stack }
    let result: ValueNumber =
      switch contract.resultKind {
      case .scalar: .unknown
      case .pointer(let argument): Register(rawValue: argument).map { state[$0] } ?? .unknown
      }
    state.endCall(result: result)
    return .goesOn
  }

  @inline(never)
  mutating func branch(
    _ opcode: UInt8, _ instruction: Instruction, at index: Int, _ uses: Differences.Bits
  ) -> StepOutcome {
    let comparesRegisters = opcode & 8 != 0
    let (destination, source) = (instruction.destination, instruction.source)
    proofs = .reachable
    let first = state[destination]
    guard !isIndecisive(first) else {
      refuseDecisive(destination)
      return .breach
    }
    let a = state.value(first)
    var second = ValueNumber.none
    let b: AbstractValue
    if comparesRegisters {
      second = state[source]
      guard !isIndecisive(second) else {
        refuseDecisive(source)
        return .breach
      }
      b = state.value(second)
    } else {
      b = AbstractValue(immediate: instruction.immediate)
    }
    prove(.destinationFitsWord, of: first)
    if comparesRegisters {
      prove(.sourceFitsWord, of: second)
    } else if instruction.immediate >= 0 {
      proofs.insert(.sourceFitsWord)
    }

    let waysBefore = instruction.resolved
    var ways: UInt8 = 0
    var (x, y) = (a, b)
    let comparison = Comparison(opcode: opcode)
    // What holds while a loop goes on. Of two numbers that are known, the second is rather where a range ends.
    let condition = instruction.offset < 0 ? comparison : comparison.negated
    if comparesRegisters, !b.isConstant {
      insertBound(a, beyond: -condition.reach)
    } else {
      insertBound(b, beyond: condition.reach)
    }
    let isSame = differences & uses == 0
    if isSame {
      // The same ways as the last time; there, the operands are not looked at.
      ways = waysBefore & 1
      if ways != 0 { arrive(at: index &+ 1 &+ Int(instruction.offset), from: index) }
    } else if comparison.narrow(&x, &y) {
      ways = 1
      narrow(destination, from: first, a, to: x)
      if comparesRegisters { narrow(source, from: second, b, to: y) }
      // What is narrowed depends on both.
      differences |= uses & ~Differences.anything
      let differences = waysBefore & 1 != 0 ? differences : Differences.everything
      arrive(at: index &+ 1 &+ Int(instruction.offset), from: index, differences)
    }
    if isSame, waysBefore & 4 != 0 {
      // Straight on, nothing is narrowed.
      text.note(index, ways: ways | 6)
      return .goesOn
    }
    if !isSame { differences |= uses & ~Differences.anything }
    (x, y) = (a, b)
    let goesOn = comparison.negated.narrow(&x, &y)
    if goesOn {
      ways |= x == a && y == b ? 6 : 2
      narrow(destination, from: first, a, to: x)
      if comparesRegisters { narrow(source, from: second, b, to: y) }
      if waysBefore & 2 == 0 { differences = Differences.everything }
    }
    text.note(index, ways: ways)
    return goesOn ? .goesOn : .ends
  }

  @inline(__always)
  private mutating func narrow(
    _ register: Register, from number: ValueNumber, _ before: AbstractValue, to value: AbstractValue
  ) {
    if register != .r10 { state[register] = value == before ? number : state.number(of: value) }
  }
}
