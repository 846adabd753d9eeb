import BPF

/// One half of a register of the program. Both halves live their own lives: most upper halves are never needed.
struct Cell: Equatable {
  /// 0 to 10 the lower halves of r0 to r10, 11 to 21 the upper ones, from 22 on the constants that are kept in registers.
  let number: UInt8

  static let registers = 11
  /// How many cells programs have, without constants.
  static let count = 22
  static let constants = 6

  @inline(__always)
  init(number: UInt8) {
    self.number = number
  }

  @inline(__always)
  init(number: Int) {
    self.number = UInt8(truncatingIfNeeded: number)
  }

  /// Bits 0 to 31.
  @inline(__always)
  static func lower(_ register: Register) -> Cell { Cell(number: register.rawValue) }
  /// Bits 32 to 63.
  @inline(__always)
  static func upper(_ register: Register) -> Cell { Cell(number: register.rawValue &+ 11) }
  /// The `index`th constant that is kept in a register.
  static func constant(_ index: Int) -> Cell { Cell(number: count &+ index) }

  @inline(__always)
  var index: Int { Int(number) }
}

struct CellSet: Equatable {
  var bits: UInt32

  static var empty: CellSet { CellSet(bits: 0) }

  @inline(__always)
  init(bits: UInt32) {
    self.bits = bits
  }

  @inline(__always)
  init(_ cell: Cell) {
    bits = 1 &<< UInt32(cell.number)
  }

  @inline(__always)
  func contains(_ cell: Cell) -> Bool { bits &>> UInt32(cell.number) & 1 != 0 }
  @inline(__always)
  mutating func insert(_ cell: Cell) { bits |= 1 &<< UInt32(cell.number) }
  @inline(__always)
  mutating func remove(_ cell: Cell) { bits &= ~(1 &<< UInt32(cell.number)) }
  @inline(__always)
  func union(_ other: CellSet) -> CellSet { CellSet(bits: bits | other.bits) }
  @inline(__always)
  func intersection(_ other: CellSet) -> CellSet { CellSet(bits: bits & other.bits) }
  @inline(__always)
  func subtracting(_ other: CellSet) -> CellSet { CellSet(bits: bits & ~other.bits) }
  @inline(__always)
  var isEmpty: Bool { bits == 0 }

  /// Takes a cell out of the set, which is not empty.
  @inline(__always)
  mutating func removeFirst() -> Cell {
    let number = bits.trailingZeroBitCount
    bits &= bits &- 1
    return Cell(number: number)
  }

  /// Both halves.
  @inline(__always)
  static func both(_ register: Register) -> CellSet {
    CellSet(bits: 0x801 &<< UInt32(register.rawValue))
  }

  /// The upper halves of all registers.
  static var upperHalves: CellSet { CellSet(bits: 0x3F_F800) }
  /// Both halves of r0 to r5: what calls do not preserve.
  static var callerSaved: CellSet { CellSet(bits: 0x3F * 0x801) }
  /// Both halves of r0 to r5 and of r10: what no caller puts back after a call, so that functions leave it as it is to be.
  static var passingReturns: CellSet { CellSet(bits: 0x43F * 0x801) }
  /// Both halves of r6 to r9: what calls preserve.
  static var calleeSaved: CellSet { CellSet(bits: 0x3C0 * 0x801) }
}
