import BPF
import Thumb2

/// Where cells and operands are, and how they come into registers.
extension Generator {
  // MARK: Homes

  // Out of line and methods of the generator: those of a stored property that are out of line get a copy of it each time.

  /// The register in which the cell lives; `nil` when it does not live in one.
  @inline(never)
  mutating func homeRegister(_ cell: Cell) -> CoreRegister? { registers.register(cell) }

  /// Which word on the stack; `nil` when the cell does not live there.
  @inline(never)
  mutating func stackWord(_ cell: Cell) -> Int? { registers.stackWord(cell) }

  /// The register that always holds `value`.
  @inline(never)
  mutating func constantRegister(_ value: UInt32) -> CoreRegister? {
    if let cell = constantCell(value) { homeRegister(cell) } else { nil }
  }

  /// Which constant cell holds `value`.
  @inline(never)
  mutating func constantCell(_ value: UInt32) -> Cell? {
    for index in 0..<registers.constantCount where registers.constant(index) == value {
      return .constant(index)
    }
    return nil
  }

  /// What the home of `cell` holds: in its register, or loaded into `scratch`.
  @inline(never)
  mutating func home(_ cell: Cell, _ scratch: CoreRegister) -> CoreRegister {
    if let register = homeRegister(cell) { return register }
    load(scratch, from: cell)
    return scratch
  }

  mutating func load(_ register: CoreRegister, from cell: Cell) {
    transferStackWord(register, cell, isLoad: true)
  }

  mutating func store(_ register: CoreRegister, to cell: Cell) {
    transferStackWord(register, cell, isLoad: false)
  }

  private mutating func transferStackWord(_ register: CoreRegister, _ cell: Cell, isLoad: Bool) {
    guard let word = stackWord(cell) else { return }
    let base = registers.stackBase
    defer { lastStored = isLoad ? nil : StoredWord(register: register, word: word, position: code.count) }
    // What has just been stored is still there.
    if isLoad, let lastStored, lastStored.position == code.count, lastStored.word == word,
      lastStored.register == register
    {
      return
    }
    code.transfer(
      .word, isLoad: isLoad, register, base: base, offset: 4 * word + (base == .sp ? stackOffset : 0))
  }

  // MARK: Operands

  /// The operand in `cell`, or the constant that is known to be in it.
  @inline(never)
  mutating func operand(_ cell: Cell) -> Operand {
    let value = values[cell.index]
    return value.kind == .constant ? .constant(value.number) : .cell(cell)
  }

  /// Sees to it that `fetch` and `register` can have the operand without changing any home.
  @inline(never)
  mutating func settle(_ operand: Operand) {
    guard case .cell(let cell) = operand, !values[cell.index].isSimple else { return }
    materialize(cell)
  }

  /// The operand in a register, which is `scratch` if it is in none yet. It has been settled.
  @inline(never)
  mutating func register(_ operand: Operand, _ scratch: CoreRegister) -> CoreRegister {
    if let register = registerIfAny(operand) { return register }
    fetch(operand, into: scratch)
    return scratch
  }

  /// The register that holds the operand already. It has been settled.
  @inline(never)
  mutating func registerIfAny(_ operand: Operand) -> CoreRegister? {
    switch operand {
    case .constant(let number): return constantRegister(number)
    case .cell(let cell):
      let value = values[cell.index]
      switch value.kind {
      case .home: return homeRegister(cell)
      case .copy: return homeRegister(value.first)
      case .constant: return constantRegister(value.number)
      default: return nil
      }
    }
  }

  /// Puts the operand, which has been settled, into `destination`.
  @inline(never)
  mutating func fetch(_ operand: Operand, into destination: CoreRegister) {
    switch operand {
    case .constant(let number): moveConstant(destination, number)
    case .cell(let cell):
      let value = values[cell.index]
      switch value.kind {
      case .constant: moveConstant(destination, value.number)
      case .copy: code.move(destination, home(value.first, destination))
      default: code.move(destination, home(cell, destination))
      }
    }
  }
}

/// A register has just been stored into a word on the stack.
struct StoredWord {
  let register: CoreRegister
  let word: Int
  /// Where the code ended then.
  let position: Int
}

/// One half of an operand.
enum Operand: Equatable {
  case cell(Cell)
  case constant(UInt32)

  var constant: UInt32? {
    if case .constant(let number) = self { number } else { nil }
  }
}
