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
    cells[index].transfer = Transfer(of: instructions[index])
    if let distance = instructions[index].distance {
      let target = index + 1 + distance
      cells[target].isTarget = true
      if instructions[index].operation == .callLocal {
        shape.hasLocalCalls = true
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
    let effects = Effects(
      at: index, instructions, liveAfter: &next, &shape, cells, hasGrown: &hasGrownBehind)
    next = next.subtracting(effects.definitions).union(effects.uses)
    if next != cells[index].live {
      cells[index].live = next
      // Jumps forward have been seen after what they lead to in this same round.
      if cells[index].isLoopStart || cells[index].isCalled { hasGrownBehind = true }
    }
    index -= 1
  }
  return hasGrownBehind
}

/// Which halves an instruction reads, given which of its results are needed, and which it writes.
struct Effects {
  var uses = CellSet.empty
  var definitions = CellSet.empty

  /// - Parameters:
  ///   - index: of the instruction.
  ///   - instructions: the program.
  ///   - live: what the next instruction needs before, what some instruction behind needs afterwards.
  ///   - shape: learns what callers need when functions return.
  ///   - cells: what is needed where, as far as it is known.
  ///   - hasGrown: set when `shape` has learned something.
  @inline(__always)
  init(
    at index: Int, _ instructions: Span<Instruction>, liveAfter live: inout CellSet, _ shape: inout Shape,
    _ cells: borrowing MutableSpan<CompilerCell>, hasGrown: inout Bool
  ) {
    let transfer = cells[index].transfer
    if transfer.contains(.branch) {
      live = live.union(cells[index + 1 + Int(instructions[index].offset)].live)
    } else if transfer.contains(.irregular) {
      setIrregular(instructions[index], at: index, &live, &shape, cells, &hasGrown)
      return
    }
    uses = transfer.uses(liveAfter: live)
    definitions = transfer.definitions
  }

  /// Of what goes elsewhere, calls, and atomic operations.
  @inline(never)
  private mutating func setIrregular(
    _ instruction: Instruction, at index: Int, _ live: inout CellSet, _ shape: inout Shape,
    _ cells: borrowing MutableSpan<CompilerCell>, _ hasGrown: inout Bool
  ) {
    switch instruction.operation {
    case .callLocal:
      let kept = live.intersection(.passingReturns)
      if kept.subtracting(shape.liveAtReturn).bits != 0 {
        shape.liveAtReturn = shape.liveAtReturn.union(kept)
        hasGrown = true
      }
      uses = cells[index + 1 + Int(instruction.immediate)].live
      definitions = .callerSaved
      if shape.mayBeTooDeep { uses.insert(.lower(.r10)) }
    case .exit:
      live = .empty
      uses = shape.liveAtReturn
    case .trap:
      live = .empty
    case .ja, .ja32:
      live = cells[index + 1 + (instruction.distance ?? 0)].live
    case .callHelper:
      uses = Self.arguments(of: Helper(position: instruction.resolved))
      definitions = .both(.r0)
    case .callx:
      uses = Self.arguments(of: nil).union(.both(instruction.destination))
      definitions = .both(.r0)
    default:
      setAtomic(instruction)
    }
  }

  private mutating func setAtomic(_ instruction: Instruction) {
    let isLong = instruction.operation.opcode & 0x18 == 0x18
    uses = CellSet(.lower(instruction.destination)).union(CellSet(.lower(instruction.source)))
    if isLong { uses.insert(.upper(instruction.source)) }
    if instruction.operation.writesSource { definitions = .both(instruction.source) }
    if instruction.operation == .cmpxchg32 || instruction.operation == .cmpxchg64 {
      uses.insert(.lower(.r0))
      if isLong { uses.insert(.upper(.r0)) }
      definitions = .both(.r0)
    }
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
