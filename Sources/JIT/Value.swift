/// What a cell holds that has not been computed yet, in terms of what the homes of cells hold now.
///
/// Computing late lets an instruction that uses the value do the work on the way: an addressing mode, a shifted operand,
/// a multiplication that also adds. What nobody uses is never computed.
struct Value: BitwiseCopyable {
  enum Kind: UInt8 {
    /// It is in the cell's own home.
    case home
    /// `number`.
    case constant
    /// `a`.
    case copy
    /// `a` + `number`.
    case addConstant
    /// `a` + (`b` << `n`).
    case sum
    /// `a` shifted by `n`, 1 to 31, in the way of `b`.
    case shifted
    /// `b` & 31 + 1 bits of `a` from bit `n` on, with their sign extended if bit 7 of `b` is set.
    case extract
    /// `a` * `b`.
    case product
  }

  var kind: Kind
  var a: UInt8 = 0
  var b: UInt8 = 0
  var n: UInt8 = 0
  var number: UInt32 = 0

  static var home: Value { Value(kind: .home) }
  static func constant(_ number: UInt32) -> Value { Value(kind: .constant, number: number) }
  static func copy(_ cell: Cell) -> Value { Value(kind: .copy, a: cell.number) }
  static func add(_ cell: Cell, _ number: UInt32) -> Value {
    number == 0 ? .copy(cell) : Value(kind: .addConstant, a: cell.number, number: number)
  }
  static func sum(_ a: Cell, _ b: Cell, shift: UInt8) -> Value {
    Value(kind: .sum, a: a.number, b: b.number, n: shift)
  }
  static func shifted(_ cell: Cell, _ type: UInt8, by distance: UInt8) -> Value {
    Value(kind: .shifted, a: cell.number, b: type, n: distance)
  }
  static func extract(_ cell: Cell, lowest: UInt8, width: UInt8, signed: Bool) -> Value {
    Value(kind: .extract, a: cell.number, b: (width - 1) | (signed ? 0x80 : 0), n: lowest)
  }
  static func product(_ a: Cell, _ b: Cell) -> Value { Value(kind: .product, a: a.number, b: b.number) }

  var first: Cell { Cell(number: a) }
  var second: Cell { Cell(number: b) }

  /// Of `extract`.
  var width: UInt8 { b & 31 + 1 }
  var isSigned: Bool { b & 0x80 != 0 }

  /// The cells whose homes it reads. Constants among them are never overwritten.
  var sources: UInt32 {
    switch kind {
    case .home, .constant: 0
    case .copy, .addConstant, .shifted, .extract: 1 &<< UInt32(a)
    case .sum, .product: 1 &<< UInt32(a) | 1 &<< UInt32(b)
    }
  }

  /// Whether an instruction can take it as it is, from a register or as a constant.
  var isSimple: Bool { kind == .home || kind == .copy || kind == .constant }
}
