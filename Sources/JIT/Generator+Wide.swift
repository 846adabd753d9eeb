import BPF
import Thumb2
import Verifier

/// Arithmetic of 64 bits: on the lower half alone where nobody needs the upper one. RFC 9669 §4.1
extension Generator {
  mutating func generateArithmetic64(_ instruction: Instruction, _ opcode: UInt8) {
    let proofs = instruction.proven
    let high = Cell.upper(instruction.destination)
    let isHighWanted = live.contains(high) && !proofs.contains(.resultFitsWord)
    // Bits of the code of those whose lower half depends on lower halves alone.
    let isLowerAlone =
      opcode & 0xF0 == 0x60
      ? opcode & 8 == 0 && instruction.immediate & 32 == 0
      : 0x0D37 as UInt32 &>> UInt32(opcode >> 4) & 1 != 0
    // Nothing was computed for what nobody needs: an upper half that is known to be zero needs no operands.
    if !isHighWanted, isLowerAlone || !live.contains(.lower(instruction.destination)) {
      return generateArithmetic32(instruction, opcode)
    }
    setOperands(instruction, opcode)
    let isRegister = opcode & 8 != 0
    switch opcode & 0xF0 {
    case 0xB0:
      return generateMove64(width: instruction.offset)
    case 0x40, 0x50, 0xA0:
      let operation: Assembler.Operation =
        opcode & 0xF0 == 0x40 ? .or : opcode & 0xF0 == 0x50 ? .and : .exclusiveOr
      if live.contains(low) { generateBitwise(operation, low, right) } else { forget(low) }
      if let number = leftHigh.constant { define(high, .constant(number)) }
      return generateBitwise(operation, high, rightHigh)
    case 0x60 where !isRegister, 0x70 where !isRegister, 0xC0 where !isRegister:
      let type: ShiftType =
        opcode & 0xF0 == 0x60 ? .left : opcode & 0xF0 == 0x70 ? .right : .arithmeticRight
      return generateShift64(
        type, by: UInt8(truncatingIfNeeded: instruction.immediate & 63),
        isHighWanted: isHighWanted)
    case 0x60, 0x70, 0xC0:
      return generateShift64(opcode)
    case 0x30, 0x90:
      return generateDivision64(instruction, isRemainder: opcode & 0xF0 == 0x90)
    default: break
    }
    switch opcode & 0xF0 {
    case 0x00: generateSum64(.add)
    case 0x10: generateSum64(.subtract)
    case 0x20: generateMultiply64()
    default: generateNegation64()
    }
  }

  /// Finds what both halves of the operands of an instruction of 64 bits are.
  @inline(never)
  mutating func setOperands(_ instruction: Instruction, _ opcode: UInt8) {
    (low, high) = (.lower(instruction.destination), .upper(instruction.destination))
    let proofs = instruction.proven
    if opcode & 8 != 0 {
      right = operand(.lower(instruction.source))
      rightHigh = proofs.contains(.sourceFitsWord) ? .constant(0) : operand(.upper(instruction.source))
    } else {
      right = .constant(UInt32(bitPattern: instruction.immediate))
      rightHigh = .constant(UInt32(bitPattern: instruction.immediate >> 31))
    }
    leftHigh = proofs.contains(.destinationFitsWord) ? .constant(0) : operand(high)
  }

  /// Sees to it that all operands can be had, and that the destination can be written.
  @inline(never)
  private mutating func settleOperands() {
    settle(.cell(low))
    settle(leftHigh)
    settle(right)
    settle(rightHigh)
    makeWay(low)
    makeWay(high)
  }

  private mutating func generateMove64(width: Int16) {
    guard width != 0 else {
      copy(low, right)
      return copy(high, rightHigh)
    }
    // The operand may be what waits in the lower half, which is forgotten when nobody needs it behind.
    if !live.contains(low) {
      generateSign(of: right, width, into: high)
      return forget(low)
    }
    if width == 32 {
      copy(low, right)
    } else {
      generateMove(low, right, width: width)
    }
    generateSign(of: .cell(low), width, into: high)
  }

  /// `high` = the sign of the number of `width` bits in `operand`, in every bit.
  private mutating func generateSign(of operand: Operand, _ width: Int16, into high: Cell) {
    settle(operand)
    let value = value(of: operand)
    if value.kind == .constant {
      let number = Int32(bitPattern: value.number &<< UInt32(truncatingIfNeeded: 32 &- width)) >> 31
      return define(high, .constant(UInt32(bitPattern: number)))
    }
    guard value.kind == .copy else { return }
    define(
      high,
      .extract(
        value.first, lowest: UInt8(truncatingIfNeeded: width - 1), width: 1, signed: true))
  }

  // MARK: Shifts by a constant

  private mutating func generateShift64(
    _ type: ShiftType, by distance: UInt8, isHighWanted: Bool
  ) {
    if leftHigh.constant == 0, type != .left {
      // The sign is zero too.
      if live.contains(low) {
        if distance >= 32 {
          clear(low)
        } else {
          generateShift(.right, low, operand(low), distance: distance)
        }
      } else {
        forget(low)
      }
      return clear(high)
    }
    if distance == 0 {
      if !isHighWanted { return clear(high) }
      if let number = leftHigh.constant { define(high, .constant(number)) }
      return
    }
    if type == .left {
      guard isHighWanted else {
        clear(low)
        return clear(high)
      }
      if distance >= 32 {
        generateShift(.left, high, operand(low), distance: distance - 32)
        return clear(low)
      }
      funnel(into: high, leftHigh, .left, distance, operand(low), .right)
      guard live.contains(low) else { return forget(low) }
      return generateShift(.left, low, operand(low), distance: distance)
    }
    // To the right.
    if distance >= 32 {
      if live.contains(low) {
        generateShift(type, low, leftHigh, distance: distance - 32)
      } else {
        forget(low)
      }
      guard isHighWanted else { return clear(high) }
      if type == .right { return clear(high) }
      return generateShift(.arithmeticRight, high, leftHigh, distance: 31)
    }
    if live.contains(low) {
      funnel(into: low, operand(low), .right, distance, leftHigh, .left)
    } else {
      forget(low)
    }
    guard isHighWanted else { return clear(high) }
    generateShift(type, high, leftHigh, distance: distance)
  }

  /// `cell` = (`near` shifted by `distance`) | (`far` shifted the other way by the rest of 32).
  @inline(never)
  private mutating func funnel(
    into cell: Cell, _ near: Operand, _ type: ShiftType, _ distance: UInt8, _ far: Operand,
    _ otherType: ShiftType
  ) {
    settle(near)
    settle(far)
    makeWay(cell)
    let destination = target(cell)
    if near.constant == 0 {
      let source = register(far, Self.scratch2)
      code.shift(otherType, destination, source, by: UInt32(32 - distance))
      return finish(cell, in: destination)
    }
    let nearRegister = register(near, Self.scratch)
    let farRegister = register(far, Self.scratch2)
    // The far half is read again after the first step, so that step must not overwrite it.
    let aside = destination == farRegister ? Self.scratch : destination
    code.shift(type, aside, nearRegister, by: UInt32(distance))
    code.combine(.or, destination, aside, farRegister, otherType, UInt32(32 - distance))
    finish(cell, in: destination)
  }

  // MARK: Sums

  private mutating func generateSum64(_ operation: Assembler.Operation) {
    settleOperands()
    let left = operand(low)
    let isAdding = operation == .add
    let lowDestination = live.contains(low) ? target(low) : Self.scratch2
    let a = register(left, Self.scratch)
    if let number = constant(right), let constant = ImmediateConstant(number) {
      code.emit(isAdding ? Form.addsConstant : .subsConstant, lowDestination.number, a.number, constant.bits)
    } else {
      let b = register(right, Self.scratch2)
      if lowDestination.isLow, a.isLow, b.isLow {
        code.emit(isAdding ? Form.addsRegister : .subsRegister, lowDestination.number, a.number, b.number)
      } else {
        code.emit(isAdding ? Form.addsWide : .subsWide, lowDestination.number, a.number, b.number, 0)
      }
    }
    // Neither loads nor stores nor moves of registers touch the flags, and constants in r12 and lr come by such too.
    if live.contains(low), homeRegister(low) == nil { store(lowDestination, to: low) }
    let highDestination = target(high)
    let c = register(leftHigh, Self.scratch)
    if let number = constant(rightHigh), let constant = ImmediateConstant(number) {
      code.emit(isAdding ? Form.adcConstant : .sbcConstant, highDestination.number, c.number, constant.bits)
    } else {
      let d = register(rightHigh, Self.scratch2)
      code.emit(isAdding ? Form.adcWide : .sbcWide, highDestination.number, c.number, d.number, 0)
    }
    finishStored(low)
    finish(high, in: highDestination)
  }

  @inline(never)
  mutating func constant(_ operand: Operand) -> UInt32? {
    if let number = operand.constant { return number }
    let value = value(of: operand)
    return value.kind == .constant ? value.number : nil
  }

  /// The new value of `cell` is in its home already.
  @inline(never)
  mutating func finishStored(_ cell: Cell) {
    forget(cell)
    if flagged == cell { flagged = nil }
  }

  private mutating func generateNegation64() {
    (right, rightHigh) = (.constant(0), .constant(0))
    settleOperands()
    let left = operand(low)
    let lowDestination = live.contains(low) ? target(low) : Self.scratch2
    let a = register(left, Self.scratch)
    code.emit(.rsbsConstant, lowDestination.number, a.number, 0)
    if live.contains(low), homeRegister(low) == nil { store(lowDestination, to: low) }
    let highDestination = target(high)
    let c = register(leftHigh, Self.scratch)
    // c - 2c - borrow
    code.emit(.sbcWide, highDestination.number, c.number, c.number, 1 << 2 | UInt32(ShiftType.left.rawValue))
    finishStored(low)
    finish(high, in: highDestination)
  }

  // MARK: Products

  private mutating func generateMultiply64() {
    // A constant on the left would want the registers that one on the right wants.
    if operand(low).constant != nil { materialize(low) }
    if let number = leftHigh.constant, number != 0 { materialize(high) }
    if leftHigh.constant != 0 { leftHigh = .cell(high) }
    settleOperands()
    let left = operand(low)
    // Crosswise products first, into r12: they count for the upper half only.
    var hasCross = false
    let spare = registers.spareScratch
    if constant(rightHigh) != 0 {
      let a = register(left, Self.scratch)
      let b = register(rightHigh, Self.scratch2)
      code.emit(.mul, Self.scratch.number, a.number, b.number)
      hasCross = true
    }
    if constant(leftHigh) != 0 {
      let a = register(leftHigh, Self.scratch2)
      let b = register(right, a == Self.scratch2 ? spare ?? Self.scratch : Self.scratch2)
      if hasCross {
        code.emit(.mla, Self.scratch.number, a.number, b.number, Self.scratch.number)
      } else {
        code.emit(.mul, Self.scratch.number, a.number, b.number)
      }
      hasCross = true
    }
    let a = register(left, hasCross ? spare ?? Self.scratch2 : Self.scratch)
    let b = register(right, Self.scratch2)
    let lowHome = live.contains(low) ? homeRegister(low) : nil
    let highHome = homeRegister(high)
    let lowDestination = lowHome ?? Self.scratch2
    let highDestination = highHome ?? spare ?? Self.scratch
    code.emit(.umull, lowDestination.number, highDestination.number, a.number, b.number)
    if hasCross { code.combine(.add, highDestination, highDestination, Self.scratch) }
    if live.contains(low) {
      if lowHome == nil { store(lowDestination, to: low) }
      finishStored(low)
    } else {
      forget(low)
    }
    if highHome == nil { store(highDestination, to: high) }
    finishStored(high)
  }

  // MARK: Shifts by a register, divisions

  private mutating func generateShift64(_ opcode: UInt8) {
    rightHigh = .constant(0)
    let code: UInt8 = opcode & 0xF0 == 0x60 ? 4 : opcode & 0xF0 == 0x70 ? 5 : 6
    callRoutine(kind: code)
  }

  private mutating func generateDivision64(_ instruction: Instruction, isRemainder: Bool) {
    if constant(leftHigh) == 0, constant(rightHigh) == 0 {
      if live.contains(low) {
        generateDivision(low, right, isSigned: false, isRemainder: isRemainder)
      } else {
        forget(low)
      }
      return clear(high)
    }
    let kind: UInt8 = (isRemainder ? 1 : 0) | (instruction.offset != 0 ? 2 : 0)
    callRoutine(kind: kind)
  }

  /// Passes two numbers of 64 bits on the stack, and takes one back.
  private mutating func callRoutine(kind: UInt8) {
    guard live.contains(low) || live.contains(high) else {
      forget(low)
      return forget(high)
    }
    settleOperands()
    let left = operand(low)
    moveStack(by: -16)
    pass(left, leftHigh, at: 0)
    pass(right, rightHigh, at: 8)
    call(environment.routines.divide, with: UInt32(kind))
    moveStack(by: 16)
    take(low, high)
  }

  /// Puts both halves of an argument, which have been settled, on the stack.
  @inline(never)
  mutating func pass(_ low: Operand, _ high: Operand, at offset: Int) {
    let a = register(low, Self.scratch)
    let b = register(high, Self.scratch2)
    code.transferPair(isLoad: false, a, b, base: .sp, offset: offset)
  }

  @inline(never)
  mutating func moveStack(by bytes: Int) {
    code.moveStack(by: bytes)
    stackOffset -= bytes
  }

  /// Calls a routine that changes r12 and lr alone, with a number in r12.
  @inline(never)
  mutating func call(_ address: UInt32, with number: UInt32) {
    code.move(Self.scratch, number)
    code.moveLong(Self.scratch2, address)
    code.emit(.blx, Self.scratch2.number)
    flagged = nil
  }

  /// The result of a routine, from r12 and lr.
  @inline(never)
  mutating func take(_ low: Cell, _ high: Cell) {
    if live.contains(low) { finish(low, in: Self.scratch) } else { forget(low) }
    if live.contains(high) { finish(high, in: Self.scratch2) } else { forget(high) }
  }
}
