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

  /// `nil` when the cell does not live in a register.
  @inline(__always)
  func register(_ cell: Cell) -> CoreRegister? {
    CoreRegister(rawValue: places[cell.index])
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

  fileprivate static var none: UInt8 { 0xFF }

  /// Gives the cells with the greatest weights registers.
  ///
  /// - Parameters:
  ///   - weights: how often each cell is touched; a cell without weight gets nothing.
  ///   - available: registers that may be given away, bit n for rn.
  init(
    weights: inout InlineArray<28, UInt32>, constants: InlineArray<6, UInt32>, constantCount: Int,
    available: UInt32, hasLocalCalls: Bool
  ) {
    var free = available
    var wanted = 0
    for index in 0..<Cell.count where weights[index] != 0 { wanted += 1 }
    if wanted > free.nonzeroBitCount {
      spareScratch = Self.takeHighest(&free)
      if hasLocalCalls { stackBase = Self.takeHighest(&free) }
    }
    while true {
      var heaviest = 0
      for index in 1..<28 where weights[index] > weights[heaviest] { heaviest = index }
      guard weights[heaviest] != 0 else { break }
      weights[heaviest] = 0
      if heaviest < Cell.count {
        if free != 0 {
          places[heaviest] = UInt8(truncatingIfNeeded: free.trailingZeroBitCount)
          free &= free &- 1
        } else {
          places[heaviest] = UInt8(truncatingIfNeeded: 16 + stackWords)
          stackWords += 1
        }
      } else if free != 0 {
        // Constants come last in the list, so that it has no gaps.
        self.constants[self.constantCount] = constants[heaviest - Cell.count]
        places[Cell.count + self.constantCount] = UInt8(truncatingIfNeeded: free.trailingZeroBitCount)
        free &= free &- 1
        self.constantCount += 1
      }
    }
  }

  private static func takeHighest(_ free: inout UInt32) -> CoreRegister {
    let number = 31 - free.leadingZeroBitCount
    free &= ~(1 << UInt32(number))
    return CoreRegister(rawValue: UInt8(truncatingIfNeeded: number)) ?? .r10
  }
}

/// Counts how often each cell is touched, more in loops, and gives out registers.
func assignRegisters(
  _ instructions: Span<Instruction>, _ shape: Shape, _ environment: NativeEnvironment,
  _ cells: inout MutableSpan<CompilerCell>
) -> RegisterTable {
  var census = Census()
  var depth: UInt32 = 0
  var needed = CellSet.empty
  for index in instructions.indices {
    let instruction = instructions[index]
    if cells[index].isLoopStart { depth += 1 }
    census.weight = 1 << (3 * min(depth, 5))
    needed = needed.union(cells[index].live)
    let next = index + 1 < instructions.count ? cells[index + 1].live : .empty
    census.count(instruction, before: cells[index].live, next: next)
    if cells[index].isLoopEnd { depth -= 1 }
  }
  // Whatever is needed somewhere has to live somewhere.
  census.weight = 1
  census.add(needed, 1)
  let available: UInt32 = environment.isolation == .checked ? 0x7FF : 0xFFF
  return RegisterTable(
    weights: &census.weights, constants: census.constants, constantCount: census.constantCount,
    available: available, hasLocalCalls: shape.hasLocalCalls)
}

/// How often the cells and some constants are touched.
private struct Census {
  var weights = InlineArray<28, UInt32>(repeating: 0)
  var constants = InlineArray<6, UInt32>(repeating: 0)
  var constantCount = 0
  /// Of the instruction that is looked at.
  var weight: UInt32 = 1

  mutating func add(_ set: CellSet, _ weight: UInt32) {
    var set = set
    while !set.isEmpty {
      let index = set.removeFirst().index
      weights[index] = weights[index] &+ weight
    }
  }

  /// Cells count when they are needed before or behind and named by the instruction.
  mutating func count(_ instruction: Instruction, before: CellSet, next: CellSet) {
    var named = CellSet.both(instruction.destination)
    if instruction.operation.takesRegister || instruction.operation.instructionClass == .ldx
      || instruction.operation.instructionClass == .stx
    {
      named = named.union(.both(instruction.source))
    }
    switch instruction.operation {
    case .callHelper, .callx: named = CellSet.callerSaved
    case .callLocal: named = CellSet.callerSaved.union(CellSet(.lower(.r10)))
    case .exit: named = CellSet.both(.r0)
    case .ja, .ja32, .wideUpperHalf: return
    default: break
    }
    // What a jump needs on its other way is named where it is used.
    add(named.intersection(before.union(next)), weight)
    if weight > 1 { countConstant(instruction, next) }
  }

  /// Constants that no instruction can carry.
  private mutating func countConstant(_ instruction: Instruction, _ live: CellSet) {
    let operation = instruction.operation
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
