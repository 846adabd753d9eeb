import BPF
import Thumb2
import Verifier

extension Generator {
  /// Arithmetic of 32 bits. RFC 9669 §4.1
  mutating func generateArithmetic32(_ instruction: Instruction, _ opcode: UInt8) {
    let (low, high) = (Cell.lower(instruction.destination), Cell.upper(instruction.destination))
    if live.contains(low) {
      let right: Operand =
        opcode & 8 == 0
        ? .constant(UInt32(bitPattern: instruction.immediate)) : operand(.lower(instruction.source))
      switch opcode & 0xF0 {
      case 0x00: generateAdd(low, right)
      case 0x10: generateSubtract(low, right)
      case 0x20: generateMultiply(low, right)
      case 0x30: generateDivision(low, right, isSigned: instruction.offset != 0, isRemainder: false)
      case 0x40: generateBitwise(.or, low, right)
      case 0x50: generateBitwise(.and, low, right)
      case 0x60: generateShift(.left, low, right)
      case 0x70: generateShift(.right, low, right)
      case 0x80: generateReverseSubtract(low, from: 0)
      case 0x90: generateDivision(low, right, isSigned: instruction.offset != 0, isRemainder: true)
      case 0xA0: generateBitwise(.exclusiveOr, low, right)
      case 0xB0: generateMove(low, right, width: instruction.offset)
      case 0xC0: generateShift(.arithmeticRight, low, right)
      default: break
      }
    } else {
      forget(low)
    }
    clear(high)
  }

  /// What `cell` is, in terms of homes; a home of its own counts as a copy of it.
  @inline(never)
  mutating func value(of operand: Operand) -> Value {
    switch operand {
    case .constant(let number): return .constant(number)
    case .cell(let cell):
      let value = values[cell.index]
      return value.kind == .home ? .copy(cell) : value
    }
  }

  /// The cell in whose home the operand is; computes the operand if it is nowhere yet.
  private mutating func settledCell(_ operand: Operand) -> Cell? {
    settle(operand)
    let value = value(of: operand)
    return value.kind == .copy ? value.first : nil
  }

  mutating func generateMove(_ cell: Cell, _ right: Operand, width: Int16) {
    guard width == 8 || width == 16 else { return copy(cell, right) }
    if let constant = right.constant {
      let number =
        width == 8
        ? Int32(Int8(truncatingIfNeeded: constant)) : Int32(Int16(truncatingIfNeeded: constant))
      return define(cell, .constant(UInt32(bitPattern: number)))
    }
    guard let source = settledCell(right) else { return }
    define(cell, .extract(source, lowest: 0, width: UInt8(truncatingIfNeeded: width), signed: true))
  }

  /// `cell` = `right`.
  mutating func copy(_ cell: Cell, _ right: Operand) {
    // What both will be needed for is computed once.
    if case .cell(let source) = right, source != cell, live.contains(source), live.contains(cell) {
      settle(right)
    }
    define(cell, value(of: right))
  }

  // MARK: Sums and products

  mutating func generateAdd(_ cell: Cell, _ right: Operand) {
    let (left, other) = (value(of: .cell(cell)), value(of: right))
    if let number = right.constant { return generateAdd(cell, left, number) }
    if left.kind == .constant { return generateAdd(cell, other, left.number, of: right) }
    // Products and shifts to the left can be added in one instruction.
    if left.kind == .product, let base = settledCell(right),
      multiplyAndCombine(.mla, cell, cell, base)
    {
      return
    }
    if other.kind == .product, case .cell(let product) = right, let base = settledCell(.cell(cell)),
      multiplyAndCombine(.mla, cell, product, base)
    {
      return
    }
    if isShiftedLeft(right), case .cell(let index) = right, let base = settledCell(.cell(cell)),
      isShiftedLeft(right)
    {
      return define(cell, .sum(base, values[index.index].first, shift: values[index.index].n))
    }
    if isShiftedLeft(.cell(cell)), let base = settledCell(right), isShiftedLeft(.cell(cell)) {
      return define(cell, .sum(base, values[cell.index].first, shift: values[cell.index].n))
    }
    // Shifts to the right too, but only at once.
    if value(of: right).kind == .shifted || value(of: .cell(cell)).kind == .shifted {
      return combine(.add, cell, .cell(cell), right)
    }
    settle(.cell(cell))
    settle(right)
    let (a, b) = (value(of: .cell(cell)), value(of: right))
    guard a.kind == .copy, b.kind == .copy else { return }
    define(cell, .sum(a.first, b.first, shift: 0))
  }

  private mutating func isShiftedLeft(_ operand: Operand) -> Bool {
    let value = value(of: operand)
    return value.kind == .shifted && value.b == ShiftType.left.rawValue
  }

  private mutating func generateAdd(_ cell: Cell, _ left: Value, _ number: UInt32) {
    generateAdd(cell, left, number, of: .cell(cell))
  }

  /// `cell` = `value` + `number`, where `value` is what `operand` is.
  private mutating func generateAdd(_ cell: Cell, _ value: Value, _ number: UInt32, of operand: Operand) {
    switch value.kind {
    case .constant: define(cell, .constant(value.number &+ number))
    case .copy: define(cell, .add(value.first, number))
    case .addConstant: define(cell, .add(value.first, value.number &+ number))
    default:
      guard let source = settledCell(operand) else { return }
      define(cell, .add(source, number))
    }
  }

  /// `cell` = `base` plus, or minus, the product that `factors` is.
  ///
  /// - Returns: false when that is not possible, and nothing has changed.
  private mutating func multiplyAndCombine(
    _ form: Form, _ cell: Cell, _ factors: Cell, _ base: Cell
  ) -> Bool {
    let product = values[factors.index]
    guard product.kind == .product else { return false }
    // Whoever reads this home may have to be computed, which changes the readers' own homes: were one of them
    // read here, it would be lost. The product itself is no such reader unless it reads this home.
    let place = registers.place(cell)
    let sources = places(product.sources | 1 &<< UInt32(base.number))
    var changing = pending
    if places(product.sources) >> UInt64(place) & 1 == 0 { changing.remove(factors) }
    changing.remove(cell)
    guard places(changing.bits) & sources == 0,
      let addend = homeRegister(base) ?? registers.spareScratch
    else { return false }
    makeWay(cell)
    let registerA = home(product.first, Self.scratch)
    let registerB = home(product.second, Self.scratch2)
    if homeRegister(base) == nil { load(addend, from: base) }
    let destination = target(cell)
    code.emit(form, destination.number, registerA.number, registerB.number, addend.number)
    finish(cell, in: destination)
    return true
  }

  /// Where these cells live, a bit for each place.
  private mutating func places(_ cells: UInt32) -> UInt64 {
    var (cells, places) = (cells, 0 as UInt64)
    while cells != 0 {
      places |= 1 << UInt64(registers.place(Cell(number: cells.trailingZeroBitCount)))
      cells &= cells &- 1
    }
    return places
  }

  mutating func generateSubtract(_ cell: Cell, _ right: Operand) {
    if let number = right.constant { return generateAdd(cell, .constant(0 &- number)) }
    let left = operand(cell)
    if let number = left.constant {
      settle(right)
      makeWay(cell)
      let source = register(right, Self.scratch)
      let destination = target(cell)
      if !code.combine(.reverseSubtract, destination, source, number) {
        let minuend = register(left, Self.scratch2)
        code.combine(.subtract, destination, minuend, source)
      }
      return finish(cell, in: destination)
    }
    if case .cell(let product) = right, values[product.index].kind == .product, product != cell {
      settle(left)
      let base = value(of: left)
      if base.kind == .copy, multiplyAndCombine(.mls, cell, product, base.first) { return }
    }
    combine(.subtract, cell, left, right)
  }

  mutating func generateReverseSubtract(_ cell: Cell, from number: UInt32) {
    let source = operand(cell)
    if let constant = source.constant { return define(cell, .constant(number &- constant)) }
    settle(source)
    makeWay(cell)
    let register = register(source, Self.scratch)
    let destination = target(cell)
    if code.combine(.reverseSubtract, destination, register, number) { finish(cell, in: destination) }
  }

  mutating func generateMultiply(_ cell: Cell, _ right: Operand) {
    let left = operand(cell)
    switch (left.constant, right.constant) {
    case (let a?, let b?): return define(cell, .constant(a &* b))
    case (let number?, nil): return generateMultiply(cell, right, by: number)
    case (nil, let number?): return generateMultiply(cell, left, by: number)
    default: break
    }
    settle(left)
    settle(right)
    let (a, b) = (value(of: left), value(of: right))
    guard a.kind == .copy, b.kind == .copy else { return }
    define(cell, .product(a.first, b.first))
  }

  private mutating func generateMultiply(_ cell: Cell, _ operand: Operand, by number: UInt32) {
    if number == 0 { return define(cell, .constant(0)) }
    if number == 1 { return define(cell, value(of: operand)) }
    guard let source = settledCell(operand) else { return }
    if number & (number - 1) == 0 {
      let distance = UInt8(truncatingIfNeeded: number.trailingZeroBitCount)
      return define(cell, .shifted(source, ShiftType.left.rawValue, by: distance))
    }
    if let factor = constantCell(number) { return define(cell, .product(source, factor)) }
    if (number - 1) & (number - 2) == 0 {
      // One more than a power of two.
      let distance = UInt8(truncatingIfNeeded: (number - 1).trailingZeroBitCount)
      return define(cell, .sum(source, source, shift: distance))
    }
    makeWay(cell)
    let factor = register(operand, Self.scratch)
    let destination = target(cell)
    if (number &+ 1) & number == 0, number != ~0 {
      // One less than a power of two.
      let distance = UInt32(truncatingIfNeeded: (number &+ 1).trailingZeroBitCount)
      code.combine(.reverseSubtract, destination, factor, factor, .left, distance)
    } else {
      code.move(Self.scratch2, number)
      code.multiply(destination, factor, Self.scratch2)
    }
    finish(cell, in: destination)
  }

  // MARK: Divisions

  mutating func generateDivision(_ cell: Cell, _ right: Operand, isSigned: Bool, isRemainder: Bool) {
    let left = operand(cell)
    settle(left)
    settle(right)
    if !isSigned, let number = right.constant, number != 0, number & (number - 1) == 0 {
      if isRemainder { return generateBitwise(.and, cell, .constant(number - 1)) }
      let distance = UInt32(truncatingIfNeeded: number.trailingZeroBitCount)
      return generateShift(.right, cell, .constant(distance))
    }
    makeWay(cell)
    let dividend = register(left, Self.scratch)
    let divisor = register(right, Self.scratch2)
    // By zero the processor gives 0, and so the dividend as the remainder: just what is wanted.
    let form: Form = isSigned ? .sdiv : .udiv
    let destination = target(cell)
    if isRemainder {
      // The quotient needs a register that is neither of the operands.
      let quotient: CoreRegister
      if dividend != Self.scratch {
        quotient = Self.scratch
      } else if divisor != Self.scratch2 {
        quotient = Self.scratch2
      } else {
        quotient = registers.spareScratch ?? destination
      }
      code.emit(form, quotient.number, dividend.number, divisor.number)
      code.emit(.mls, destination.number, quotient.number, divisor.number, dividend.number)
    } else {
      code.emit(form, destination.number, dividend.number, divisor.number)
    }
    finish(cell, in: destination)
  }

  // MARK: Bits

  mutating func generateBitwise(_ operation: Assembler.Operation, _ cell: Cell, _ right: Operand) {
    let left = operand(cell)
    if let number = left.constant ?? right.constant {
      let other = left.constant == nil ? left : right
      return generateBitwise(operation, cell, other, number)
    }
    combine(operation, cell, left, right)
  }

  /// `cell` = `operand` op `number`.
  private mutating func generateBitwise(
    _ operation: Assembler.Operation, _ cell: Cell, _ operand: Operand, _ number: UInt32
  ) {
    if let constant = operand.constant {
      let result: UInt32 =
        switch operation {
        case .and: constant & number
        case .or: constant | number
        default: constant ^ number
        }
      return define(cell, .constant(result))
    }
    switch (operation, number) {
    case (.and, 0): return define(cell, .constant(0))
    case (.or, ~0): return define(cell, .constant(~0))
    case (.and, ~0), (.or, 0), (.exclusiveOr, 0): return define(cell, value(of: operand))
    default: break
    }
    if operation == .and, number & (number &+ 1) == 0 {
      return generateMask(cell, operand, UInt8(truncatingIfNeeded: 32 - number.leadingZeroBitCount))
    }
    settle(operand)
    makeWay(cell)
    let source = register(operand, Self.scratch)
    let destination = target(cell)
    if let holder = constantRegister(number) {
      code.combine(operation, destination, source, holder)
    } else if !code.combine(operation, destination, source, number) {
      code.move(Self.scratch2, number)
      code.combine(operation, destination, source, Self.scratch2)
    }
    finish(cell, in: destination)
  }

  /// The lowest `width` bits of the operand, 1 to 31.
  private mutating func generateMask(_ cell: Cell, _ operand: Operand, _ width: UInt8) {
    let value = value(of: operand)
    switch value.kind {
    case .shifted where value.b == ShiftType.right.rawValue:
      if width >= 32 - value.n { return define(cell, value) }
      return define(cell, .extract(value.first, lowest: value.n, width: width, signed: false))
    case .shifted where value.b == ShiftType.arithmeticRight.rawValue && width <= 32 - value.n:
      return define(cell, .extract(value.first, lowest: value.n, width: width, signed: false))
    case .extract where !value.isSigned || width <= value.width:
      return define(
        cell,
        .extract(value.first, lowest: value.n, width: min(width, value.width), signed: false))
    default:
      guard let source = settledCell(operand) else { return }
      define(cell, .extract(source, lowest: 0, width: width, signed: false))
    }
  }

  mutating func generateShift(_ type: ShiftType, _ cell: Cell, _ right: Operand) {
    let left = operand(cell)
    guard let number = right.constant else { return generateShift(type, cell, left, by: right) }
    generateShift(type, cell, left, distance: UInt8(truncatingIfNeeded: number & 31))
  }

  /// `cell` = `operand` shifted by `distance`, 0 to 31.
  mutating func generateShift(_ type: ShiftType, _ cell: Cell, _ operand: Operand, distance: UInt8) {
    let value = value(of: operand)
    if distance == 0 { return define(cell, value) }
    switch value.kind {
    case .constant:
      let number = value.number
      let result: UInt32 =
        switch type {
        case .left: number << UInt32(distance)
        case .right: number >> UInt32(distance)
        default: UInt32(bitPattern: Int32(bitPattern: number) >> Int32(distance))
        }
      return define(cell, .constant(result))
    case .shifted where value.b == type.rawValue:
      let sum = value.n + distance
      if sum < 32 { return define(cell, .shifted(value.first, value.b, by: sum)) }
      if type == .arithmeticRight { return define(cell, .shifted(value.first, value.b, by: 31)) }
      return define(cell, .constant(0))
    case .shifted where value.b == ShiftType.left.rawValue && distance >= value.n:
      // To the left and back to the right: some bits in the middle.
      return define(
        cell,
        .extract(
          value.first, lowest: distance - value.n, width: 32 - distance, signed: type == .arithmeticRight))
    case .extract where type == .right && !value.isSigned:
      if distance >= value.width { return define(cell, .constant(0)) }
      return define(
        cell,
        .extract(value.first, lowest: value.n + distance, width: value.width - distance, signed: false))
    default: break
    }
    guard let source = settledCell(operand) else { return }
    define(cell, .shifted(source, type.rawValue, by: distance))
  }

  /// `cell` = `left` shifted by the lowest five bits of `right`.
  private mutating func generateShift(
    _ type: ShiftType, _ cell: Cell, _ left: Operand, by right: Operand
  ) {
    settle(left)
    settle(right)
    makeWay(cell)
    let distance = register(right, Self.scratch2)
    code.emit(.andConstant, Self.scratch2.number, distance.number, 31)
    let source = register(left, Self.scratch)
    let destination = target(cell)
    code.shift(type, destination, source, by: Self.scratch2)
    finish(cell, in: destination)
  }

  /// `cell` = `left` op `right`, neither of which is a constant. A shift of either is done on the way.
  mutating func combine(
    _ operation: Assembler.Operation, _ cell: Cell, _ left: Operand, _ right: Operand
  ) {
    let isShift = { (value: Value) in value.kind == .shifted }
    var (left, right, operation) = (left, right, operation)
    if isShift(value(of: left)), !isShift(value(of: right)) {
      if operation == .subtract { operation = .reverseSubtract }
      swap(&left, &right)
    }
    settle(left)
    if !isShift(value(of: right)) { settle(right) }
    // What makes way may be an operand: then it is in its home afterwards. One that nobody else needs does not have to.
    var spared: Cell?
    if case .cell(let other) = right, other != cell, !live.contains(other) { spared = other }
    makeWay(cell, sparing: spared)
    let second = value(of: right)
    let destination = target(cell)
    if second.kind == .shifted {
      let shifted = home(second.first, Self.scratch2)
      let source = register(left, Self.scratch)
      code.combine(
        operation, destination, source, shifted, ShiftType(rawValue: second.b) ?? .left, UInt32(second.n))
    } else {
      let source = register(left, Self.scratch)
      let other = register(right, Self.scratch2)
      code.combine(operation, destination, source, other)
    }
    if let spared { forget(spared) }
    finish(cell, in: destination)
  }
}
