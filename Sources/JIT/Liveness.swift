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
  /// More than one jump from behind leads here.
  var hasSeveralJumps: Bool {
    get { flag(28) }
    set { setFlag(28, newValue) }
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
  /// Whether what callers need, or functions, has grown in a round.
  fileprivate var hasGrown = false
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
    let transfer = cells[index].transfer
    if transfer.contains(.branch) || transfer.contains(.irregular),
      let distance = instructions[index].distance
    {
      let target = index + 1 + distance
      cells[target].isTarget = true
      if instructions[index].operation == .callLocal {
        shape.hasLocalCalls = true
        cells[target].isCalled = true
      } else if target <= index {
        if cells[target].isLoopStart {
          cells[target].hasSeveralJumps = true
        } else {
          cells[target].isLoopStart = true
          cells[target].lastJump = index
          cells[index].isLoopEnd = true
        }
      }
    }
    index -= 1
  }
  shape.mayBeTooDeep = shape.hasLocalCalls && maximumDepth >= 8
  // Sets only grow, so this ends. One round does it but for functions that are called.
  repeat { propagateLiveness(instructions, &shape, &cells) } while shape.hasGrown
  return shape
}

/// One round from the last instruction to the first, in which loops are gone through until nothing changes in them.
@_optimize(speed)
private func propagateLiveness(
  _ instructions: Span<Instruction>, _ shape: inout Shape, _ cells: inout MutableSpan<CompilerCell>
) {
  shape.hasGrown = false
  var next = CellSet.empty
  var index = instructions.count - 1
  precondition(cells.count >= instructions.count)
  while index >= 0 {
    // SAFETY: there is a cell for each instruction.
    let (known, transfer) = unsafe (cells[unchecked: index].live, cells[unchecked: index].transfer)
    if transfer.isRegular {
      next = transfer.live(before: next)
    } else {
      next = Effects.find(at: index, instructions, transfer, liveAfter: next, &shape, cells).liveBefore
    }
    if next != known {
      unsafe cells[unchecked: index].live = next
      // Calls may stand behind. Jumps forward are seen after what they lead to.
      if cells[index].isCalled { shape.hasGrown = true }
      guard cells[index].isLoopStart else {
        index &-= 1
        continue
      }
      let jump = cells[index].lastJump
      if cells[index].hasSeveralJumps || !next.subtracting(cells[jump].live).isEmpty {
        // The jumps back to here have seen less.
        index = jump
        next = index + 1 < instructions.count ? cells[index + 1].live : .empty
        continue
      }
    }
    index &-= 1
  }
}

/// Which halves an instruction reads, given which of its results are needed, and which it writes.
struct Effects {
  var uses = CellSet.empty
  var definitions = CellSet.empty
  /// What is needed behind it, wherever that is.
  var liveAfter: CellSet

  var liveBefore: CellSet {
    @inline(__always)
    get { liveAfter.subtracting(definitions).union(uses) }
  }

  /// Of an instruction whose transfer is regular.
  @inline(__always)
  init(_ transfer: Transfer, liveAfter: CellSet) {
    self.liveAfter = liveAfter
    uses = transfer.uses(liveAfter: liveAfter)
    definitions = transfer.definitions
  }

  /// - Parameters:
  ///   - index: of the instruction.
  ///   - instructions: the program.
  ///   - transfer: of the instruction.
  ///   - liveAfter: what the next instruction needs before.
  ///   - shape: learns what callers need when functions return.
  ///   - cells: what is needed where, as far as it is known.
  /// - Returns: the effects of any instruction.
  @inline(never)
  static func find(
    at index: Int, _ instructions: Span<Instruction>, _ transfer: Transfer, liveAfter: CellSet,
    _ shape: inout Shape, _ cells: borrowing MutableSpan<CompilerCell>
  ) -> Effects {
    let instruction = instructions[index]
    guard transfer.contains(.irregular) else {
      let target = cells[index + 1 + Int(instruction.offset)].live
      return Effects(transfer, liveAfter: liveAfter.union(target))
    }
    var effects = Effects(liveAfter: liveAfter)
    effects.setIrregular(instruction, at: index, &shape, cells)
    return effects
  }

  private init(liveAfter: CellSet) {
    self.liveAfter = liveAfter
  }

  /// Of what goes elsewhere, calls, and atomic operations.
  private mutating func setIrregular(
    _ instruction: Instruction, at index: Int, _ shape: inout Shape,
    _ cells: borrowing MutableSpan<CompilerCell>
  ) {
    switch instruction.operation {
    case .callLocal:
      let kept = liveAfter.intersection(.passingReturns)
      if kept.subtracting(shape.liveAtReturn).bits != 0 {
        shape.liveAtReturn = shape.liveAtReturn.union(kept)
        shape.hasGrown = true
      }
      uses = cells[index + 1 + Int(instruction.immediate)].live
      definitions = .callerSaved
      if shape.mayBeTooDeep { uses.insert(.lower(.r10)) }
    case .exit:
      liveAfter = .empty
      uses = shape.liveAtReturn
    case .trap:
      liveAfter = .empty
    case .ja, .ja32:
      liveAfter = cells[index + 1 + (instruction.distance ?? 0)].live
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
