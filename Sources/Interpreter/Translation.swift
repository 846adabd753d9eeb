import BPF

/// Makes steps of instructions.
struct Translation {
  /// Where the registers are that the steps will run with.
  let registers: UInt
  /// Where the regions are that wide loads refer to.
  let dataAddress: UInt64
  let rodataAddress: UInt64

  /// Puts the step for each instruction at its index. The instructions are those of a verified program, and there is room.
  @_optimize(speed)
  func translate(_ instructions: Span<Instruction>, into steps: inout MutableSpan<Step>) {
    for index in instructions.indices {
      let instruction = instructions[index]
      steps[index] = step(for: instruction)
      guard instruction.operation == .wideUpperHalf, index > 0 else { continue }
      let number =
        UInt64(UInt32(truncatingIfNeeded: steps[index - 1].operand))
        | UInt64(UInt32(truncatingIfNeeded: steps[index].operand)) << 32
      let value = number &+ base(of: steps[index - 1].operation)
      steps[index - 1].offset = 1
      steps[index - 1].operand = UInt(UInt32(truncatingIfNeeded: value))
      steps[index].operand = UInt(UInt32(truncatingIfNeeded: value >> 32))
    }
  }

  /// What the number in a wide load counts from.
  private func base(of operation: Operation) -> UInt64 {
    switch operation {
    case .lddwData: dataAddress
    case .lddwRodata: rodataAddress
    default: 0
    }
  }

  private func address(of register: Register) -> UInt {
    registers &+ UInt(register.rawValue) &* 8
  }

  @inline(__always)
  private func step(for instruction: Instruction) -> Step {
    let operation = instruction.operation
    let destination = address(of: instruction.destination)
    var step = Step(
      handler: Handler(operation), operation: operation, offset: instruction.offset, destination: destination,
      operand: operation.readsSource
        ? address(of: instruction.source) : UInt(bitPattern: Int(instruction.immediate)))
    let immediate = UInt(UInt32(bitPattern: instruction.immediate))
    switch operation {
    case .sub32Imm:
      step.operand = 0 &- step.operand
    case .lsh32Imm:
      // To the left by n: times 2^n.
      step.operand = 1 &<< (immediate & 31)
    case .lsh64Imm:
      if immediate & 32 != 0 { step.handler = .lsh64Long }
      step.operand = 1 &<< (immediate & 31)
    case .rsh32Imm:
      // To the right by n: times 2^(32 - n), of which the upper half.
      if immediate & 31 == 0 {
        step.become(.mov32Reg, destination)
      } else {
        step.operand = 1 &<< (32 - immediate & 31)
      }
    case .rsh64Imm:
      if immediate & 63 > 32 { step.handler = .rsh64Long }
      if immediate & 63 == 0 {
        step.become(.add64Imm, 0)
      } else {
        step.operand = 1 &<< ((64 - immediate & 63) & 31)
      }
    case .le32:
      step.become(.mov32Reg, destination)
    case .le64:
      step.become(.add64Imm, 0)
    case .ja:
      step.operand = UInt(bitPattern: Int(instruction.offset) &* MemoryLayout<Step>.stride)
    case .ja32, .callLocal:
      step.operand = UInt(bitPattern: Int(instruction.immediate) &* MemoryLayout<Step>.stride)
    case .callHelper:
      step.operand = UInt(instruction.resolved)
    default: break
    }
    return step
  }
}

extension Step {
  fileprivate mutating func become(_ handler: Handler, _ operand: UInt) {
    self.handler = handler
    self.operand = operand
  }
}

extension Operation {
  /// Whether the step needs to know the register in the source field: it has one, or does not look at its operand.
  fileprivate var readsSource: Bool {
    let opcode = opcode
    return opcode & 4 == 0 ? opcode & 1 == 1 : opcode & 8 != 0
  }
}
