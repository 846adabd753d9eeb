/// What a cell holds that has not been computed yet, in terms of what the homes of cells hold now.
///
/// Computing late lets an instruction that uses the value do the work on the way: an addressing mode, a shifted operand,
/// a multiplication that also adds. What nobody uses is never computed.
///
/// Two words, because a small processor copies words and not bytes.
struct Value: BitwiseCopyable {
  /// Those that read no cell come first, then those that read one, then those that read two.
  enum Kind: UInt8 {
    /// It is in the cell's own home.
    case home
    /// `number`.
    case constant
    /// `a`.
    case copy
    /// `a` + `number`.
    case addConstant
    /// `a` shifted by `n`, 1 to 31, in the way of `b`.
    case shifted
    /// `b` & 31 + 1 bits of `a` from bit `n` on, with their sign extended if bit 7 of `b` is set.
    case extract
    /// `a` + (`b` << `n`).
    case sum
    /// `a` * `b`.
    case product
  }

  /// From the lowest byte up: kind, a, b, n.
  private let head: UInt32
  let number: UInt32

  @inline(__always)
  private init(kind: Kind, a: UInt8 = 0, b: UInt8 = 0, n: UInt8 = 0, number: UInt32 = 0) {
    head = UInt32(kind.rawValue) | UInt32(a) << 8 | UInt32(b) << 16 | UInt32(n) << 24
    self.number = number
  }

  var kind: Kind {
    // SAFETY: the lowest byte of `head` is written from the number of a case alone.
    @inline(__always) get { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: head), to: Kind.self) }
  }
  var a: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: head >> 8) }
  }
  var b: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: head >> 16) }
  }
  var n: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: head >> 24) }
  }

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
    @inline(__always)
    get {
      let kind = kind.rawValue
      if kind < Kind.copy.rawValue { return 0 }
      let first = 1 &<< (head >> 8)
      return kind < Kind.sum.rawValue ? first : first | 1 &<< (head >> 16)
    }
  }

  var readsCells: Bool {
    @inline(__always) get { kind.rawValue >= Kind.copy.rawValue }
  }

  /// Whether an instruction can take it as it is, from a register or as a constant.
  var isSimple: Bool { kind.rawValue <= Kind.copy.rawValue }
}
