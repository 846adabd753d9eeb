import BPF
import Helpers

/// What is still to be filled in, in `Instruction.mark` while programs are generated.
private enum Mark {
  /// A jump that may go anywhere in its function.
  static var jump: UInt8 { 1 }
  /// A call, whose immediate is the number of a function.
  static var call: UInt8 { 2 }
}

extension ProgramGenerator {
  // MARK: Branches

  mutating func generateBranch() {
    if numbers.chance(6) {
      let isLong = numbers.chance(30)
      return emit(isLong ? 0x06 : 0x05, 0, 0, 0, 0, mark: Mark.jump)
    }
    if numbers.chance(1) { return emit(0x85, 0, 0xF, 0, numbers.boundaryWord()) }
    compare(source(), offset: 0, mark: Mark.jump)
  }

  /// A jump on a comparison of a register with a number or another register.
  private mutating func compare(_ register: UInt8, offset: Int16, mark: UInt8) {
    let code: UInt8 = numbers.pick([0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0])
    let width: UInt8 = isWide() ? 5 : 6
    if numbers.chance(50) {
      emit(code | width | 8, register, source(), offset, 0, mark: mark)
    } else {
      let number = numbers.chance(20) ? 0 : numbers.boundaryWord()
      emit(code | width, register, 0, offset, number, mark: mark)
    }
  }

  /// Points the jumps of a function at some instruction of it: mostly one a little ahead.
  mutating func aimJumps(from start: Int) {
    for index in start..<count {
      guard program[index].mark == Mark.jump else { continue }
      let ahead = count - 1 - index
      var target: Int
      switch numbers.below(100) {
      case 0..<75: target = index + 1 + Int(numbers.below(UInt32(min(ahead, 8))))
      case 75..<95: target = index + 1 + Int(numbers.below(UInt32(min(ahead, 120))))
      case 95..<97: target = index + 1
      case 97: target = start + Int(numbers.below(UInt32(index - start + 1)))
      default: target = max(start, index - Int(numbers.below(12)))
      }
      if slotIsUpperHalf(target) { target += 1 }
      aim(index, at: target)
    }
  }

  private mutating func aim(_ index: Int, at target: Int) {
    let distance = target - index - 1
    if program[index].operation == .ja32 || program[index].operation == .callLocal {
      let low = program[index].slot & 0xFFFF_FFFF
      write(low | UInt64(UInt32(truncatingIfNeeded: distance)) << 32, at: index)
    } else {
      let rest = program[index].slot & ~0xFFFF_0000
      write(rest | UInt64(UInt16(truncatingIfNeeded: distance)) << 16, at: index)
    }
  }

  /// Now and then a jump goes into another function.
  mutating func strayJumps() {
    guard profile.functions > 0, numbers.chance(3) else { return }
    for index in 0..<count where program[index].operation.isConditionalJump {
      guard numbers.chance(5) else { continue }
      var target = Int(numbers.below(UInt32(count)))
      if slotIsUpperHalf(target) { target += 1 }
      return aim(index, at: target)
    }
  }

  // MARK: Loops

  mutating func generateLoop() {
    let free = profile.pool & ~reserved
    guard loopDepth < 3, free.nonzeroBitCount > 1 else { return generateBranch() }
    let counter = target()
    let rounds = 1 + numbers.below(numbers.chance(80) ? 5 : 40)
    let countsUp = numbers.chance(40)
    let wide = isWide()
    alu(0xB0, wide: numbers.chance(50), counter, immediate: countsUp ? 0 : rounds)
    reserved |= 1 << counter
    loopDepth += 1
    let start = count
    let length = 1 + numbers.below(loopDepth == 1 ? 8 : 4)
    var exitSite: Int?
    if numbers.chance(30) {
      exitSite = count
      emit(wide ? 0x15 : 0x16, counter, 0, 0, countsUp ? rounds : 0)
    }
    generateItems(length)
    let step: UInt32 = countsUp ? 1 : 0xFFFF_FFFF
    let isSubtracted = numbers.chance(20)
    alu(isSubtracted ? 0x10 : 0x00, wide: wide, counter, immediate: isSubtracted ? 0 &- step : step)
    if numbers.chance(20) { generateItems(1 + numbers.below(2)) }
    let width: UInt8 = wide ? 5 : 6
    if numbers.chance(25) {
      // Out, or else back.
      emit(0x10 | width, counter, 0, 1, countsUp ? rounds : 0)
      jumpBack(0x05, to: start)
    } else if exitSite != nil, numbers.chance(60) {
      jumpBack(numbers.chance(80) ? 0x05 : 0x06, to: start)
    } else if countsUp {
      jumpBack(numbers.pick([0x50, 0xA0, 0xC0]) | width, counter, rounds, to: start)
    } else {
      jumpBack(numbers.pick([0x50, 0x50, 0x20, 0x60]) | width, counter, 0, to: start)
    }
    if let exitSite { aim(exitSite, at: count) }
    reserved &= ~(1 << counter)
    loopDepth -= 1
  }

  private mutating func jumpBack(_ opcode: UInt8, _ register: UInt8 = 0, _ number: UInt32 = 0, to start: Int)
  {
    let distance = start - count - 1
    if opcode == 0x06 {
      emit(opcode, 0, 0, 0, UInt32(truncatingIfNeeded: distance))
    } else {
      emit(opcode, register, 0, Int16(truncatingIfNeeded: distance), number)
    }
  }

  // MARK: Calls

  mutating func callSomeFunction() {
    guard callsLeft > 0, loopDepth < 2 else { return }
    callsLeft -= 1
    switch profile.calls {
    case .none: return
    case .tree:
      guard functionNumber < profile.functions else { return }
      let rest = UInt32(profile.functions - functionNumber)
      call(functionNumber + 1 + Int(numbers.below(rest)))
    case .chain:
      guard functionNumber < profile.functions else { return }
      call(functionNumber + 1)
    case .recursion:
      guard functionNumber == 0, reserved & 2 == 0 else { return }
      alu(0xB0, wide: numbers.chance(70), 1, immediate: numbers.below(12))
      call(1)
    case .any: call(1 + Int(numbers.below(UInt32(profile.functions))))
    }
  }

  mutating func callFunction(_ number: Int) {
    call(number)
  }

  /// Calls function `number`, which may not exist yet.
  mutating func call(_ number: Int) {
    // Loops do not survive what they count with.
    guard reserved & 0x3F == 0 else { return }
    for register in 1..<UInt8(6) where ((profile.pool | 2) & ~initialised) >> register & 1 != 0 {
      initialise(register)
    }
    emit(0x85, 0, 1, 0, UInt32(truncatingIfNeeded: number), mark: Mark.call)
    forgetCallerSaved()
  }

  mutating func resolveCalls() {
    for index in 0..<count where program[index].mark == Mark.call {
      aim(index, at: Int(starts[Int(program[index].immediate)]))
    }
  }

  private mutating func forgetCallerSaved() {
    initialised &= ~0x3E
    pointers &= ~0x3F
    initialised |= 1
    guard numbers.chance(80) else { return }
    for register in 1..<UInt8(6) where profile.pool >> register & 1 != 0 && numbers.chance(50) {
      initialise(register)
    }
  }

  mutating func callHelper() {
    guard reserved & 0x3F == 0 else { return }
    let number: UInt32 = numbers.pick([0x01, 0x02, 0x10, 0x11, 0x12, 0x20, 0x52])
    guard let helper = Helper(rawValue: UInt8(truncatingIfNeeded: number)) else { return }
    for argument in 1..<UInt8(6) where initialised >> argument & 1 == 0 || numbers.chance(30) {
      guard Int(argument) <= helper.contract.argumentCount || numbers.chance(40) else { continue }
      initialise(argument)
    }
    if numbers.chance(25) {
      let register = 6 + UInt8(truncatingIfNeeded: numbers.below(4))
      guard reserved >> register & 1 == 0 else { return }
      // Sometimes one that is not granted, or none.
      let called: UInt32 = numbers.chance(92) ? number : numbers.chance(50) ? 0x13 : numbers.boundaryWord()
      alu(0xB0, wide: isWide(), register, immediate: called)
      emit(0x8D, register)
    } else {
      emit(0x85, 0, 0, 0, number)
    }
    wrote(0)
    initialised &= ~0x3E
    pointers &= ~0x3E
    for register in 1..<UInt8(6) where profile.pool >> register & 1 != 0 && numbers.chance(40) {
      initialise(register)
    }
  }
}
