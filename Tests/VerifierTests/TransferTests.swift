import TestSupport
import Testing

@testable import Verifier

/// Attacks the rules of arithmetic and comparison one by one: a set that is said to hold a result has to hold it, whatever
/// members the operands are.
@Suite struct TransferTests {
  @Test(arguments: [UInt64(1), 2, 3, 4])
  func `what arithmetic makes of members is a member of what it makes of sets`(seed: UInt64) throws {
    var random = Repeatable(seed: seed)
    for _ in 0..<150_000 {
      let (a, b) = (AbstractValue.random(using: &random), AbstractValue.random(using: &random))
      let number = UInt8.random(in: 0...12, using: &random)
      let code = try #require(ArithmeticCode(opcode: number << 4))
      let variant = variant(of: code, using: &random)
      let wide = AbstractValue.arithmetic(code, is64Bit: true, a, b, variant: variant)
      let narrow = AbstractValue.arithmetic(
        code, is64Bit: false, a.lowerHalf, b.lowerHalf, variant: variant)
      for _ in 0..<3 {
        let (x, y) = (a.member(using: &random), b.member(using: &random))
        guard wide.contains(concrete64(code, x, y, variant)) else {
          Issue.record("64 bits: \(code) \(variant) of \(x) in \(a) and \(y) in \(b) is not in \(wide)")
          return
        }
        guard narrow.contains(concrete32(code, x, y, variant)) else {
          Issue.record("32 bits: \(code) \(variant) of \(x) in \(a) and \(y) in \(b) is not in \(narrow)")
          return
        }
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func `members for which a comparison holds stay members`(seed: UInt64) {
    let opcodes: [UInt8] = [1, 2, 3, 5, 6, 7, 10, 11, 12, 13]
    var random = Repeatable(seed: seed)
    for _ in 0..<150_000 {
      let (a, b) = (AbstractValue.random(using: &random), AbstractValue.random(using: &random))
      let code = random.pick(opcodes)
      let is64Bit = Bool.random(using: &random)
      for _ in 0..<3 {
        var (x, y) = (a.member(using: &random), b.member(using: &random))
        // Equal ones would be rare.
        if Bool.random(using: &random), b.contains(x) { y = x } else if a.contains(y) { x = y }
        let holds = holds(code, x, y, is64Bit: is64Bit)
        let comparison = Comparison(opcode: code << 4 | (is64Bit ? 5 : 6), isTaken: holds)
        var (p, q) = (a, b)
        guard comparison.narrow(&p, &q), p.contains(x), q.contains(y) else {
          Issue.record("\(comparison) for \(x) in \(a) and \(y) in \(b) leaves \(p) and \(q)")
          return
        }
      }
    }
  }

  @Test(arguments: [UInt64(1), 2])
  func `what is joined holds the members of both`(seed: UInt64) {
    var random = Repeatable(seed: seed)
    for _ in 0..<200_000 {
      let (a, b) = (AbstractValue.random(using: &random), AbstractValue.random(using: &random))
      let joined = a.joined(with: b)
      for value in [a, b] {
        let member = value.member(using: &random)
        guard joined.contains(member) else {
          Issue.record("\(member) of \(value) is not in \(joined) of \(a) and \(b)")
          return
        }
      }
    }
  }

  private func variant(of code: ArithmeticCode, using random: inout Repeatable) -> Int16 {
    switch code {
    case .mov: random.pick([0, 8, 16, 32])
    case .div, .mod: random.pick([0, 1])
    default: 0
    }
  }

  /// RFC 9669 §4.1 in the plainest words.
  private func concrete64(_ code: ArithmeticCode, _ x: UInt64, _ y: UInt64, _ variant: Int16) -> UInt64 {
    let (a, b) = (Int64(bitPattern: x), Int64(bitPattern: y))
    return switch code {
    case .mov: variant == 0 ? y : UInt64(bitPattern: (b << (64 - Int64(variant))) >> (64 - Int64(variant)))
    case .add: x &+ y
    case .sub: x &- y
    case .neg: 0 &- x
    case .mul: x &* y
    case .and: x & y
    case .or: x | y
    case .xor: x ^ y
    case .lsh: x &<< y
    case .rsh: x &>> y
    case .arsh: UInt64(bitPattern: a &>> b)
    case .div where variant == 0: y == 0 ? 0 : x / y
    case .div: b == 0 ? 0 : UInt64(bitPattern: a.dividedReportingOverflow(by: b).partialValue)
    case .mod where variant == 0: y == 0 ? x : x % y
    case .mod: b == 0 ? x : b == -1 ? 0 : UInt64(bitPattern: a % b)
    case .end: x
    }
  }

  private func concrete32(_ code: ArithmeticCode, _ x: UInt64, _ y: UInt64, _ variant: Int16) -> UInt64 {
    let (x, y) = (UInt32(truncatingIfNeeded: x), UInt32(truncatingIfNeeded: y))
    let (a, b) = (Int32(bitPattern: x), Int32(bitPattern: y))
    let result: UInt32 =
      switch code {
      case .mov:
        variant == 0 ? y : UInt32(bitPattern: (b << (32 - Int32(variant))) >> (32 - Int32(variant)))
      case .add: x &+ y
      case .sub: x &- y
      case .neg: 0 &- x
      case .mul: x &* y
      case .and: x & y
      case .or: x | y
      case .xor: x ^ y
      case .lsh: x &<< y
      case .rsh: x &>> y
      case .arsh: UInt32(bitPattern: a &>> b)
      case .div where variant == 0: y == 0 ? 0 : x / y
      case .div: b == 0 ? 0 : UInt32(bitPattern: a.dividedReportingOverflow(by: b).partialValue)
      case .mod where variant == 0: y == 0 ? x : x % y
      case .mod: b == 0 ? x : b == -1 ? 0 : UInt32(bitPattern: a % b)
      case .end: x
      }
    return UInt64(result)
  }

  private func holds(_ code: UInt8, _ x: UInt64, _ y: UInt64, is64Bit: Bool) -> Bool {
    let (x, y) = is64Bit ? (x, y) : (x & 0xFFFF_FFFF, y & 0xFFFF_FFFF)
    let (a, b) =
      is64Bit
      ? (Int64(bitPattern: x), Int64(bitPattern: y))
      : (Int64(Int32(truncatingIfNeeded: x)), Int64(Int32(truncatingIfNeeded: y)))
    return switch code {
    case 1: x == y
    case 2: x > y
    case 3: x >= y
    case 5: x != y
    case 6: a > b
    case 7: a >= b
    case 10: x < y
    case 11: x <= y
    case 12: a < b
    default: a <= b
    }
  }
}

extension AbstractValue {
  /// A set of numbers, often one whose ends are where signs and carries change.
  fileprivate static func random(using random: inout Repeatable) -> AbstractValue {
    let kinds: [Kind] = [
      .any, .zeroExtended, .zeroExtended, .signExtended, .signExtended, .shifted, .stack, .data, .rodata,
      .context,
    ]
    let edges: [UInt32] = [0, 1, 31, 32, 255, 1 << 30, 1 << 31 - 1, 1 << 31, .max - 3, .max]
    let low = random.pick(edges) &+ UInt32.random(in: 0...3, using: &random)
    let shift = UInt8(random.pick([0, 0, 0, 1, 2, 3, 8, 30, 31]))
    let extent: UInt32 =
      switch Int.random(in: 0...4, using: &random) {
      case 0: 0
      case 1: UInt32.random(in: 0...20, using: &random) &<< UInt32(shift)
      case 2: (UInt32.max &>> UInt32(shift)) &<< UInt32(shift)
      default: (random.pick(edges) &>> UInt32(shift)) &<< UInt32(shift)
      }
    return AbstractValue(random.pick(kinds), low: low, extent: extent, shift: shift)
  }

  /// Where the region of an address starts, or the stack frame ends. Read-only data may start anywhere.
  private var start: UInt64 {
    switch kind {
    case .stack: 0x2000_1200
    case .data: 0x2000_2000
    case .rodata: 0x0001_2344
    default: 0x2000_3008
    }
  }

  fileprivate func member(using random: inout Repeatable) -> UInt64 {
    let step = shift >= 32 ? 1 : UInt64(1) << UInt64(shift)
    let count = extent == 0 ? 0 : UInt64(extent) / step
    let index = random.pick([0, count, UInt64.random(in: 0...count, using: &random)])
    let number = low &+ UInt32(truncatingIfNeeded: index &* step)
    return switch kind {
    case .zeroExtended: UInt64(number)
    case .signExtended: UInt64(bitPattern: Int64(Int32(bitPattern: number)))
    case .shifted: UInt64(number) << 32
    case .stack, .data, .rodata, .context: start &+ UInt64(bitPattern: Int64(Int32(bitPattern: number)))
    default: UInt64(number) | UInt64(UInt32.random(in: 0...UInt32.max, using: &random)) << 32
    }
  }

  fileprivate func contains(_ number: UInt64) -> Bool {
    let number = isAddress ? number &- start : number
    let half = UInt32(truncatingIfNeeded: kind == .shifted ? number >> 32 : number)
    guard half &- low <= extent, (half &- low) & stepMask == 0 else { return false }
    return switch kind {
    case .zeroExtended: number >> 32 == 0
    case .signExtended, .stack, .data, .rodata, .context:
      number == UInt64(bitPattern: Int64(Int32(bitPattern: half)))
    case .shifted: number & 0xFFFF_FFFF == 0
    default: kind == .any
    }
  }
}
