import BPF
import Helpers
import Verifier

extension CompilerCell {
  private static var cells: UInt32 { 0x3F_FFFF }

  /// The halves that some way from this instruction on needs.
  var live: CellSet {
    @inline(__always) get { CellSet(bits: state & Self.cells) }
    @inline(__always) set { state = state & ~Self.cells | newValue.bits }
  }

  private func flag(_ bit: UInt32) -> Bool { state >> bit & 1 != 0 }
  private mutating func setFlag(_ bit: UInt32, _ value: Bool) {
    state = state & ~(1 << bit) | (value ? 1 << bit : 0)
  }

  /// A jump or a call leads here, or the program starts here.
  var isTarget: Bool {
    get { flag(24) }
    set { setFlag(24, newValue) }
  }
  /// A jump from behind leads here.
  var isLoopStart: Bool {
    get { flag(25) }
    set { setFlag(25, newValue) }
  }
  /// A local call leads here.
  var isCalled: Bool {
    get { flag(27) }
    set { setFlag(27, newValue) }
  }
  /// The last jump back to a loop's start.
  var isLoopEnd: Bool {
    get { flag(26) }
    set { setFlag(26, newValue) }
  }
}

/// What the passes over the whole program found.
struct Shape {
  var hasLocalCalls = false
  /// Whether calls have to look for a frame that is left.
  var mayBeTooDeep = false
  /// What some caller still needs when a function returns, besides its result.
  var liveAtReturn = CellSet.both(.r0)
}

/// Finds jump targets, loops, and which halves of registers are needed where.
func findShape(
  of instructions: Span<Instruction>, entry: Int, maximumDepth: Int,
  _ cells: inout MutableSpan<CompilerCell>
) -> Shape {
  var shape = Shape()
  var index = instructions.count - 1
  cells[entry].isTarget = true
  while index >= 0 {
    let instruction = instructions[index]
    if instruction.operation == .callLocal { shape.hasLocalCalls = true }
    if let distance = instruction.distance {
      let target = index + 1 + distance
      cells[target].isTarget = true
      if instruction.operation == .callLocal {
        cells[target].isCalled = true
      } else if target <= index, !cells[target].isLoopStart {
        cells[target].isLoopStart = true
        cells[index].isLoopEnd = true
      }
    }
    index -= 1
  }
  shape.mayBeTooDeep = shape.hasLocalCalls && maximumDepth >= 8
  // Sets only grow, so this ends; one round more for each loop around a loop is what it takes in practice.
  while propagateLiveness(instructions, &shape, &cells) {}
  return shape
}

/// One round from the last instruction to the first.
///
/// - Returns: whether another is needed.
@_optimize(speed)
private func propagateLiveness(
  _ instructions: Span<Instruction>, _ shape: inout Shape, _ cells: inout MutableSpan<CompilerCell>
) -> Bool {
  var hasGrownBehind = false
  var next = CellSet.empty
  var index = instructions.count - 1
  while index >= 0 {
    let instruction = instructions[index]
    var after = next
    let effects = Effects(
      of: instruction, at: index, liveAfter: &after, &shape, cells, hasGrown: &hasGrownBehind)
    let before = after.subtracting(effects.definitions).union(effects.uses)
    if before != cells[index].live {
      cells[index].live = before
      // Jumps forward have been seen after what they lead to in this same round.
      if cells[index].isLoopStart || cells[index].isCalled { hasGrownBehind = true }
    }
    next = before
    index -= 1
  }
  return hasGrownBehind
}

extension Effects {
  /// Of any instruction.
  ///
  /// - Parameters:
  ///   - instruction: what to look at.
  ///   - index: of its slot.
  ///   - live: what the next instruction needs before, what some instruction behind needs afterwards.
  ///   - shape: learns what callers need when functions return.
  ///   - cells: what is needed where, as far as it is known.
  ///   - hasGrown: set when `shape` has learned something.
  @inline(__always)
  init(
    of instruction: Instruction, at index: Int, liveAfter live: inout CellSet, _ shape: inout Shape,
    _ cells: borrowing MutableSpan<CompilerCell>, hasGrown: inout Bool
  ) {
    let instructionClass = instruction.operation.opcode & 7
    guard instructionClass == 5 || instructionClass == 6 else {
      self.init(of: instruction, liveAfter: live)
      return
    }
    switch instruction.operation {
    case .callLocal:
      let kept = live.intersection(.passingReturns)
      if kept.subtracting(shape.liveAtReturn).bits != 0 {
        shape.liveAtReturn = shape.liveAtReturn.union(kept)
        hasGrown = true
      }
      self.init(
        uses: cells[index + 1 + Int(instruction.immediate)].live, definitions: .callerSaved)
      if shape.mayBeTooDeep { uses.insert(.lower(.r10)) }
    case .exit:
      live = .empty
      self.init(uses: shape.liveAtReturn, definitions: .empty)
    case .trap:
      live = .empty
      self.init(uses: .empty, definitions: .empty)
    case .ja:
      live = cells[index + 1 + Int(instruction.offset)].live
      self.init(uses: .empty, definitions: .empty)
    case .ja32:
      live = cells[index + 1 + Int(instruction.immediate)].live
      self.init(uses: .empty, definitions: .empty)
    case .callHelper, .callx:
      self.init(of: instruction, liveAfter: live)
    default:
      live = live.union(cells[index + 1 + Int(instruction.offset)].live)
      self.init(of: instruction, liveAfter: live)
    }
  }
}

/// Which halves an instruction reads, given which of its results are needed, and which it writes.
struct Effects {
  var uses = CellSet.empty
  var definitions = CellSet.empty

  init(uses: CellSet, definitions: CellSet) {
    self.uses = uses
    self.definitions = definitions
  }

  /// Of anything but local calls and `exit`.
  @inline(__always)
  init(of instruction: Instruction, liveAfter live: CellSet) {
    let opcode = instruction.operation.opcode
    let (destination, source) = (instruction.destination, instruction.source)
    switch opcode & 7 {
    case 4: setArithmetic32(instruction, opcode, live)
    case 7: setArithmetic64(instruction, opcode, live)
    case 5, 6: setJump(instruction, opcode)
    case 1:
      uses = CellSet(.lower(source))
      definitions = .both(destination)
    case 2:
      uses = CellSet(.lower(destination))
    case 3:
      uses = CellSet(.lower(destination)).union(CellSet(.lower(source)))
      let isLong = opcode & 0x18 == 0x18
      if isLong, !instruction.proven.contains(.sourceFitsWord) { uses.insert(.upper(source)) }
      if instruction.operation.isAtomic {
        if isLong { uses.insert(.upper(source)) }
        if instruction.operation.writesSource { definitions = .both(source) }
        if instruction.operation == .cmpxchg32 || instruction.operation == .cmpxchg64 {
          uses.insert(.lower(.r0))
          if isLong { uses.insert(.upper(.r0)) }
          definitions = .both(.r0)
        }
      }
    default:
      definitions = instruction.operation == .wideUpperHalf ? .empty : .both(destination)
    }
  }

  private mutating func setArithmetic32(_ instruction: Instruction, _ opcode: UInt8, _ live: CellSet) {
    let low = Cell.lower(instruction.destination)
    if opcode & 0xF0 == 0xD0 { return setSwap(instruction, live, isIdentity: opcode == 0xD4) }
    definitions = .both(instruction.destination)
    guard live.contains(low) else { return }
    if opcode & 0xF0 != 0xB0 { uses = CellSet(low) }
    if opcode & 8 != 0 { uses.insert(.lower(instruction.source)) }
  }

  private mutating func setSwap(_ instruction: Instruction, _ live: CellSet, isIdentity: Bool) {
    let (low, high) = (Cell.lower(instruction.destination), Cell.upper(instruction.destination))
    if instruction.immediate == 64 {
      guard !isIdentity else { return }
      definitions = .both(instruction.destination)
      if live.contains(low) { uses.insert(high) }
      if live.contains(high) { uses.insert(low) }
    } else {
      definitions = .both(instruction.destination)
      if live.contains(low) { uses.insert(low) }
    }
  }

  private mutating func setArithmetic64(_ instruction: Instruction, _ opcode: UInt8, _ live: CellSet) {
    let (low, high) = (Cell.lower(instruction.destination), Cell.upper(instruction.destination))
    let code = opcode & 0xF0
    if code == 0xD0 { return setSwap(instruction, live, isIdentity: false) }
    definitions = .both(instruction.destination)
    let proofs = instruction.proven
    let isLowLive = live.contains(low)
    let isHighLive = live.contains(high) && !proofs.contains(.resultFitsWord)
    guard isLowLive || isHighLive else { return }
    let isRegister = opcode & 8 != 0
    let (sourceLow, sourceHigh) = (Cell.lower(instruction.source), Cell.upper(instruction.source))
    let usesHigh = !proofs.contains(.destinationFitsWord)
    let usesSourceHigh = isRegister && !proofs.contains(.sourceFitsWord)
    switch code {
    case 0xB0:
      guard isRegister else { return }
      if instruction.offset == 0 {
        if isLowLive { uses.insert(sourceLow) }
        if isHighLive, usesSourceHigh { uses.insert(sourceHigh) }
      } else {
        uses.insert(sourceLow)
      }
    case 0x40, 0x50, 0xA0:
      // Or, and, exclusive or: half by half.
      if isLowLive {
        uses.insert(low)
        if isRegister { uses.insert(sourceLow) }
      }
      if isHighLive {
        if usesHigh { uses.insert(high) }
        if usesSourceHigh { uses.insert(sourceHigh) }
      }
    case 0x00, 0x10, 0x20, 0x80:
      // Add, subtract, multiply, negate: the upper half depends on all, the lower on the lower.
      uses.insert(low)
      if isRegister { uses.insert(sourceLow) }
      if isHighLive {
        if usesHigh { uses.insert(high) }
        if usesSourceHigh { uses.insert(sourceHigh) }
      }
    case 0x60 where !isRegister:
      // To the left: the lower half moves up.
      let distance = instruction.immediate & 63
      if isLowLive, distance < 32 { uses.insert(low) }
      if isHighLive {
        uses.insert(low)
        if distance < 32, usesHigh { uses.insert(high) }
      }
    case 0x70 where !isRegister, 0xC0 where !isRegister:
      let distance = instruction.immediate & 63
      if isLowLive {
        if distance < 32 { uses.insert(low) }
        if distance > 0, usesHigh { uses.insert(high) }
      }
      if isHighLive, usesHigh { uses.insert(high) }
    default:
      // Shifts by a register, divisions.
      uses.insert(low)
      if usesHigh { uses.insert(high) }
      if isRegister {
        uses.insert(sourceLow)
        if code == 0x30 || code == 0x90, usesSourceHigh { uses.insert(sourceHigh) }
      }
    }
  }

  private mutating func setJump(_ instruction: Instruction, _ opcode: UInt8) {
    switch instruction.operation {
    case .ja, .ja32, .trap, .exit, .callLocal: return
    case .callHelper:
      uses = Self.arguments(of: Helper(position: instruction.resolved))
      definitions = .both(.r0)
      return
    case .callx:
      uses = Self.arguments(of: nil).union(.both(instruction.destination))
      definitions = .both(.r0)
      return
    default: break
    }
    uses = CellSet(.lower(instruction.destination))
    if opcode & 8 != 0 { uses.insert(.lower(instruction.source)) }
    guard opcode & 7 == 5 else { return }
    let proofs = instruction.proven
    if !proofs.contains(.destinationFitsWord) { uses.insert(.upper(instruction.destination)) }
    if opcode & 8 != 0, !proofs.contains(.sourceFitsWord) { uses.insert(.upper(instruction.source)) }
  }

  /// What a helper gets to see; of one that is not known, everything.
  static func arguments(of helper: Helper?) -> CellSet {
    var set = CellSet.empty
    guard let contract = helper?.contract else {
      for number in 1...5 {
        set.insert(Cell(number: number))
        set.insert(Cell(number: number + Cell.registers))
      }
      return set
    }
    var count = contract.argumentCount
    if case .format = contract.argument(count) { count = 5 }
    for number in 0..<count {
      set.insert(Cell(number: number + 1))
      set.insert(Cell(number: number + 1 + Cell.registers))
    }
    return set
  }
}
