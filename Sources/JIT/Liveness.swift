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

  /// Becomes what `cell`, which it was, is when this is needed.
  @inline(__always)
  mutating func setLive(_ live: CellSet, of cell: CompilerCell) {
    state = cell.state & ~Self.cells | live.bits
  }

  @inline(__always)
  private func flag(_ bit: UInt32) -> Bool { state >> bit & 1 != 0 }
  @inline(__always)
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
  /// A loop starts or ends here, or a function is called.
  var bearsLoopOrFunction: Bool {
    @inline(__always) get { state & (1 << 25 | 1 << 26 | 1 << 27) != 0 }
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
    let transfer = Transfer(of: instructions[index])
    cells[index].transfer = transfer
    if !transfer.isRegular, let distance = instructions[index].distance {
      let target = index &+ 1 &+ distance
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
    index &-= 1
  }
  shape.mayBeTooDeep = shape.hasLocalCalls && maximumDepth >= 8
  // Sets only grow, so this ends. One round does it but for functions that are called.
  repeat { propagateLiveness(instructions, &shape, &cells) } while shape.hasGrown
  return shape
}

/// One round from the last instruction to the first, in which loops are gone through until nothing changes in them: those
/// within others not before all that the outer ones need is known.
private func propagateLiveness(
  _ instructions: Span<Instruction>, _ shape: inout Shape, _ cells: inout MutableSpan<CompilerCell>
) {
  shape.hasGrown = false
  var next = CellSet.empty
  let count = instructions.count
  var index = count &- 1
  // How many loops the instruction is in, where the outermost of them ends, and whether one has to be gone through again.
  var (depth, end, isIncomplete) = (0, 0, false)
  // From here on loops are gone through again.
  var repeated = count
  // Behind here everything is as its successors want it, but for what follows from a change that has just been made.
  var upToDate = count
  precondition(cells.count >= count)
  while index >= 0 {
    // SAFETY: there is a cell for each instruction.
    let cell = unsafe cells[unchecked: index]
    let transfer = cell.transfer
    if transfer.contains(.irregular) {
      next = Effects.find(at: index, instructions, liveAfter: next, &shape, cells).liveBefore
    } else {
      if transfer.contains(.branch) { next = next.union(target(of: index, instructions, cells)) }
      next = transfer.live(before: next)
    }
    let hasChanged = next != cell.live
    if hasChanged {
      unsafe cells[unchecked: index].setLive(next, of: cell)
    } else if index > upToDate {
      // Before here something changes only where somebody looks elsewhere.
      repeat { index &-= 1 } while unsafe index > upToDate && cells[unchecked: index].transfer.isRegular
      next = unsafe cells[unchecked: index &+ 1].live
      continue
    }
    if cell.bearsLoopOrFunction {
      // Calls may stand behind. Jumps forward are seen after what they lead to.
      if hasChanged, cell.isCalled { shape.hasGrown = true }
      if cell.isLoopEnd, index < repeated {
        if depth == 0 { end = index }
        depth &+= 1
      }
      if cell.isLoopStart {
        // Whether the jumps back to here have seen less.
        let hasGrown =
          hasChanged
          && (cell.hasSeveralJumps || !next.subtracting(cells[cell.lastJump].live).isEmpty)
        var again = -1
        if index >= repeated {
          if hasGrown { again = cell.lastJump }
        } else {
          depth &-= 1
          isIncomplete = isIncomplete || hasGrown
          if depth == 0, isIncomplete {
            isIncomplete = false
            repeated = index
            again = end
          }
        }
        if again >= 0 {
          upToDate = index
          index = again
          next = index &+ 1 < count ? cells[index &+ 1].live : .empty
          continue
        }
      }
    }
    index &-= 1
  }
}

/// What is needed where conditional jump `index` leads.
@inline(__always)
func target(
  of index: Int, _ instructions: Span<Instruction>, _ cells: borrowing MutableSpan<CompilerCell>
) -> CellSet {
  // SAFETY: an index of the program's.
  cells[index &+ 1 &+ Int(unsafe instructions[unchecked: index].offset)].live
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

  /// Of an instruction whose transfer says all that it reads and writes.
  @inline(__always)
  init(_ transfer: Transfer, liveAfter: CellSet) {
    self.liveAfter = liveAfter
    uses = transfer.uses(liveAfter: liveAfter)
    definitions = transfer.definitions
  }

  /// - Parameters:
  ///   - index: of the instruction.
  ///   - instructions: the program.
  ///   - liveAfter: what the next instruction needs before.
  ///   - shape: learns what callers need when functions return.
  ///   - cells: what is needed where, as far as it is known.
  /// - Returns: the effects of an instruction whose transfer does not say them.
  @inline(never)
  static func find(
    at index: Int, _ instructions: Span<Instruction>, liveAfter: CellSet,
    _ shape: inout Shape, _ cells: borrowing MutableSpan<CompilerCell>
  ) -> Effects {
    var effects = Effects(liveAfter: liveAfter)
    effects.setIrregular(instructions[index], at: index, &shape, cells)
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
