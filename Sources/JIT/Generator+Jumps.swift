import BPF
import Compartment
import Helpers
import Thumb2
import Verifier

extension Generator {
  mutating func generate(
    _ instruction: Instruction, at index: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    let opcode = instruction.operation.opcode
    switch opcode & 7 {
    case 4:
      if opcode & 0xF0 == 0xD0 { return generateSwap(instruction, opcode) }
      generateArithmetic32(instruction, opcode)
    case 7:
      // What gives two halves reads its operands again after it has given the first.
      if live.contains(.upper(instruction.destination)) { awaited = kept }
      if opcode & 0xF0 == 0xD0 { return generateSwap(instruction, opcode) }
      generateArithmetic64(instruction, opcode)
    case 1: generateLoad(instruction, opcode)
    case 2: generateStore(instruction, opcode)
    case 3:
      if opcode & 0xE7 == 0xC3 { return generateAtomic(instruction) }
      generateStore(instruction, opcode)
    case 0: generateWideLoad(instruction, at: index)
    default: generateJump(instruction, at: index, &cells)
    }
  }

  private mutating func generateWideLoad(_ instruction: Instruction, at index: Int) {
    guard instruction.operation != .wideUpperHalf else { return }
    var number =
      UInt64(UInt32(bitPattern: instruction.immediate))
      | UInt64(UInt32(bitPattern: instructions[index + 1].immediate)) << 32
    switch instruction.operation {
    case .lddwData: number &+= UInt64(environment.data)
    case .lddwRodata: number &+= UInt64(environment.rodata)
    default: break
    }
    define(.lower(instruction.destination), .constant(UInt32(truncatingIfNeeded: number)))
    define(.upper(instruction.destination), .constant(UInt32(truncatingIfNeeded: number >> 32)))
  }

  /// Byte swaps. RFC 9669 §4.2
  private mutating func generateSwap(_ instruction: Instruction, _ opcode: UInt8) {
    let (low, high) = (Cell.lower(instruction.destination), Cell.upper(instruction.destination))
    let isReversing = opcode != 0xD4
    let source = operand(low)
    switch instruction.immediate {
    case 16:
      if !isReversing {
        if live.contains(low) { generateBitwise(.and, low, .constant(0xFFFF)) } else { forget(low) }
      } else if live.contains(low) {
        settle(source)
        makeWay(low)
        let destination = target(low)
        let register = register(source, Self.scratch)
        code.extend(.rev16, .rev16Wide, destination, register)
        code.extend(.uxth, .uxthWide, destination, destination)
        finish(low, in: destination)
      } else {
        forget(low)
      }
      clear(high)
    case 32:
      if isReversing { reverse(source, into: low) }
      clear(high)
    default:
      guard isReversing else { return }
      let other = operand(high)
      settle(source)
      settle(other)
      makeWay(low)
      makeWay(high)
      // The lower half is needed for the upper one after it has been overwritten.
      fetchReversed(source, into: Self.scratch2, isWanted: live.contains(high))
      if live.contains(low) {
        let destination = target(low)
        let register = register(other, Self.scratch)
        code.extend(.rev, .revWide, destination, register)
        finish(low, in: destination)
      } else {
        forget(low)
      }
      if live.contains(high) { finish(high, in: Self.scratch2) } else { forget(high) }
    }
  }

  private mutating func fetchReversed(
    _ source: Operand, into destination: CoreRegister, isWanted: Bool
  ) {
    guard isWanted else { return }
    let register = register(source, destination)
    code.extend(.rev, .revWide, destination, register)
  }

  private mutating func reverse(_ source: Operand, into cell: Cell) {
    guard live.contains(cell) else { return forget(cell) }
    settle(source)
    makeWay(cell)
    let destination = target(cell)
    let register = register(source, Self.scratch)
    code.extend(.rev, .revWide, destination, register)
    finish(cell, in: destination)
  }

  // MARK: Jumps. RFC 9669 §4.3

  private mutating func generateJump(
    _ instruction: Instruction, at index: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    switch instruction.operation {
    case .exit:
      if shape.hasLocalCalls {
        kept = shape.liveAtReturn
        flush(shape.liveAtReturn)
        code.pop(1 << 15)
      } else {
        generateReturn()
      }
      forgetAll()
    case .ja, .ja32:
      if isJustTurnedAround(index, cells) { return }
      let target = index + 1 + (instruction.distance ?? 0)
      kept = cells[target].live
      flush(cells[target].live)
      forgetAll()
      if target != index + 1 { jump(nil, from: index, to: target, &cells) }
    case .trap:
      endRun(rule: 9, address: UInt32(bitPattern: instruction.immediate))
      forgetAll()
    case .callHelper:
      let helper = Helper(position: instruction.resolved)
      callHelper(Effects.arguments(of: helper), number: nil, position: instruction.resolved)
    case .callx:
      callHelper(Effects.arguments(of: nil), number: instruction.destination, position: 0)
    case .callLocal: callFunction(instruction, at: index, &cells)
    default: generateBranch(instruction, at: index, &cells)
    }
  }

  /// Where the jump leads that stands behind conditional jump `index`, if it leads backward and nothing else leads to it.
  ///
  /// The branch is turned around then to be that jump: a loop that ends with both needs one of them only, each time around.
  private mutating func loopStart(behind index: Int, _ cells: borrowing MutableSpan<CompilerCell>) -> Int? {
    let next = index + 1
    guard next < instructions.count, !cells[next].isTarget else { return nil }
    let instruction = instructions[next]
    guard instruction.operation == .ja || instruction.operation == .ja32,
      let distance = instruction.distance, distance < 0
    else { return nil }
    return next + 1 + distance
  }

  /// Whether the branch before has done what this jump is for.
  private mutating func isJustTurnedAround(_ index: Int, _ cells: borrowing MutableSpan<CompilerCell>) -> Bool
  {
    guard index > 0, instructions[index - 1].operation.isConditionalJump else { return false }
    return instructions[index - 1].distance != 0 && loopStart(behind: index - 1, cells) != nil
  }

  /// Writes a conditional branch, the flags for which have been set.
  @inline(never)
  private mutating func branch(
    _ condition: Condition, from index: Int, to target: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    if let loopStart = turning {
      jump(condition.inverse, from: index, to: loopStart, &cells)
      jump(nil, from: index, to: target, &cells)
      forgetAll()
    } else {
      jump(condition, from: index, to: target, &cells)
    }
  }

  /// Writes a branch to the code of instruction `target`. `condition` is `nil` when it is always taken.
  private mutating func jump(
    _ condition: Condition?, from index: Int, to target: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    let number = UInt32(condition?.rawValue ?? 0)
    let (narrow, wide): (Form, Form) =
      condition == nil ? (.b, .bWide) : (.bConditional, .bConditionalWide)
    let site = code.count
    if target <= index {
      let destination = Int(cells[target].offset)
      let isNear = site + 2 - destination <= (condition == nil ? 0x400 : 0x80)
      if isNear { code.emit(narrow, number) } else { code.emit(wide, number) }
      _ = code.aim(branchAt: site, to: destination)
    } else {
      let isNear =
        branchesAreShort
        && target - index <= (condition == nil ? 150 : environment.isolation == .checked ? 24 : 40)
      if isNear { code.emit(narrow, number) } else { code.emit(wide, number) }
      wait(index, at: site, &cells)
    }
  }

  private mutating func generateBranch(
    _ instruction: Instruction, at index: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    // Both ways are the same.
    guard instruction.offset != 0 else { return }
    let opcode = instruction.operation.opcode
    let target = index &+ 1 &+ Int(instruction.offset)
    var needed = cells[target].live
    kept = kept.union(needed)
    turning = loopStart(behind: index, cells)
    if let loopStart = turning { needed = needed.union(cells[loopStart].live) }
    let low = Cell.lower(instruction.destination)
    let isRegister = opcode & 8 != 0
    let is64Bit = opcode & 7 == 5
    let countsDown = !isRegister && instruction.immediate == 0 && values[low.index].kind == .addConstant
    flush(countsDown ? needed.subtracting(CellSet(low)) : needed)
    setOperands(instruction, opcode)
    let comparison = Comparison(opcode: opcode)
    if !is64Bit || constant(leftHigh) == 0 && constant(rightHigh) == 0 {
      // Of two numbers whose upper halves are zero, the signs are too.
      branch32(
        is64Bit ? comparison.unsigned : comparison, low, right, countsDown: countsDown, needed,
        from: index, to: target, &cells)
    } else {
      branch64(comparison, needed, from: index, to: target, &cells)
    }
    flagged = nil
  }

  private mutating func branch32(
    _ comparison: Comparison, _ low: Cell, _ right: Operand, countsDown: Bool, _ needed: CellSet,
    from index: Int, to target: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    let left = operand(low)
    if countsDown, comparison.isEquality { countDown(low) }
    flush(needed)
    settle(left)
    settle(right)
    // If both are constants, there is nothing to decide at run time, but the other way stays in the code: this is rare.
    let a = register(left, Self.scratch)
    let number = constant(right)
    guard let condition = comparison.condition else {
      if let number {
        if let constant = ImmediateConstant(number) {
          code.emit(.tstConstant, a.number, constant.bits)
        } else {
          code.move(Self.scratch2, number)
          code.emit(.tstWide, a.number, Self.scratch2.number, 0)
        }
      } else {
        let b = register(right, Self.scratch2)
        if a.isLow, b.isLow {
          code.emit(.tst, a.number, b.number)
        } else {
          code.emit(.tstWide, a.number, b.number, 0)
        }
      }
      return branch(.notEqual, from: index, to: target, &cells)
    }
    if number == 0, comparison.isEquality {
      if flagged == low { return branch(condition, from: index, to: target, &cells) }
      if a.isLow, branchesAreShort, target > index, target - index <= 10,
        turning == nil
      {
        let site = code.count
        let form: Form = condition == .equal ? .cbz : .cbnz
        code.emit(form, a.number)
        return wait(index, at: site, &cells)
      }
    }
    if let number {
      if let holder = constantRegister(number) {
        code.compare(a, holder)
      } else if !code.compare(a, number) {
        code.move(Self.scratch2, number)
        code.compare(a, Self.scratch2)
      }
    } else {
      code.compare(a, register(right, Self.scratch2))
    }
    branch(condition, from: index, to: target, &cells)
  }

  /// Computes a counter so that the flags tell whether it has become zero.
  private mutating func countDown(_ cell: Cell) {
    let value = values[cell.index]
    guard value.kind == .addConstant, let home = homeRegister(cell),
      let source = homeRegister(value.first)
    else { return }
    makeWay(cell)
    guard values[cell.index].kind == .addConstant else { return }
    let isSubtracting = value.number > 0x8000_0000
    let magnitude = isSubtracting ? 0 &- value.number : value.number
    if home.isLow, home == source, magnitude < 0x100 {
      code.emit(isSubtracting ? Form.subsImmediate8 : .addsImmediate8, home.number, magnitude)
    } else if let constant = ImmediateConstant(magnitude) {
      code.emit(isSubtracting ? Form.subsConstant : .addsConstant, home.number, source.number, constant.bits)
    } else {
      return
    }
    finish(cell, in: home)
    flagged = cell
  }

  private mutating func branch64(
    _ comparison: Comparison, _ needed: CellSet, from index: Int, to target: Int,
    _ cells: inout MutableSpan<CompilerCell>
  ) {
    flush(needed)
    let left = Operand.cell(low)
    settle(left)
    settle(leftHigh)
    settle(right)
    settle(rightHigh)
    if comparison.condition == nil || comparison.isEquality {
      let operation: Assembler.Operation = comparison.condition == nil ? .and : .exclusiveOr
      let low = half(operation, left, right, Self.scratch, Self.scratch2)
      let high = half(operation, leftHigh, rightHigh, Self.scratch2, registers.spareScratch ?? Self.scratch2)
      code.emit(.orrsWide, Self.scratch.number, low.number, high.number, 0)
      return branch(comparison.condition ?? .notEqual, from: index, to: target, &cells)
    }
    // Only one of two orders can be told from the borrow, so the other exchanges the operands.
    let isExchanged = comparison.needsExchange
    let (a, b) = isExchanged ? (right, left) : (left, right)
    let (aHigh, bHigh) = isExchanged ? (rightHigh, leftHigh) : (leftHigh, rightHigh)
    let first = register(a, Self.scratch)
    if let number = constant(b), let constant = ImmediateConstant(number) {
      code.emit(.cmpConstant, first.number, constant.bits)
    } else {
      code.compare(first, register(b, Self.scratch2))
    }
    let firstHigh = register(aHigh, Self.scratch)
    if let number = constant(bHigh), let constant = ImmediateConstant(number) {
      code.emit(.sbcsConstant, Self.scratch.number, firstHigh.number, constant.bits)
    } else {
      let second = register(bHigh, Self.scratch2)
      code.emit(.sbcsWide, Self.scratch.number, firstHigh.number, second.number, 0)
    }
    branch(comparison.borrowCondition, from: index, to: target, &cells)
  }

  /// One half of a comparison that looks at single bits, in a register.
  @inline(never)
  private mutating func half(
    _ operation: Assembler.Operation, _ left: Operand, _ right: Operand, _ destination: CoreRegister,
    _ other: CoreRegister
  ) -> CoreRegister {
    let (a, b) = (constant(left), constant(right))
    if operation == .exclusiveOr {
      if b == 0 { return register(left, destination) }
      if a == 0 { return register(right, destination) }
    } else if a == 0 || b == 0 {
      code.move(destination, 0)
      return destination
    }
    if let b, a == nil {
      let source = register(left, destination)
      if code.combine(operation, destination, source, b) { return destination }
    }
    if other == destination {
      // Without a third register at least one of the operands is in one of its own, or both are constants.
      if let a, let b {
        code.move(destination, operation == .and ? a & b : a ^ b)
        return destination
      }
      let (inRegister, elsewhere) = registerIfAny(left) == nil ? (right, left) : (left, right)
      let second = register(elsewhere, destination)
      let first = register(inRegister, destination)
      code.combine(operation, destination, first, second)
      return destination
    }
    let first = register(left, destination)
    let second = register(right, other)
    code.combine(operation, destination, first, second)
    return destination
  }

  // MARK: Calls. RFC 9669 §4.3.1

  /// Calls a helper: by its position, or by the number in a register.
  private mutating func callHelper(_ arguments: CellSet, number: Register?, position: UInt8) {
    var waiting = arguments
    if let number { waiting = waiting.union(.both(number)) }
    while !waiting.isEmpty { settle(.cell(waiting.removeFirst())) }
    makeWay(.lower(.r0))
    makeWay(.upper(.r0))
    let size = number == nil ? 40 : 48
    moveStack(by: -size)
    if let number { pass(.cell(.lower(number)), .cell(.upper(number)), at: 0) }
    for argument in 1...5 {
      let low = Cell(number: argument)
      guard arguments.contains(low) else { continue }
      pass(
        .cell(low), .cell(Cell(number: argument &+ Cell.registers)), at: size &- 48 &+ 8 &* argument)
    }
    call(
      number == nil ? environment.routines.callHelper : environment.routines.callNumbered,
      with: UInt32(position))
    moveStack(by: size)
    take(.lower(.r0), .upper(.r0))
  }

  /// Calls a function of the program.
  private mutating func callFunction(
    _ instruction: Instruction, at index: Int, _ cells: inout MutableSpan<CompilerCell>
  ) {
    let target = index + 1 + Int(instruction.immediate)
    let preserved = live.intersection(.calleeSaved)
    let needed = cells[target].live.union(preserved)
    kept = needed
    flush(needed)
    forgetAll()
    let frame = Cell.lower(.r10)
    let frameRegister = homeRegister(frame)
    if shape.mayBeTooDeep {
      // The frame below has to be within the arena.
      let current = home(frame, Self.scratch2)
      code.moveLong(Self.scratch, environment.arena &+ UInt32(2 * Arena.frameSize))
      code.compare(current, Self.scratch)
      let site = code.count
      code.emit(.bConditional, UInt32(Condition.higherOrSame.rawValue))
      endRun(rule: 4, address: 0)
      land(branchAt: site)
    }
    var saved: UInt32 = 0
    var cellsInRegisters = preserved
    while !cellsInRegisters.isEmpty {
      let cell = cellsInRegisters.removeFirst()
      if let register = homeRegister(cell) {
        saved |= 1 << register.number
      } else {
        load(Self.scratch, from: cell)
        code.push(1 << Self.scratch.number)
      }
    }
    if saved != 0 { code.push(saved) }
    moveFrame(frameRegister, frame, by: 0 &- UInt32(Arena.frameSize))
    let site = code.count
    code.emit(.bl)
    wait(index, at: site, &cells)
    moveFrame(frameRegister, frame, by: UInt32(Arena.frameSize))
    if saved != 0 { code.pop(saved) }
    var cellsOnStack: UInt32 = preserved.bits
    while cellsOnStack != 0 {
      let number = 31 - cellsOnStack.leadingZeroBitCount
      cellsOnStack &= ~(1 &<< UInt32(number))
      let cell = Cell(number: number)
      guard homeRegister(cell) == nil else { continue }
      code.pop(1 << Self.scratch.number)
      store(Self.scratch, to: cell)
    }
    flagged = nil
  }

  private mutating func endRun(rule: UInt32, address: UInt32) {
    code.move(.r0, address)
    call(environment.routines.trap, with: rule)
  }

  private mutating func moveFrame(_ register: CoreRegister?, _ frame: Cell, by distance: UInt32) {
    if let register { return add(register, register, distance) }
    guard stackWord(frame) != nil else { return }
    load(Self.scratch, from: frame)
    add(Self.scratch, Self.scratch, distance)
    store(Self.scratch, to: frame)
  }
}
