import BPF
import Thumb2
import Verifier

/// Writes the code, instruction by instruction, each as late as possible.
///
/// The invariant that makes late computing sound: a cell's value is given by `values` in terms of what homes hold now. Before a
/// home is overwritten, every value that reads it is computed or, if nobody needs it, forgotten. No two values wait for
/// each other: a value never reads the home of a cell whose own value is still to be computed from other homes.
///
/// All its methods are `mutating`, also those that change nothing: for others the compiler copies the whole value each time.
struct Generator: ~Copyable, ~Escapable {
  /// First, so that it lies where the generator itself does: then calling it takes no address of its own.
  var code: Assembler
  let instructions: Span<Instruction>
  let entry: Int
  let shape: Shape
  let registers: RegisterAssignment
  let environment: NativeEnvironment
  /// Whether branches forward over a few instructions are taken to reach in the short encodings.
  var branchesAreShort: Bool

  var values: CellTable<Value>
  /// Of each cell, the cells whose values read its home.
  var readers: CellTable<UInt32>
  /// Of each place, the cells that live there.
  private let residents: Span<UInt32>
  /// The cells whose value is not in their home.
  var pending: CellSet
  /// What is needed behind the current instruction.
  var live: CellSet
  /// What is needed behind the current instruction or by it.
  var kept: CellSet
  /// The word on the stack that was written last.
  var lastStored: StoredWord?
  /// What is needed behind the current instruction or by the rest of it.
  var awaited: CellSet
  /// How far sp is below where it was at the start, in bytes.
  var stackOffset: Int
  /// The last instruction whose branch waits for its target; -1 when there is none.
  private var lastWaiting: Int
  /// Where an operation of 64 bits leaves its result, and its operands but for the lower half of the left one, which is `low`.
  var low, high: Cell
  var leftHigh, right, rightHigh: Operand
  /// The instruction that a jump behind the current branch leads back to, in place of which the branch is turned around.
  var turning: Int?
  /// The cell in whose home is what the flags N and Z were last set by.
  var flagged: Cell?
  /// Where the code for each kind of check starts, in halfwords: a byte for each size of what is read, or written.
  var readChecks, writeChecks: UInt32
  var start: Int
  var accesses: Int
  var checkedAccesses: Int

  static var scratch: CoreRegister { .r12 }
  static var scratch2: CoreRegister { .lr }

  @_lifetime(copy instructions, copy code, copy registers, copy values, copy readers, copy residents)
  init(
    _ instructions: Span<Instruction>, entry: Int, shape: Shape, registers: RegisterAssignment,
    environment: NativeEnvironment, code: consuming Assembler, values: consuming CellTable<Value>,
    readers: consuming CellTable<UInt32>, residents: Span<UInt32>
  ) {
    self.code = code
    self.instructions = instructions
    self.entry = entry
    self.shape = shape
    self.registers = registers
    self.environment = environment
    self.values = values
    self.readers = readers
    self.residents = residents
    pending = .empty
    live = .empty
    kept = .empty
    awaited = .empty
    stackOffset = 0
    (readChecks, writeChecks) = (0, 0)
    start = 0
    accesses = 0
    checkedAccesses = 0
    branchesAreShort = true
    lastWaiting = -1
    turning = nil
    (low, high) = (.lower(.r0), .upper(.r0))
    (leftHigh, right, rightHigh) = (.constant(0), .constant(0), .constant(0))
    flagged = nil
    lastStored = nil
  }

  var halfwords: Int { code.count }

  // MARK: The whole program

  /// - Returns: false when a branch does not reach.
  mutating func generate(_ cells: inout MutableSpan<CompilerCell>) -> Bool {
    code.restart()
    forgetAll()
    accesses = 0
    checkedAccesses = 0
    lastWaiting = -1
    let entrySite = generatePrologue(cells)
    let count = instructions.count
    precondition(cells.count >= count)
    var following = cells[0]
    for index in 0..<count {
      if following.isTarget { begin(at: index, cells) }
      let needed = following.live
      // SAFETY: there is a cell for each instruction.
      unsafe cells[unchecked: index].start(at: code.count)
      following = index &+ 1 < count ? unsafe cells[unchecked: index &+ 1] : CompilerCell()
      live = following.live
      kept = live.union(needed)
      awaited = live
      // What waits without being needed any more must not be taken for what the instruction gives the same cell.
      var stale = pending.subtracting(needed)
      while !stale.isEmpty { forget(stale.removeFirst()) }
      // SAFETY: an index of the program's.
      generate(unsafe instructions[unchecked: index], at: index, &cells)
    }
    guard code.count <= 0xFFFF else { return true }
    return aimBranches(cells, entrySite)
  }

  /// Several ways meet at instruction `index`, or a function starts there.
  @inline(never)
  private mutating func begin(at index: Int, _ cells: borrowing MutableSpan<CompilerCell>) {
    arrive(cells[index].live)
    lastStored = nil
    if shape.hasLocalCalls, cells[index].isCalled || index == entry { beginFunction(at: index) }
  }

  /// The branch of instruction `index`, which has just been written at `site`, waits for its target.
  @inline(never)
  mutating func wait(_ index: Int, at site: Int, _ cells: inout MutableSpan<CompilerCell>) {
    cells[index].wait(at: site, behind: lastWaiting)
    lastWaiting = index
  }

  /// Keeps the return address. Calls lead here; whatever else leads to the function's first instruction goes past it.
  private mutating func beginFunction(at index: Int) {
    if index > 0, instructions[index - 1].fallsThrough {
      let site = code.count
      code.emit(.b, 0)
      _ = code.aim(branchAt: site, to: site + 2)
    }
    code.push(1 << CoreRegister.lr.number)
  }

  private mutating func aimBranches(_ cells: borrowing MutableSpan<CompilerCell>, _ entrySite: Int?) -> Bool {
    if let entrySite {
      let start = Int(cells[entry].offset) - (shape.hasLocalCalls ? 1 : 0)
      guard code.aim(branchAt: entrySite, to: start) else { return false }
    }
    guard !code.isOverfull else { return true }
    var index = lastWaiting
    while index >= 0 {
      let target = index + 1 + (instructions[index].distance ?? 0)
      let start = Int(cells[target].offset) - (instructions[index].operation == .callLocal ? 1 : 0)
      guard code.aim(branchAt: cells[index].site, to: start) else { return false }
      index = cells[index].previous
    }
    return true
  }

  /// Makes room on the stack and loads what the program starts with.
  ///
  /// - Returns: the branch to the program's entry, if there has to be one.
  private mutating func generatePrologue(_ cells: borrowing MutableSpan<CompilerCell>) -> Int? {
    generateSlowChecks()
    start = code.count
    stackOffset = 0
    code.moveStack(by: -4 * registers.stackWords)
    if registers.stackBase != .sp { code.move(registers.stackBase, .sp) }
    var needed = cells[entry].live
    loadAtStart(.lower(.r1), StartBlock.context, &needed)
    loadAtStart(.lower(.r2), StartBlock.contextLength, &needed)
    loadAtStart(.lower(.r10), StartBlock.stackTop, &needed)
    // All other registers start as zero.
    while !needed.isEmpty {
      let cell = needed.removeFirst()
      if let register = homeRegister(cell) {
        code.move(register, 0)
      } else {
        code.move(Self.scratch2, 0)
        store(Self.scratch2, to: cell)
      }
    }
    for index in 0..<registers.constantCount {
      if let register = homeRegister(.constant(index)) {
        code.move(register, registers.constant(index))
      }
    }
    if shape.hasLocalCalls {
      let site = code.count
      code.emit(.bl)
      generateReturn()
      return site
    }
    guard entry != 0 else { return nil }
    let site = code.count
    code.emit(.bWide)
    return site
  }

  @inline(never)
  private mutating func loadAtStart(_ cell: Cell, _ offset: Int, _ needed: inout CellSet) {
    guard needed.contains(cell) else { return }
    needed.remove(cell)
    let register = homeRegister(cell) ?? Self.scratch2
    code.transfer(.word, isLoad: true, register, base: Self.scratch, offset: offset)
    if homeRegister(cell) == nil { store(register, to: cell) }
  }

  /// Puts r0 where the caller expects it, gives the stack back and returns.
  mutating func generateReturn() {
    let low = Operand.cell(.lower(.r0))
    let high = Operand.cell(.upper(.r0))
    let isHighNeeded =
      homeRegister(.upper(.r0)) != nil || stackWord(.upper(.r0)) != nil
      || values[Cell.upper(.r0).index].kind != .home
    settle(low)
    if isHighNeeded { settle(high) }
    let lowRegister = registerIfAny(low)
    let highRegister = isHighNeeded ? registerIfAny(high) : nil
    if highRegister == .r0, lowRegister == .r1 {
      code.move(Self.scratch, .r1)
      code.move(.r1, .r0)
      code.move(.r0, Self.scratch)
    } else if highRegister == .r0 {
      code.move(.r1, .r0)
      fetch(low, into: .r0)
    } else {
      fetch(low, into: .r0)
      if isHighNeeded { fetch(high, into: .r1) } else { code.move(.r1, 0) }
    }
    code.moveStack(by: 4 * registers.stackWords)
    code.pop(1 << 15)
  }

  // MARK: Blocks

  /// Several ways meet here: everything that is needed has to be in its home.
  private mutating func arrive(_ needed: CellSet) {
    kept = needed
    flush(needed)
    forgetAll()
  }

  /// Computes those of `cells` that are not in their homes.
  @inline(never)
  mutating func flush(_ cells: CellSet) {
    while true {
      var waiting = pending.intersection(cells)
      guard !waiting.isEmpty else { return }
      materialize(waiting.removeFirst())
    }
  }

  /// Whatever was not computed is not needed any more.
  mutating func forgetAll() {
    while !pending.isEmpty { forget(Cell(number: pending.bits.trailingZeroBitCount)) }
    flagged = nil
  }

  // MARK: Values

  /// The value is not needed, or has just been computed.
  @inline(never)
  mutating func forget(_ cell: Cell) {
    guard pending.contains(cell) else { return }
    var sources = values[cell.index].sources
    while sources != 0 {
      let source = sources.trailingZeroBitCount
      sources &= sources &- 1
      readers[place(source)] &= ~(1 &<< UInt32(cell.number))
    }
    values[cell.index] = .home
    pending.remove(cell)
  }

  /// From here on `cell` has this value, which is computed when it has to be.
  @inline(never)
  mutating func define(_ cell: Cell, _ value: Value) {
    guard live.contains(cell) else { return forget(cell) }
    let home = registers.place(cell)
    if value.kind == .copy, registers.place(value.first) == home { return forget(cell) }
    let own: UInt32 = 1 &<< UInt32(cell.number)
    if pending.bits & ~own != 0, value.readsCells, !mayWait(value, home, own) {
      return computeNow(cell, value)
    }
    if pending.contains(cell) { forget(cell) }
    values[cell.index] = value
    pending.insert(cell)
    var sources = value.sources
    while sources != 0 {
      readers[place(sources.trailingZeroBitCount)] |= own
      sources &= sources &- 1
    }
  }

  /// Whether nothing that `value` reads waits for others itself. It is to be that of cell `own`, which lives at `home`.
  @inline(never)
  private mutating func mayWait(_ value: Value, _ home: Int, _ own: UInt32) -> Bool {
    let others = pending.bits & ~own
    var sources = value.sources & 0x3F_FFFF
    while sources != 0 {
      let place = place(sources.trailingZeroBitCount)
      sources &= sources &- 1
      if place != home, residents(place) & others != 0, !isSettled(place, besides: own) { return false }
    }
    return true
  }

  @inline(__always)
  private mutating func residents(_ place: Int) -> UInt32 {
    // SAFETY: `RegisterTable` has an entry for each number that a place can have.
    unsafe residents[unchecked: place]
  }

  /// From here on `cell` is zero.
  @inline(never)
  mutating func clear(_ cell: Cell) {
    if live.union(pending).contains(cell) { define(cell, .constant(0)) }
  }

  @inline(__always)
  private mutating func place(_ cell: Int) -> Int { registers.place(Cell(number: cell)) }

  /// Whether no value waits to be put into this place that reads others: only then may another value wait that reads it.
  ///
  /// Values that nobody needs any more are forgotten on the way.
  @inline(never)
  private mutating func isSettled(_ place: Int, besides own: UInt32) -> Bool {
    var waiting = residents(place) & pending.bits & ~own
    while waiting != 0 {
      let cell = Cell(number: waiting.trailingZeroBitCount)
      waiting &= waiting &- 1
      var sources = values[cell.index].sources & 0x3F_FFFF
      while sources != 0 {
        let source = self.place(sources.trailingZeroBitCount)
        sources &= sources &- 1
        if source == place { continue }
        if awaited.contains(cell) { return false }
        // Only what its home holds is still of interest, not what it would have become.
        forget(cell)
        break
      }
    }
    return true
  }

  /// Computes a value aside, makes way for it, and puts it in place.
  private mutating func computeNow(_ cell: Cell, _ value: Value) {
    let aside = registers.spareScratch ?? Self.scratch
    compute(value, into: aside)
    // Work on what lives on the stack may need the register meanwhile.
    let isInDanger = registers.spareScratch == nil && registers.stackWords > 0
    if isInDanger {
      code.push(1 << aside.number)
      stackOffset += 4
    }
    makeWay(cell)
    if isInDanger {
      code.pop(1 << aside.number)
      stackOffset -= 4
    }
    finish(cell, in: aside)
  }

  /// Before the home of `cell` is overwritten: computes what still has to read it.
  ///
  /// - Parameters:
  ///   - cell: what will be written.
  ///   - spared: a cell that is left as it is, because it is read before the home is written and then forgotten.
  @inline(never)
  mutating func makeWay(_ cell: Cell, sparing spared: Cell? = nil) {
    let sparedBits: UInt32 = if let spared { 1 &<< UInt32(spared.number) } else { 0 }
    while true {
      let others = readers[registers.place(cell)] & ~(1 &<< UInt32(cell.number) | sparedBits)
      guard others != 0 else { return }
      let reader = Cell(number: others.trailingZeroBitCount)
      if kept.contains(reader) { materialize(reader) } else { forget(reader) }
    }
  }

  /// Computes the value of `cell` into its home.
  @inline(never)
  mutating func materialize(_ cell: Cell) {
    guard pending.contains(cell) else { return }
    makeWay(cell)
    let register = target(cell)
    compute(values[cell.index], into: register)
    finish(cell, in: register)
  }

  /// The register to compute a cell's new value in: its home, if that is a register.
  @inline(never)
  mutating func target(_ cell: Cell) -> CoreRegister {
    homeRegister(cell) ?? Self.scratch
  }

  /// Lets a branch lead to here. What a register holds on the way past it need not be what it holds on the way over it.
  mutating func land(branchAt site: Int) {
    _ = code.aim(branchAt: site, to: code.count)
    lastStored = nil
  }

  /// The new value of `cell` is in `register`, and way was made for it.
  @inline(never)
  mutating func finish(_ cell: Cell, in register: CoreRegister) {
    if pending.contains(cell) { forget(cell) }
    if flagged == cell { flagged = nil }
    if registers.place(cell) == Int(register.rawValue) { return }
    if let home = homeRegister(cell) {
      code.move(home, register)
    } else {
      store(register, to: cell)
    }
  }

  private mutating func compute(_ value: Value, into register: CoreRegister) {
    switch value.kind {
    case .home: break
    case .constant: moveConstant(register, value.number)
    case .copy: code.move(register, home(value.first, Self.scratch))
    case .addConstant: add(register, home(value.first, Self.scratch), value.number)
    case .sum:
      let (a, b) = (home(value.first, Self.scratch), home(value.second, Self.scratch2))
      if value.n == 0 {
        code.combine(.add, register, a, b)
      } else {
        code.combine(.add, register, a, b, .left, UInt32(value.n))
      }
    case .shifted:
      code.shift(
        ShiftType(rawValue: value.b) ?? .left, register, home(value.first, Self.scratch),
        by: UInt32(value.n))
    case .extract:
      code.extract(
        register, home(value.first, Self.scratch), lowest: UInt32(value.n), width: UInt32(value.width),
        signed: value.isSigned)
    case .product:
      code.multiply(register, home(value.first, Self.scratch), home(value.second, Self.scratch2))
    }
  }

  /// `destination` = `source` + `number`.
  @inline(never)
  mutating func add(_ destination: CoreRegister, _ source: CoreRegister, _ number: UInt32) {
    if number == 0 { return code.move(destination, source) }
    guard !code.combine(.add, destination, source, number) else { return }
    let aside =
      source == Self.scratch2 || destination == Self.scratch2 && source == Self.scratch
      ? Self.scratch : Self.scratch2
    moveConstant(aside, number)
    code.combine(.add, destination, source, aside)
  }

  @inline(never)
  mutating func moveConstant(_ register: CoreRegister, _ number: UInt32) {
    if let holder = constantRegister(number) {
      code.move(register, holder)
    } else {
      code.move(register, number)
    }
  }
}

extension Instruction {
  /// Whether the code of the next instruction can be come to from this one's end.
  fileprivate var fallsThrough: Bool {
    switch operation {
    case .exit, .trap: false
    case .ja, .ja32: distance == 0
    default: true
    }
  }
}
