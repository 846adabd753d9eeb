import BPF
import Compartment
import Thumb2
import Verifier

/// Where an access goes.
enum Address {
  /// A register plus an offset that the access itself can add.
  case offset(CoreRegister, Int)
  /// A register plus another shifted to the left.
  case index(CoreRegister, CoreRegister, UInt32)
}

extension Generator {
  /// Loads. RFC 9669 §5.1, §5.2
  mutating func generateLoad(_ instruction: Instruction, _ opcode: UInt8) {
    let operation = instruction.operation
    let (low, high) = (Cell.lower(instruction.destination), Cell.upper(instruction.destination))
    let size = accessSize(opcode)
    let isSafe = isSafe(instruction, instruction.source, size)
    let isWanted = live.contains(low) || live.contains(high)
    // What is known to work and nobody looks at need not be done.
    guard isWanted || !isSafe else {
      forget(low)
      return forget(high)
    }
    let isDouble = operation == .ldxdw
    let isHighLoaded = isDouble && live.contains(high)
    let isLowLoaded = live.contains(low)
    prepare(instruction.source, instruction.offset, size, isDouble: isHighLoaded)
    // An address that nobody else needs is read before the result is written.
    let base = Cell.lower(instruction.source)
    let spared: Cell? = isHighLoaded || live.contains(base) || base == low ? nil : base
    makeWay(low, sparing: spared)
    // Way is made before the load, for what that takes may need the register that is loaded into.
    if isHighLoaded || operation.isSignExtendingLoad && !isLowLoaded { makeWay(high) }
    let address = resolve(
      instruction.source, instruction.offset, size, isSafe: isSafe, isWrite: false, isDouble: isHighLoaded)
    if let spared { forget(spared) }
    guard isDouble else {
      let destination = isLowLoaded ? homeRegister(low) ?? Self.scratch2 : Self.scratch2
      transfer(operation.memoryAccess, isLoad: true, destination, address)
      if isLowLoaded || operation.isSignExtendingLoad && live.contains(high) {
        if operation.isSignExtendingLoad, live.contains(high), !isLowLoaded {
          // The lower half is wanted for its sign alone.
          let highHome = target(high)
          code.shift(.arithmeticRight, highHome, destination, by: 31)
          finish(high, in: highHome)
          return forget(low)
        }
        finish(low, in: destination)
      } else {
        forget(low)
      }
      guard operation.isSignExtendingLoad, !instruction.proven.contains(.resultFitsWord) else {
        return clear(high)
      }
      return define(high, .extract(low, lowest: 31, width: 1, signed: true))
    }
    loadDouble(low, high, address, instruction, isLowLoaded: isLowLoaded, isHighLoaded: isHighLoaded)
  }

  private mutating func loadDouble(
    _ low: Cell, _ high: Cell, _ address: Address, _ instruction: Instruction, isLowLoaded: Bool,
    isHighLoaded: Bool
  ) {
    guard isHighLoaded, case .offset(let base, let offset) = address else {
      let destination = isLowLoaded ? homeRegister(low) ?? Self.scratch2 : Self.scratch2
      transfer(.word, isLoad: true, destination, address)
      if isLowLoaded { finish(low, in: destination) } else { forget(low) }
      // Nobody wants the upper half, or it is known to be zero.
      return clear(high)
    }
    let (lowHome, highHome) = (homeRegister(low), homeRegister(high))
    if isLowLoaded, let lowHome, let highHome, isAligned(instruction, instruction.source),
      Assembler.reachesPair(offset)
    {
      code.transferPair(isLoad: true, lowHome, highHome, base: base, offset: offset)
      finishStored(low)
      return finishStored(high)
    }
    // The address must survive the first of two loads.
    if lowHome == base, isLowLoaded {
      loadHalf(high, base, offset + 4)
      loadHalf(low, base, offset)
    } else {
      if isLowLoaded { loadHalf(low, base, offset) } else { forget(low) }
      loadHalf(high, base, offset + 4)
    }
  }

  @inline(never)
  private mutating func loadHalf(_ cell: Cell, _ base: CoreRegister, _ offset: Int) {
    let destination = homeRegister(cell) ?? Self.scratch2
    code.transfer(.word, isLoad: true, destination, base: base, offset: offset)
    finish(cell, in: destination)
  }

  /// Stores. RFC 9669 §5.1
  mutating func generateStore(_ instruction: Instruction, _ opcode: UInt8) {
    let operation = instruction.operation
    let size = accessSize(opcode)
    let isRegister = opcode & 1 != 0
    let isDouble = size == 8
    let low: Operand =
      isRegister
      ? operand(.lower(instruction.source)) : .constant(UInt32(bitPattern: instruction.immediate))
    let high: Operand =
      !isRegister
      ? .constant(UInt32(bitPattern: instruction.immediate >> 31))
      : instruction.proven.contains(.sourceFitsWord) ? .constant(0) : operand(.upper(instruction.source))
    settle(low)
    if isDouble { settle(high) }
    let isSafe = isSafe(instruction, instruction.destination, size)
    prepare(instruction.destination, instruction.offset, size, isDouble: isDouble)
    let address = resolve(
      instruction.destination, instruction.offset, size, isSafe: isSafe, isWrite: true, isDouble: isDouble)
    guard isDouble, case .offset(let base, let offset) = address else {
      let value = register(low, Self.scratch2)
      return transfer(operation.memoryAccess, isLoad: false, value, address)
    }
    if let lowHome = registerIfAny(low), let highHome = registerIfAny(high),
      isAligned(instruction, instruction.destination), Assembler.reachesPair(offset)
    {
      return code.transferPair(isLoad: false, lowHome, highHome, base: base, offset: offset)
    }
    let value = register(low, Self.scratch2)
    code.transfer(.word, isLoad: false, value, base: base, offset: offset)
    let upper = register(high, Self.scratch2)
    code.transfer(.word, isLoad: false, upper, base: base, offset: offset + 4)
  }

  @inline(never)
  private mutating func transfer(
    _ access: MemoryAccess, isLoad: Bool, _ value: CoreRegister, _ address: Address
  ) {
    switch address {
    case .offset(let base, let offset):
      code.transfer(access, isLoad: isLoad, value, base: base, offset: offset)
    case .index(let base, let index, let shift):
      code.transfer(access, isLoad: isLoad, value, base: base, index: index, shift: shift)
    }
  }

  // MARK: Addresses

  /// How far the address is from r10, if it is a constant distance.
  private mutating func frameOffset(_ base: Register, _ offset: Int16) -> Int? {
    if base == .r10 { return Int(offset) }
    let value = value(of: .cell(.lower(base)))
    let frame = Cell.lower(.r10).number
    if value.kind == .copy, value.a == frame { return Int(offset) }
    guard value.kind == .addConstant, value.a == frame else { return nil }
    return Int(Int32(bitPattern: value.number)) &+ Int(offset)
  }

  /// Whether the access needs no check: it was proven, or goes to the function's own stack frame.
  private mutating func isSafe(_ instruction: Instruction, _ base: Register, _ size: UInt32) -> Bool {
    if instruction.proven.contains(.inBounds) { return true }
    guard let offset = frameOffset(base, instruction.offset) else { return false }
    return offset >= -Arena.frameSize && offset <= 0 - Int(size)
  }

  private mutating func isAligned(_ instruction: Instruction, _ base: Register) -> Bool {
    if instruction.proven.contains(.aligned) { return true }
    guard let offset = frameOffset(base, instruction.offset) else { return false }
    return offset & 3 == 0
  }

  /// Computes the base of an access as far as the access cannot do that itself. Homes may change here, not in `resolve`.
  private mutating func prepare(_ base: Register, _ offset: Int16, _ size: UInt32, isDouble: Bool) {
    let cell = Cell.lower(base)
    let value = values[cell.index]
    switch value.kind {
    case .addConstant:
      let sum = Int(Int32(bitPattern: value.number)) &+ Int(offset)
      if !Assembler.reaches(sum) || !Assembler.reaches(sum &+ (isDouble ? 4 : 0)) { materialize(cell) }
    case .sum:
      if offset != 0 || value.n > 3 || isDouble || homeRegister(value.first) == nil
        || homeRegister(value.second) == nil
      {
        materialize(cell)
      }
    default: settle(.cell(cell))
    }
  }

  /// Finds how to address the access, and checks it if it has to be. Changes no home.
  private mutating func resolve(
    _ base: Register, _ offset: Int16, _ size: UInt32, isSafe: Bool, isWrite: Bool, isDouble: Bool
  ) -> Address {
    accesses &+= 1
    let cell = Cell.lower(base)
    let value = values[cell.index]
    var address: Address
    switch value.kind {
    case .sum:
      address = .index(
        home(value.first, Self.scratch), home(value.second, Self.scratch2), UInt32(value.n))
    case .addConstant:
      address = .offset(
        home(value.first, Self.scratch), Int(Int32(bitPattern: value.number)) &+ Int(offset))
    default:
      address = .offset(register(.cell(cell), Self.scratch), Int(offset))
    }
    if case .offset(let register, let distance) = address,
      !Assembler.reaches(distance) || !Assembler.reaches(distance &+ (isDouble ? 4 : 0))
    {
      add(Self.scratch, register, UInt32(truncatingIfNeeded: distance))
      address = .offset(Self.scratch, 0)
    }
    guard environment.isolation == .checked, !isSafe else { return address }
    return check(address, size, isWrite: isWrite)
  }

  // MARK: Checks

  /// Makes sure that the access stays within the arena, or asks the device's routine about it.
  private mutating func check(_ address: Address, _ size: UInt32, isWrite: Bool) -> Address {
    checkedAccesses &+= 1
    flagged = nil
    let checks = isWrite ? writeChecks : readChecks
    let routine = Int(
      truncatingIfNeeded: checks &>> UInt32(truncatingIfNeeded: 8 &* size.trailingZeroBitCount) & 0xFF)
    let arena = CoreRegister.r11
    if case .offset(let base, let offset) = address, base != Self.scratch, offset >= 0,
      let limit = limit(offset, size)
    {
      // The distance from the arena's start, so that an offset that is not negative needs no addition.
      code.combine(.subtract, Self.scratch, base, arena)
      code.emit(.cmpConstant, Self.scratch.number, limit)
      let site = code.count
      code.emit(.bConditional, UInt32(Condition.lowerOrSame.rawValue))
      add(Self.scratch, base, UInt32(truncatingIfNeeded: offset))
      branch(to: routine)
      land(branchAt: site)
      return address
    }
    switch address {
    case .offset(let base, let offset): add(Self.scratch, base, UInt32(truncatingIfNeeded: offset))
    case .index(let base, let index, let shift):
      if shift == 0 {
        code.combine(.add, Self.scratch, base, index)
      } else {
        code.combine(.add, Self.scratch, base, index, .left, shift)
      }
    }
    code.combine(.subtract, Self.scratch2, Self.scratch, arena)
    code.emit(.cmpConstant, Self.scratch2.number, limit(0, size) ?? 0)
    let site = code.count
    code.emit(.bConditional, UInt32(Condition.lowerOrSame.rawValue))
    branch(to: routine)
    land(branchAt: site)
    return .offset(Self.scratch, 0)
  }

  @inline(never)
  private mutating func branch(to position: Int) {
    let site = code.count
    code.emit(.bl)
    _ = code.aim(branchAt: site, to: position)
  }

  /// The encoding of the greatest constant that a distance from the arena's start may have for the access surely to be inside.
  private mutating func limit(_ offset: Int, _ size: UInt32) -> UInt32? {
    let last = Int(environment.arenaSize) - Int(size) - offset
    guard last >= 0, let limit = UInt32(exactly: last) else { return nil }
    let surplus = 24 - limit.leadingZeroBitCount
    // Eight bits are what an encoding carries; the rest of the arena is left to the routine.
    return ImmediateConstant(surplus > 0 ? (limit >> UInt32(surplus)) << UInt32(surplus) : limit)?.bits
  }

  /// Code that reaches the routines for checks from anywhere in the program: one jump for each size that some access may need.
  mutating func generateSlowChecks() {
    guard environment.isolation == .checked else { return }
    var wanted: UInt32 = 0
    for index in instructions.indices {
      let instruction = instructions[index]
      let opcode = instruction.operation.opcode
      // Loads and stores.
      guard opcode & 4 == 0, opcode & 3 != 0, !instruction.proven.contains(.inBounds) else { continue }
      let size = accessSize(opcode)
      let isWrite = opcode & 2 != 0
      let base = isWrite ? instruction.destination : instruction.source
      if base == .r10, isSafe(instruction, base, size) { continue }
      wanted |= 1 &<< UInt32(truncatingIfNeeded: (isWrite ? 4 : 0) &+ size.trailingZeroBitCount)
    }
    (readChecks, writeChecks) = (0, 0)
    let (read, write) = (environment.routines.checkRead, environment.routines.checkWrite)
    let addresses: InlineArray<8, UInt32> = [
      read.0, read.1, read.2, read.3, write.0, write.1, write.2, write.3,
    ]
    while wanted != 0 {
      let kind = wanted.trailingZeroBitCount & 7
      wanted &= wanted &- 1
      // So little code stands before that a byte holds its place.
      let place = UInt32(truncatingIfNeeded: code.count) &<< UInt32(truncatingIfNeeded: 8 &* (kind & 3))
      if kind < 4 { readChecks |= place } else { writeChecks |= place }
      // LDR pc, [pc, #0], and the address right behind.
      code.emit(.ldrImmediateWide, CoreRegister.pc.number, CoreRegister.pc.number, 0)
      code.emit(word: addresses[kind])
    }
  }

  // MARK: Atomic operations

  /// RFC 9669 §5.3. Plain loads and stores do: nobody but this program reaches its arena while it runs.
  mutating func generateAtomic(_ instruction: Instruction) {
    let operation = instruction.operation
    let size = accessSize(operation.opcode)
    let (low, high) = (Cell.lower(instruction.source), Cell.upper(instruction.source))
    let isCompare = operation == .cmpxchg32 || operation == .cmpxchg64
    let isDouble = size == 8
    materializeIfNeeded(low)
    if isDouble { materializeIfNeeded(high) }
    if isCompare {
      materializeIfNeeded(.lower(.r0))
      if isDouble { materializeIfNeeded(.upper(.r0)) }
    }
    settle(.cell(.lower(instruction.destination)))
    if operation.writesSource { makeWay(low) }
    if operation.writesSource { makeWay(high) }
    if isCompare {
      makeWay(.lower(.r0))
      makeWay(.upper(.r0))
    }
    let isSafe = isSafe(instruction, instruction.destination, size)
    let address = resolve(
      instruction.destination, instruction.offset, size, isSafe: isSafe, isWrite: true, isDouble: isDouble)
    switch address {
    case .offset(let base, let offset): add(Self.scratch, base, UInt32(truncatingIfNeeded: offset))
    case .index(let base, let index, let shift):
      code.combine(.add, Self.scratch, base, index, .left, shift)
    }
    flagged = nil
    if isCompare {
      return compareAndExchange(low, high, isDouble: isDouble)
    }
    exchange(operation, low, 0, isUpper: false)
    if isDouble { exchange(operation, high, 4, isUpper: true) }
    guard operation.writesSource, !isDouble else { return }
    clear(high)
  }

  private mutating func materializeIfNeeded(_ cell: Cell) {
    if values[cell.index].kind != .home { materialize(cell) }
  }

  /// One word of an atomic operation at the address in r12.
  private mutating func exchange(_ operation: Operation, _ cell: Cell, _ offset: Int, isUpper: Bool) {
    let (memory, old) = (Self.scratch, Self.scratch2)
    code.transfer(.word, isLoad: true, old, base: memory, offset: offset)
    let isFetching = operation.writesSource
    let operandHome = homeRegister(cell)
    let operandRegister = operandHome ?? registers.spareScratch ?? .r0
    if operandHome == nil { load(operandRegister, from: cell) }
    let result = isFetching ? operandRegister : old
    let form: Form? =
      switch operation {
      case .atomicAdd32, .atomicFetchAdd32: .addWide
      case .atomicAdd64, .atomicFetchAdd64: isUpper ? .adcWide : .addsWide
      case .atomicOr32, .atomicFetchOr32, .atomicOr64, .atomicFetchOr64: .orrWide
      case .atomicAnd32, .atomicFetchAnd32, .atomicAnd64, .atomicFetchAnd64: .andWide
      case .atomicXor32, .atomicFetchXor32, .atomicXor64, .atomicFetchXor64: .eorWide
      default: nil
      }
    if let form { code.emit(form, result.number, old.number, operandRegister.number, 0) }
    code.transfer(.word, isLoad: false, result, base: memory, offset: offset)
    if isFetching { finish(cell, in: old) }
  }

  private mutating func compareAndExchange(_ low: Cell, _ high: Cell, isDouble: Bool) {
    let (memory, old) = (Self.scratch, Self.scratch2)
    var differs = InlineArray<2, Int>(repeating: 0)
    for half in 0..<(isDouble ? 2 : 1) {
      code.transfer(.word, isLoad: true, old, base: memory, offset: 4 * half)
      let expected = home(half == 0 ? .lower(.r0) : .upper(.r0), registers.spareScratch ?? .r0)
      code.compare(old, expected)
      differs[half] = code.count
      code.emit(.bConditional, UInt32(Condition.notEqual.rawValue))
    }
    for half in 0..<(isDouble ? 2 : 1) {
      let new = home(half == 0 ? low : high, old)
      code.transfer(.word, isLoad: false, new, base: memory, offset: 4 * half)
    }
    let done = code.count
    code.emit(.b)
    for half in 0..<(isDouble ? 2 : 1) { land(branchAt: differs[half]) }
    for half in 0..<(isDouble ? 2 : 1) {
      let cell = half == 0 ? Cell.lower(.r0) : .upper(.r0)
      let destination = homeRegister(cell) ?? old
      code.transfer(.word, isLoad: true, destination, base: memory, offset: 4 * half)
      finish(cell, in: destination)
    }
    land(branchAt: done)
    if !isDouble { clear(.upper(.r0)) }
  }
}

/// Bytes that a load, a store or an atomic operation with this opcode touches.
@inline(__always)
private func accessSize(_ opcode: UInt8) -> UInt32 {
  // A digit for each of the four codes in bits 3 and 4.
  0x8124 &>> (UInt32(opcode & 0x18) >> 1) & 0xF
}

extension Operation {
  fileprivate var isSignExtendingLoad: Bool { self == .ldxsb || self == .ldxsh || self == .ldxsw }

  fileprivate var memoryAccess: MemoryAccess {
    switch self {
    case .ldxb, .stb, .stxb: .byte
    case .ldxh, .sth, .stxh: .halfword
    case .ldxsb: .signedByte
    case .ldxsh: .signedHalfword
    default: .word
    }
  }
}
