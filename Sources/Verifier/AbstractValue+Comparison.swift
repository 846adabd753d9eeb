import Compartment

/// What a jump compares, written so that the less-than forms are enough: the others are these with operands swapped.
struct Comparison {
  enum Relation: UInt8 {
    case equal, notEqual, less, lessOrEqual
    /// Of single bits, which ranges do not tell.
    case none
  }

  /// From the lowest bit up: relation (3 bits), signed, swapped, of 64 bits.
  private var bits: UInt8

  var relation: Relation {
    // SAFETY: the lowest three bits are the number of a case.
    @inline(__always) get { unsafe unsafeBitCast(bits & 7, to: Relation.self) }
  }
  var isSigned: Bool { @inline(__always) get { bits & 8 != 0 } }
  /// Whether the operands change places.
  var isSwapped: Bool { @inline(__always) get { bits & 0x10 != 0 } }
  var is64Bit: Bool { @inline(__always) get { bits & 0x20 != 0 } }

  /// For the high four bits of an opcode.
  private static let all: InlineArray<16, UInt8> = [
    0x04, 0x00, 0x12, 0x13, 0x04, 0x01, 0x1A, 0x1B, 0x04, 0x04, 0x02, 0x03, 0x0A, 0x0B, 0x04, 0x04,
  ]

  /// The comparison that holds when the conditional jump with this opcode is taken. RFC 9669 §4.3
  @inline(__always)
  init(opcode: UInt8) {
    // SAFETY: the table has an entry for each number of four bits.
    bits = unsafe Self.all[unchecked: Int(opcode >> 4)] | (opcode & 7 == 5 ? 0x20 : 0)
  }

  /// The comparison that holds when this one does not.
  var negated: Comparison {
    @inline(__always) get {
      var other = self
      if bits & 4 == 0 { other.bits ^= bits & 2 != 0 ? 0x11 : 0x01 }
      return other
    }
  }

  /// How far beyond the second operand, which the first one does not get over, the first number is that it does not reach, beside
  /// the operand itself: 1 above, -1 below, 0 if that is the operand.
  var reach: Int64 { relation == .lessOrEqual ? isSwapped ? -1 : 1 : 0 }

  init(opcode: UInt8, isTaken: Bool) {
    self.init(opcode: opcode)
    if !isTaken { self = negated }
  }

  /// Narrows both operands to what the comparison leaves. False when it cannot hold.
  @inline(never)
  func narrow(_ a: inout AbstractValue, _ b: inout AbstractValue) -> Bool {
    isSwapped ? narrowInOrder(&b, &a) : narrowInOrder(&a, &b)
  }

  @inline(never)
  private func narrowInOrder(_ a: inout AbstractValue, _ b: inout AbstractValue) -> Bool {
    if relation == .none { return true }
    if a.upperHalfIsZero, b.upperHalfIsZero {
      let limit: UInt32 = isSigned ? 1 << 31 &- 1 : .max
      if a.isOrdered(upTo: limit), b.isOrdered(upTo: limit) { return narrowWords(&a, &b) }
    }
    return narrowOthers(&a, &b)
  }

  @inline(never)
  private func narrowOthers(_ a: inout AbstractValue, _ b: inout AbstractValue) -> Bool {
    if is64Bit, relation == .equal { adopt(&a, &b) }
    if is64Bit, !isSigned, relation == .less || relation == .lessOrEqual { boundByUnsigned(&a, b) }
    guard let x = view(a, b), let y = view(b, a) else { return true }
    var (p, q) = (x, y)
    switch relation {
    case .equal:
      p.low = max(x.low, y.low)
      p.high = min(x.high, y.high)
      q = p
    case .notEqual:
      if y.low == y.high { trim(&p, a, y.low) }
      if x.low == x.high { trim(&q, b, x.low) }
    case .less:
      p.high = min(x.high, y.high &- 1)
      q.low = max(y.low, x.low &+ 1)
    default:
      p.high = min(x.high, y.high)
      q.low = max(y.low, x.low)
    }
    guard p.low <= p.high, q.low <= q.high else { return false }
    guard p == x || narrowRange(&a, to: p, is64Bit: is64Bit) else { return false }
    return q == y || narrowRange(&b, to: q, is64Bit: is64Bit)
  }

  /// The same of numbers that 32 bits without sign tell: most of those that programs compare.
  @inline(__always)
  private func narrowWords(_ a: inout AbstractValue, _ b: inout AbstractValue) -> Bool {
    var (p, q) = (a.low, b.low)
    var (pEnd, qEnd) = (a.low &+ a.extent, b.low &+ b.extent)
    switch relation {
    case .equal:
      p = max(p, q)
      pEnd = min(pEnd, qEnd)
      (q, qEnd) = (p, pEnd)
    case .notEqual:
      if a.isConstant && b.isConstant { return p != q }
      let (x, y) = (p, q)
      if b.isConstant { Self.trim(&p, &pEnd, by: a.stepMask &+ 1, y) }
      if a.isConstant { Self.trim(&q, &qEnd, by: b.stepMask &+ 1, x) }
    case .less:
      if p >= qEnd { return false }
      pEnd = min(pEnd, qEnd &- 1)
      q = max(q, p &+ 1)
    default:
      pEnd = min(pEnd, qEnd)
      q = max(q, p)
    }
    return narrowWord(&a, to: p, pEnd) && narrowWord(&b, to: q, qEnd)
  }

  /// Takes `number` off an end of a range whose members are `step` apart and more than one.
  private static func trim(_ low: inout UInt32, _ high: inout UInt32, by step: UInt32, _ number: UInt32) {
    if low == number { low &+= step } else if high == number { high &-= step }
  }

  /// An operand of which nothing is known in the upper half is what it equals.
  private func adopt(_ a: inout AbstractValue, _ b: inout AbstractValue) {
    if a.kind == .any, b.range != nil { a = b } else if b.kind == .any, a.range != nil { b = a }
  }

  /// What is below a number of 32 bits is a number of 32 bits.
  private func boundByUnsigned(_ a: inout AbstractValue, _ b: AbstractValue) {
    guard b.upperHalfIsZero else { return }
    switch a.kind {
    case .any, .signExtended:
      // The value is its lower half then, which keeps the lower half's set.
      a = AbstractValue(.zeroExtended, low: a.low, extent: a.extent, shift: a.shift)
    default: break
    }
  }

  /// The range that is compared; `nil` when it does not order the values.
  private func view(_ a: AbstractValue, _ other: AbstractValue) -> AbstractRange? {
    guard is64Bit else {
      let half = a.lowerHalf
      if isSigned { return half.signedRange }
      // Equality is the same in both views: the one in which neither wraps says more.
      guard relation == .equal || relation == .notEqual else { return half.unsignedRange }
      return prefersSigned(a, other) ? half.signedRange : half.unsignedRange
    }
    guard let range = a.range else { return nil }
    if a.isAddress {
      guard a.kind == other.kind else { return nil }
      if relation == .equal || relation == .notEqual { return range }
      // Addresses are ordered as their offsets are, unless one wraps. No address that is not below its region's start,
      // or its stack frame, does.
      let floor: Int64 = a.kind == .stack ? -Int64(Arena.frameSize) : 0
      guard !isSigned, range.low >= floor, let otherRange = other.range, otherRange.low >= floor else {
        return nil
      }
      return range
    }
    guard !other.isAddress else { return nil }
    return isSigned || range.low >= 0 || relation == .equal || relation == .notEqual ? range : nil
  }

  private func prefersSigned(_ a: AbstractValue, _ b: AbstractValue) -> Bool {
    let (a, b) = (a.lowerHalf, b.lowerHalf)
    return a.low.addingReportingOverflow(a.extent).overflow
      || b.low.addingReportingOverflow(b.extent).overflow
  }

  /// Takes `number` off an end of the range of `a`'s members.
  private func trim(_ range: inout AbstractRange, _ a: AbstractValue, _ number: Int64) {
    let step: Int64 = a.isConstant ? 1 : Int64(a.stepMask) &+ 1
    if range.low == number { range.low &+= step } else if range.high == number { range.high &-= step }
  }
}

extension AbstractValue {
  /// Whether the members go up from `low` without passing `limit`.
  fileprivate func isOrdered(upTo limit: UInt32) -> Bool {
    let (high, wraps) = low.addingReportingOverflow(extent)
    return !wraps && high <= limit
  }
}

// Functions, not methods: the compiler's pass that joins stores may move the register that methods find `self` in, and not restore
// it for the caller. `scripts/check-firmware` looks for that.

/// Keeps the members from `first` to `last`, of a value without upper half. False when there are none.
private func narrowWord(_ value: inout AbstractValue, to first: UInt32, _ last: UInt32) -> Bool {
  if first == value.low, last == value.low &+ value.extent { return true }
  let mask = value.stepMask
  let (start, overflows) = first.addingReportingOverflow((value.low &- first) & mask)
  let (end, underflows) = last.subtractingReportingOverflow((last &- value.low) & mask)
  guard !overflows, !underflows, start <= end else { return false }
  // These are not all that agree in their low bits, so the first stays the first.
  value = AbstractValue(as: .zeroExtended, start, end &- start, start == end ? 32 : value.shift)
  return true
}

/// Keeps the members in `range`, which lies within the range compared. False when there are none.
private func narrowRange(_ value: inout AbstractValue, to range: AbstractRange, is64Bit: Bool) -> Bool {
  // 32 bits tell nothing about values that do not keep their members there.
  if !is64Bit && (value.isAddress || !value.hasValue || value.kind == .shifted) { return true }
  let mask = value.stepMask
  let first = UInt32(truncatingIfNeeded: range.low)
  let last = UInt32(truncatingIfNeeded: range.high)
  let start = range.low &+ Int64((value.low &- first) & mask)
  let end = range.high &- Int64((last &- value.low) & mask)
  guard start <= end else { return false }
  if is64Bit && !value.isAddress {
    value = AbstractValue(start, through: end, shift: value.shift)
  } else {
    value = AbstractValue(
      value.kind, low: UInt32(truncatingIfNeeded: start), extent: UInt32(truncatingIfNeeded: end &- start),
      shift: value.shift)
  }
  return true
}
