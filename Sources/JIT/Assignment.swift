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
  func place(_ cell: Cell) -> Int { Int(places[cell.index]) }

  /// `nil` when the cell does not live in a register.
  @inline(never)
  func register(_ cell: Cell) -> CoreRegister? {
    let place = places[cell.index]
    // SAFETY: an enumeration without payloads is one byte that numbers its cases, of which there are 16.
    return place < 16 ? unsafe unsafeBitCast(place, to: CoreRegister.self) : nil
  }

  /// Which word on the stack; `nil` when the cell does not live there.
  func stackWord(_ cell: Cell) -> Int? {
    let place = places[cell.index]
    return place >= 16 && place != RegisterTable.none ? Int(place) - 16 : nil
  }

  func constant(_ index: Int) -> UInt32 { constants[index] }

  /// The register that always holds `value`.
  func register(holding value: UInt32) -> CoreRegister? {
    if let cell = cell(holding: value) { register(cell) } else { nil }
  }

  /// Which constant cell holds `value`.
  func cell(holding value: UInt32) -> Cell? {
    for index in 0..<constantCount where constants[index] == value { return .constant(index) }
    return nil
  }
}

/// What `RegisterAssignment` shows.
struct RegisterTable {
  /// Of each cell and each constant: the number of a register, 16 and more a word on the stack, `none` nowhere.
  fileprivate var places = InlineArray<28, UInt8>(repeating: Self.none)
  /// What the constants are.
  fileprivate var constants = InlineArray<6, UInt32>(repeating: 0)
  fileprivate var constantCount = 0
  fileprivate var stackWords = 0
  fileprivate var spareScratch: CoreRegister?
  fileprivate var stackBase = CoreRegister.sp

  // Tables by place have an entry for it too: what lives nowhere is asked about as well.
  fileprivate static var none: UInt8 { UInt8(CellTable<UInt32>.count - 1) }

  /// Gives the cells with the greatest weights registers. Cells that are never needed at the same time may share one.
  ///
  /// - Parameters:
  ///   - census: what is known about the cells.
  ///   - available: registers that may be given away, bit n for rn.
  ///   - hasLocalCalls: whether functions call each other, so that sp moves.
  fileprivate init(_ census: borrowing Census, available: UInt32, hasLocalCalls: Bool) {
    self.init()
    distribute(census, available)
    guard stackWords > 0 else { return }
    // Work on cells that live on the stack may take more registers, so there are fewer to give away.
    guard census.needsSpare || hasLocalCalls else { return }
    self = RegisterTable()
    var rest = available
    if census.needsSpare { spareScratch = Self.takeHighest(&rest) }
    if hasLocalCalls { stackBase = Self.takeHighest(&rest) }
    distribute(census, rest)
  }

  private init() {}

  private mutating func distribute(_ census: borrowing Census, _ available: UInt32) {
    // Views: subscripts of arrays in a borrowed value copy the array first.
    let weights = census.weights.span
    let conflicts = census.conflicts.span
    let partners = census.partners.span
    var constantRegisters: UInt32 = 0
    // Cells that have a place.
    var placed: UInt32 = 0
    var waiting: UInt32 = 0
    for index in 0..<28 where weights[index] != 0 { waiting |= 1 &<< UInt32(index) }
    while waiting != 0 {
      var heaviest = waiting.trailingZeroBitCount
      var rest = waiting & (waiting &- 1)
      while rest != 0 {
        let index = rest.trailingZeroBitCount
        if weights[index] > weights[heaviest] { heaviest = index }
        rest &= rest &- 1
      }
      waiting &= ~(1 &<< UInt32(heaviest))
      let isConstant = heaviest >= Cell.count
      var taken = constantRegisters
      var takenWords: UInt32 = 0
      var others = isConstant ? placed : conflicts[heaviest] & placed
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
        let wanted = places[Int(partners[heaviest])]
        let isGood = wanted < 16 && free >> UInt32(wanted) & 1 != 0
        places[heaviest] = isGood ? wanted : UInt8(truncatingIfNeeded: free.trailingZeroBitCount)
      } else {
        let word = (~takenWords).trailingZeroBitCount
        places[heaviest] = UInt8(truncatingIfNeeded: 16 + word)
        stackWords = max(stackWords, word + 1)
      }
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
  _ cells: inout MutableSpan<CompilerCell>
) -> RegisterTable {
  var census = Census()
  var depth: UInt32 = 0
  var needed = CellSet.empty
  var (shape, hasGrown) = (shape, false)
  for index in instructions.indices {
    if cells[index].isLoopStart { depth += 1 }
    census.weight = 1 << (3 * min(depth, 5))
    needed = needed.union(cells[index].live)
    var after = index + 1 < instructions.count ? cells[index + 1].live : .empty
    let effects = Effects(at: index, instructions, liveAfter: &after, &shape, cells, hasGrown: &hasGrown)
    census.count(effects, after: after, cells[index].transfer, instructions[index])
    if census.weight > 1 { census.countConstant(instructions[index]) }
    if cells[index].isLoopEnd { depth -= 1 }
  }
  census.addStart(cells[entry].live)
  if shape.hasLocalCalls { census.isolateFramePointer() }
  // Whatever is needed somewhere has to live somewhere.
  census.add(needed, 1)
  census.makeSymmetric(needed)
  let available: UInt32 = environment.isolation == .checked ? 0x7FF : 0xFFF
  return RegisterTable(census, available: available, hasLocalCalls: shape.hasLocalCalls)
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
  /// Whether some instruction needs a third register for intermediate values when its operands live on the stack.
  private(set) var needsSpare = false
  /// Of the instruction that is looked at.
  var weight: UInt32 = 1

  /// Looks at one instruction: what it touches, and what must not be where its results are.
  mutating func count(
    _ effects: Effects, after: CellSet, _ transfer: Transfer, _ instruction: borrowing Instruction
  ) {
    var written = effects.definitions.intersection(after)
    add(effects.uses.union(written), weight)
    let upperHalves: UInt32 = 0x3F_F800
    let isUpperHalfNeeded = written.bits & upperHalves != 0
    if transfer.contains(.needsSpare) || isUpperHalfNeeded && transfer.contains(.needsSpareForUpperHalf) {
      needsSpare = true
    }
    // They write also what nobody needs.
    if instruction.operation.isAtomic { written = effects.definitions }
    guard !written.isEmpty else { return }
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

  mutating func add(_ set: CellSet, _ weight: UInt32) {
    var set = set
    while !set.isEmpty {
      let index = set.removeFirst().index
      weights[index] = weights[index] &+ weight
    }
  }

  /// Constants that no instruction can carry.
  mutating func countConstant(_ instruction: Instruction) {
    let operation = instruction.operation
    if operation == .stxdw, instruction.proven.contains(.sourceFitsWord) { return count(0) }
    guard !operation.takesRegister else { return }
    let value = UInt32(bitPattern: instruction.immediate)
    switch operation {
    case .mul32Imm, .mul64Imm:
      guard value & (value &- 1) != 0 else { return }
      count(value)
    case .div32Imm, .mod32Imm, .sdiv32Imm, .smod32Imm: count(value)
    case .and32Imm, .and64Imm, .or32Imm, .or64Imm, .xor32Imm, .xor64Imm:
      guard ImmediateConstant(value) == nil, ImmediateConstant(~value) == nil, value & (value &+ 1) != 0
      else { return }
      count(value)
    default:
      guard operation.isConditionalJump, ImmediateConstant(value) == nil,
        ImmediateConstant(0 &- value) == nil
      else { return }
      count(value)
    }
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
