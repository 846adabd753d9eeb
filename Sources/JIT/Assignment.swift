import BPF
import Thumb2
import Verifier

/// Where each cell lives while the program runs: in a core register, or in a word on the stack.
///
/// A view of a `RegisterTable`.
struct RegisterAssignment: ~Escapable {
  private let places: Span<UInt8>
  private let constants: Span<UInt32>
  let constantCount: Int
  /// Words on the stack.
  let stackWords: Int
  /// The third register for intermediate values, besides r12 and lr: when cells live on the stack.
  let spareScratch: CoreRegister?
  /// The words on the stack are counted from here.
  let stackBase: CoreRegister

  @_lifetime(borrow table)
  init(_ table: borrowing RegisterTable) {
    places = table.places.span
    constants = table.constants.span
    constantCount = table.constantCount
    stackWords = table.stackWords
    spareScratch = table.spareScratch
    stackBase = table.stackBase
  }

  /// Where the cell lives, as a number that others have which live there too.
  @inline(__always)
  func place(_ cell: Cell) -> Int {
    // SAFETY: there is an entry for each number that a cell can have; see `CellTable`.
    unsafe Int(places[unchecked: cell.index])
  }

  /// `nil` when the cell does not live in a register.
  @inline(__always)
  func register(_ cell: Cell) -> CoreRegister? {
    let place = place(cell)
    // SAFETY: an enumeration without payloads is one byte that numbers its cases, of which there are 16.
    return place < 16 ? unsafe unsafeBitCast(UInt8(truncatingIfNeeded: place), to: CoreRegister.self) : nil
  }

  /// Which word on the stack; `nil` when the cell does not live there.
  @inline(__always)
  func stackWord(_ cell: Cell) -> Int? {
    let place = place(cell)
    return place >= 16 && place != RegisterTable.none ? place - 16 : nil
  }

  @inline(__always)
  func constant(_ index: Int) -> UInt32 { constants[index] }
}

/// What `RegisterAssignment` shows.
struct RegisterTable {
  /// Of each cell and each constant: the number of a register, 16 and more a word on the stack, `none` nowhere.
  fileprivate var places = InlineArray<28, UInt8>(repeating: Self.none)
  /// Of each place, the cells that live there.
  fileprivate(set) var residents = InlineArray<40, UInt32>(repeating: 0)
  /// What the constants are.
  fileprivate var constants = InlineArray<6, UInt32>(repeating: 0)
  fileprivate var constantCount = 0
  fileprivate var stackWords = 0
  fileprivate var spareScratch: CoreRegister?
  fileprivate var stackBase = CoreRegister.sp

  // Tables by place have an entry for it too: what lives nowhere is asked about as well.
  fileprivate static var none: UInt8 { 39 }

  // The census is `inout`, as what is only borrowed is copied to be looked at.

  /// Gives the cells with the greatest weights registers. Cells that are never needed at the same time may share one.
  ///
  /// - Parameters:
  ///   - census: what is known about the cells.
  ///   - available: registers that may be given away, bit n for rn.
  ///   - hasLocalCalls: whether functions call each other, so that sp moves.
  fileprivate mutating func fill(_ census: inout Census, available: UInt32, hasLocalCalls: Bool) {
    distribute(&census, available)
    guard stackWords > 0 else { return }
    // Work on cells that live on the stack may take more registers, so there are fewer to give away.
    guard census.needsSpare || hasLocalCalls else { return }
    self = RegisterTable()
    var rest = available
    if census.needsSpare { spareScratch = Self.takeHighest(&rest) }
    if hasLocalCalls { stackBase = Self.takeHighest(&rest) }
    distribute(&census, rest)
  }

  private mutating func distribute(_ census: inout Census, _ available: UInt32) {
    var constantRegisters: UInt32 = 0
    // Cells that have a place.
    var placed: UInt32 = 0
    var waiting = census.needed.bits | (1 &<< UInt32(census.constantCount) &- 1) &<< UInt32(Cell.count)
    while waiting != 0 {
      var heaviest = waiting.trailingZeroBitCount
      var rest = waiting & (waiting &- 1)
      var greatest = census.weights[heaviest]
      while rest != 0 {
        let index = rest.trailingZeroBitCount
        // SAFETY: `waiting` has a bit for none but the 28 entries.
        let weight = unsafe census.weights[unchecked: index]
        if weight > greatest { (heaviest, greatest) = (index, weight) }
        rest &= rest &- 1
      }
      waiting &= ~(1 &<< UInt32(heaviest))
      let isConstant = heaviest >= Cell.count
      var taken = constantRegisters
      var takenWords: UInt32 = 0
      var others = isConstant ? placed : census.conflicts[heaviest] & placed
      while others != 0 {
        let place = places[others.trailingZeroBitCount]
        if place < 16 {
          taken |= 1 &<< UInt32(place)
        } else {
          takenWords |= 1 &<< UInt32(place - 16)
        }
        others &= others &- 1
      }
      let free = available & ~taken
      if isConstant {
        guard free != 0 else { continue }
        // Constants come one behind the other in the list, whichever of them got a register.
        let register = free.trailingZeroBitCount
        constants[constantCount] = census.constants[heaviest - Cell.count]
        places[Cell.count + constantCount] = UInt8(truncatingIfNeeded: register)
        constantRegisters |= 1 &<< UInt32(register)
        constantCount += 1
        continue
      }
      placed |= 1 &<< UInt32(heaviest)
      if free != 0 {
        // What a move would lead to the same register needs no move.
        let wanted = places[Int(census.partners[heaviest])]
        let isGood = wanted < 16 && free >> UInt32(wanted) & 1 != 0
        places[heaviest] = isGood ? wanted : UInt8(truncatingIfNeeded: free.trailingZeroBitCount)
      } else {
        let word = (~takenWords).trailingZeroBitCount
        places[heaviest] = UInt8(truncatingIfNeeded: 16 + word)
        stackWords = max(stackWords, word + 1)
      }
      residents[Int(places[heaviest])] |= 1 &<< UInt32(heaviest)
    }
  }

  private static func takeHighest(_ free: inout UInt32) -> CoreRegister {
    let number = 31 - free.leadingZeroBitCount
    free &= ~(1 &<< UInt32(number))
    return CoreRegister(rawValue: UInt8(truncatingIfNeeded: number)) ?? .r10
  }
}

/// Counts how often each cell is touched, more in loops, and gives out registers.
func assignRegisters(
  _ instructions: Span<Instruction>, entry: Int, _ shape: Shape, _ environment: NativeEnvironment,
  _ cells: inout MutableSpan<CompilerCell>, _ table: inout RegisterTable
) {
  var census = Census()
  var depth: UInt32 = 0
  var needed = CellSet.empty
  var shape = shape
  let count = instructions.count
  precondition(cells.count >= count)
  var following = cells[0]
  for index in 0..<count {
    let cell = following
    let transfer = cell.transfer
    if cell.isLoopStart {
      depth &+= 1
      census.weight = 1 &<< (3 &* min(depth, 5))
    }
    needed = needed.union(cell.live)
    // SAFETY: there is a cell for each instruction.
    following = index &+ 1 < count ? unsafe cells[unchecked: index &+ 1] : CompilerCell()
    let effects: Effects
    if transfer.contains(.irregular) {
      effects = Effects.find(at: index, instructions, liveAfter: following.live, &shape, cells)
    } else if transfer.contains(.branch) {
      effects = Effects(transfer, liveAfter: following.live.union(target(of: index, instructions, cells)))
    } else {
      effects = Effects(transfer, liveAfter: following.live)
    }
    census.count(effects, transfer, instructions, index)
    if cell.isLoopEnd {
      depth &-= 1
      census.weight = 1 &<< (3 &* min(depth, 5))
    }
  }
  census.addStart(cells[entry].live)
  if shape.hasLocalCalls { census.isolateFramePointer() }
  // Whatever is needed somewhere has to live somewhere.
  census.needed = needed
  census.add(needed, 1)
  census.makeSymmetric(needed)
  let available: UInt32 = environment.isolation == .checked ? 0x7FF : 0xFFF
  table.fill(&census, available: available, hasLocalCalls: shape.hasLocalCalls)
}

/// How often the cells and some constants are touched.
private struct Census {
  var weights = InlineArray<28, UInt32>(repeating: 0)
  var constants = InlineArray<6, UInt32>(repeating: 0)
  var constantCount = 0
  /// Of each cell, those that must not live where it does.
  private(set) var conflicts = InlineArray<22, UInt32>(repeating: 0)
  /// Of each cell, one that it is a copy of somewhere.
  private(set) var partners = InlineArray<22, UInt8>(repeating: 27)
  /// Those that are needed somewhere.
  var needed = CellSet.empty
  /// Whether some instruction needs a third register for intermediate values when its operands live on the stack.
  private(set) var needsSpare = false
  /// Of the instruction that is looked at.
  var weight: UInt32 = 1

  /// Looks at one instruction: what it touches, and what must not be where its results are.
  @inline(__always)
  mutating func count(
    _ effects: Effects, _ transfer: Transfer, _ instructions: Span<Instruction>, _ index: Int
  ) {
    if weight > 1 {
      // SAFETY: an index of the program's.
      let instruction = unsafe instructions[unchecked: index]
      // Of doubles alone is a zero of interest.
      if instruction.immediate != 0 || instruction.operation == .stxdw { countConstant(instruction) }
    }
    let after = effects.liveAfter
    let written = effects.definitions.intersection(after)
    add(effects.uses.union(written), weight)
    if !transfer.isSimple || !written.intersection(.upperHalves).isEmpty {
      separate(effects, after, written, transfer, instructions[index])
    } else if !written.isEmpty {
      // SAFETY: sets hold the numbers of cells alone, for each of which there is an entry.
      unsafe conflicts[unchecked: written.bits.trailingZeroBitCount] |= after.bits
    }
  }

  /// Finds what must not be where the results of an instruction are that has several, or may have them elsewhere.
  @inline(never)
  private mutating func separate(
    _ effects: Effects, _ after: CellSet, _ needed: CellSet, _ transfer: Transfer, _ instruction: Instruction
  ) {
    let isUpperHalfNeeded = !needed.intersection(.upperHalves).isEmpty
    if transfer.contains(.needsSpare) || isUpperHalfNeeded && transfer.contains(.needsSpareForUpperHalf) {
      needsSpare = true
    }
    // Atomic operations write also what nobody needs.
    var written = instruction.operation.isAtomic ? effects.definitions : needed
    var others = after
    if transfer.contains(.worksInSteps)
      || isUpperHalfNeeded && transfer.contains(.worksInStepsForUpperHalf)
    {
      others = others.union(effects.uses)
    }
    while !written.isEmpty {
      let cell = written.removeFirst()
      var set = others
      let isUpper = cell.index >= Cell.registers
      if transfer.contains(isUpper ? .copiesUpperHalf : .copiesLowerHalf) {
        // Copies may be in the same place.
        let source = isUpper ? Cell.upper(instruction.source) : Cell.lower(instruction.source)
        set.remove(source)
        partners[cell.index] = source.number
        partners[source.index] = cell.number
      }
      conflicts[cell.index] |= set.bits
    }
  }

  /// What is there at the start is there at the same time.
  mutating func addStart(_ live: CellSet) {
    var set = live
    while !set.isEmpty { conflicts[set.removeFirst().index] |= live.bits }
  }

  /// Functions do not know whether their callers need r10.
  mutating func isolateFramePointer() {
    conflicts[Cell.lower(.r10).index] = 0x3F_FFFF
  }

  /// Of two `cells` of which one must not live where the other does, the other must not live where the one does.
  mutating func makeSymmetric(_ cells: CellSet) {
    var rest = cells
    while !rest.isEmpty {
      let cell = rest.removeFirst()
      var others = CellSet(bits: conflicts[cell.index] & cells.bits)
      others.remove(cell)
      conflicts[cell.index] = conflicts[cell.index] & ~(1 &<< UInt32(cell.number))
      while !others.isEmpty { conflicts[others.removeFirst().index] |= 1 &<< UInt32(cell.number) }
    }
  }

  @inline(__always)
  mutating func add(_ set: CellSet, _ weight: UInt32) {
    var bits = set.bits
    while bits != 0 {
      // SAFETY: as above.
      unsafe weights[unchecked: bits.trailingZeroBitCount] &+= weight
      bits &= bits &- 1
    }
  }

  /// Constants that no instruction can carry.
  @inline(never)
  private mutating func countConstant(_ instruction: Instruction) {
    if instruction.operation == .stxdw {
      if instruction.proven.contains(.sourceFitsWord) { count(0) }
      return
    }
    let opcode = instruction.operation.opcode
    // Arithmetic and jumps with an immediate.
    guard opcode & 0x0C == 4 else { return }
    let value = UInt32(bitPattern: instruction.immediate)
    let code = opcode & 0xF0
    switch opcode & 3 {
    case 1, 2:
      guard code != 0x80, ImmediateConstant(value) == nil, ImmediateConstant(0 &- value) == nil else {
        return
      }
    default:
      switch code {
      case 0x20: guard value & (value &- 1) != 0 else { return }
      case 0x30, 0x90: guard opcode & 3 == 0 else { return }
      case 0x40, 0x50, 0xA0:
        guard ImmediateConstant(value) == nil, ImmediateConstant(~value) == nil, value & (value &+ 1) != 0
        else { return }
      default: return
      }
    }
    count(value)
  }

  private mutating func count(_ value: UInt32) {
    for index in 0..<constantCount where constants[index] == value {
      weights[Cell.count + index] = weights[Cell.count + index] &+ weight
      return
    }
    guard constantCount < 6 else { return }
    constants[constantCount] = value
    weights[Cell.count + constantCount] = weight
    constantCount += 1
  }
}
