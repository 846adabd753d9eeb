/// The high four bits of the opcode of an arithmetic instruction. RFC 9669 §4.1
enum ArithmeticCode: UInt8 {
  case add, sub, mul, div, or, and, lsh, rsh, neg, mod, xor, mov, arsh, end

  init?(opcode: UInt8) {
    let code = opcode >> 4
    guard code <= 13 else { return nil }
    // SAFETY: the fourteen cases stand for 0 to 13 in this order.
    self = unsafe unsafeBitCast(code, to: ArithmeticCode.self)
  }

  /// Whether nothing is known of a result of 64 bits when nothing is of one of the operands.
  var spreadsUnknown: Bool { self == .add || self == .sub || self == .or || self == .xor }
}

extension AbstractValue {
  /// What an instruction makes of a destination `a` and an operand `b`. `variant` is its offset field.
  ///
  /// Not for byte swaps. One of 32 bits leaves an upper half of zero; then `a` and `b` are lower halves.
  @inline(never)
  static func arithmetic(
    _ code: ArithmeticCode, is64Bit: Bool, _ a: AbstractValue, _ b: AbstractValue, variant: Int16
  ) -> AbstractValue {
    is64Bit ? arithmetic64(code, a, b, variant: variant) : arithmetic32(code, a, b, variant: variant)
  }

  @inline(__always)
  private static func arithmetic32(
    _ code: ArithmeticCode, _ a: AbstractValue, _ b: AbstractValue, variant: Int16
  ) -> AbstractValue {
    var (a, b) = (a, b)
    switch code {
    case .add: return lowSum(a, b, .zeroExtended)
    case .sub: return lowSum(a, lowNegation(b), .zeroExtended)
    case .neg: return lowNegation(a)
    case .lsh: return b.isConstant ? lowShiftedLeft(a, by: b.low & 31, .zeroExtended) : .word
    case .rsh, .arsh:
      if b.isConstant { b = AbstractValue(as: .zeroExtended, b.low & 31, 0, 32) }
      if code == .arsh { a = a.signed }
    case .mul, .div, .mod:
      // Of these alone the lower half depends on how the upper ones are read.
      if code == .mul || variant != 0 { (a, b) = (a.signed, b.signed) }
    default: break
    }
    return arithmetic64(code, a, b, variant: variant).lowerHalf
  }

  @inline(never)
  private static func arithmetic64(
    _ code: ArithmeticCode, _ a: AbstractValue, _ b: AbstractValue, variant: Int16
  ) -> AbstractValue {
    switch code {
    case .mov: variant == 0 ? b : signExtension(of: b, from: variant)
    case .add: sum(a, b)
    case .sub: difference(a, b)
    case .neg: difference(AbstractValue(constant: 0), a)
    case .mul: product(a, b)
    case .and: conjunction(a, b)
    case .or: disjunction(a, b, leastIsGreatest: true)
    case .xor: disjunction(a, b, leastIsGreatest: false)
    case .lsh: shiftedLeft(a, by: b)
    case .rsh: shiftedRight(a, by: b)
    case .arsh: shiftedRightSigned(a, by: b)
    case .div: quotient(a, b)
    case .mod: remainder(a, b, isSigned: variant != 0)
    case .end: .unknown
    }
  }

  /// All numbers from 0 to `high` that are multiples of 2^`shift`, as `high` is.
  private init(upTo high: UInt32, shift: UInt8 = 0) {
    self.init(.zeroExtended, low: 0, extent: high, shift: shift)
  }

  /// A value of 32 bits read as a signed number.
  private var signed: AbstractValue { AbstractValue(.signExtended, low: low, extent: extent, shift: shift) }

  /// The members' sums modulo 2^32.
  @inline(never)
  private static func lowSum(_ a: AbstractValue, _ b: AbstractValue, _ kind: Kind) -> AbstractValue {
    let shift = min(a.shift, b.shift)
    let (extent, wraps) = a.extent.addingReportingOverflow(b.extent)
    let low = a.low &+ b.low
    return wraps
      ? AbstractValue(kind, multiplesFrom: low, shift: shift)
      : AbstractValue(kind, low: low, extent: extent, shift: shift)
  }

  private static func lowNegation(_ a: AbstractValue) -> AbstractValue {
    AbstractValue(.zeroExtended, low: 0 &- (a.low &+ a.extent), extent: a.extent, shift: a.shift)
  }

  /// Whether the value is a number from -2^30 to 2^30, or an address at such an offset, so that sums of two need 32 bits.
  private var isSmall: Bool {
    @inline(__always) get {
      guard kind.rawValue >= Kind.zeroExtended.rawValue, kind != .shifted,
        kind != .zeroExtended || low >> 31 == 0
      else { return false }
      let (end, wraps) = (low &+ 1 << 30).addingReportingOverflow(extent)
      return !wraps && end >> 31 == 0
    }
  }

  @inline(never)
  static func sum(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    if a.isAddress && b.isAddress { return .unknown }
    let kind = a.isAddress ? a.kind : b.isAddress ? b.kind : .signExtended
    if a.isSmall, b.isSmall {
      return AbstractValue(
        kind, low: a.low &+ b.low, extent: a.extent &+ b.extent, shift: min(a.shift, b.shift))
    }
    guard let x = a.range, let y = b.range else {
      return kind == .signExtended ? lowSum(a.lowerHalf, b.lowerHalf, .any) : .unknown
    }
    let (low, high) = (x.low &+ y.low, x.high &+ y.high)
    let shift = min(a.shift, b.shift)
    return kind == .signExtended
      ? AbstractValue(low, through: high, shift: shift)
      : AbstractValue(kind, offsets: low, through: high, shift: shift)
  }

  @inline(never)
  private static func difference(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    guard b.isAddress else { return sum(a, b.negated) }
    return b.kind == a.kind ? sum(a.signed, b.signed.negated) : .unknown
  }

  /// The negative of what is no address.
  private var negated: AbstractValue {
    guard let range else {
      let half = Self.lowNegation(lowerHalf)
      return AbstractValue(.any, low: half.low, extent: half.extent, shift: half.shift)
    }
    return AbstractValue(0 &- range.high, through: 0 &- range.low, shift: shift)
  }

  @inline(never)
  private static func product(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    guard !a.isAddress, !b.isAddress else { return .unknown }
    if b.isConstant, a.upperHalfIsZero, b.upperHalfIsZero {
      let (_, overflows) = a.unsignedBounds.high.multipliedReportingOverflow(by: b.low)
      if !overflows {
        return AbstractValue(
          .zeroExtended, low: a.low &* b.low, extent: a.extent &* b.low, shift: a.shift &+ b.trailingZeros)
      }
    }
    let zeros = a.lowerHalf.trailingZeros &+ b.lowerHalf.trailingZeros
    // 31 bits on both sides, so that products fit; and the ends' products are the ends.
    guard let x = a.range, let y = b.range, x.low >= Int64(Int32.min), x.high <= Int64(Int32.max),
      y.low >= Int64(Int32.min), y.high <= Int64(Int32.max),
      a.isConstant || b.isConstant || x.low >= 0 && y.low >= 0
    else { return AbstractValue(.any, multiplesFrom: 0, shift: zeros) }
    var shift = zeros
    if a.isConstant { shift = a.trailingZeros &+ b.shift }
    if b.isConstant { shift = b.trailingZeros &+ a.shift }
    let first = x.low &* y.low
    let last = x.high &* y.high
    return AbstractValue(min(first, last), through: max(first, last), shift: min(shift, 31))
  }

  @inline(never)
  private static func conjunction(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    guard !a.isAddress, !b.isAddress else { return .unknown }
    // Only the operand with the fewer bits bounds the result.
    guard a.upperHalfIsZero || b.upperHalfIsZero else {
      return AbstractValue(
        .any, multiplesFrom: 0, shift: max(a.lowerHalf.trailingZeros, b.lowerHalf.trailingZeros))
    }
    return lowConjunction(a.lowerHalf, b.lowerHalf)
  }

  @inline(never)
  private static func lowConjunction(_ x: AbstractValue, _ y: AbstractValue) -> AbstractValue {
    let (p, q) = (x.unsignedBounds.high, y.unsignedBounds.high)
    // A mask of ones that covers all members changes none.
    if x.isConstant, x.low & (x.low &+ 1) == 0, q <= p { return y }
    if y.isConstant, y.low & (y.low &+ 1) == 0, p <= q { return x }
    let shift = max(x.trailingZeros, y.trailingZeros)
    return AbstractValue(upTo: min(p, q) & ~((1 as UInt32 &<< UInt32(shift)) &- 1), shift: shift)
  }

  /// Or, and exclusive or, whose least result is 0.
  @inline(never)
  private static func disjunction(
    _ a: AbstractValue, _ b: AbstractValue, leastIsGreatest: Bool
  ) -> AbstractValue {
    guard !a.isAddress, !b.isAddress else { return .unknown }
    let (x, y) = (a.lowerHalf, b.lowerHalf)
    guard a.upperHalfIsZero, b.upperHalfIsZero else {
      return AbstractValue(.any, multiplesFrom: 0, shift: min(x.trailingZeros, y.trailingZeros))
    }
    return lowDisjunction(x, y, leastIsGreatest: leastIsGreatest)
  }

  @inline(never)
  private static func lowDisjunction(
    _ x: AbstractValue, _ y: AbstractValue, leastIsGreatest: Bool
  ) -> AbstractValue {
    let (p, q) = (x.unsignedBounds, y.unsignedBounds)
    let shift = min(x.trailingZeros, y.trailingZeros)
    let greatest = p.high | q.high
    // Only 0 has no lowest bit.
    guard greatest != 0 else { return AbstractValue(constant: 0) }
    let bits = UInt32.max &>> UInt32(truncatingIfNeeded: greatest.leadingZeroBitCount)
    let high = bits & ~((1 as UInt32 &<< UInt32(shift)) &- 1)
    let low = leastIsGreatest ? max(p.low, q.low) : 0
    return AbstractValue(.zeroExtended, low: low, extent: high &- low, shift: shift)
  }

  @inline(never)
  private static func shiftedLeft(_ a: AbstractValue, by b: AbstractValue) -> AbstractValue {
    guard !a.isAddress, b.isConstant, b.hasValue, !b.isAddress, b.kind != .shifted else { return .unknown }
    let count = b.low & 63
    guard count < 32 else {
      guard count == 32 else { return AbstractValue(.any, multiplesFrom: 0, shift: 31) }
      let half = a.lowerHalf
      return AbstractValue(.shifted, low: half.low, extent: half.extent, shift: half.shift)
    }
    if a.upperHalfIsZero, a.unsignedBounds.high <= UInt32.max &>> count {
      return lowShiftedLeft(a, by: count, .zeroExtended)
    }
    let shift = UInt8(truncatingIfNeeded: min(31, UInt32(a.lowerHalf.shift) &+ count))
    guard let x = a.range else {
      return AbstractValue(.any, multiplesFrom: a.lowerHalf.low &<< count, shift: shift)
    }
    // At most 33 bits and 31 more.
    return AbstractValue(x.low &<< Int64(count), through: x.high &<< Int64(count), shift: shift)
  }

  /// The members modulo 2^32 after a shift by at most 31.
  @inline(never)
  private static func lowShiftedLeft(_ a: AbstractValue, by count: UInt32, _ kind: Kind) -> AbstractValue {
    let shift = a.shift &+ UInt8(truncatingIfNeeded: count)
    return a.extent <= UInt32.max &>> count
      ? AbstractValue(kind, low: a.low &<< count, extent: a.extent &<< count, shift: shift)
      : AbstractValue(kind, multiplesFrom: a.low &<< count, shift: shift)
  }

  @inline(never)
  private static func shiftedRight(_ a: AbstractValue, by b: AbstractValue) -> AbstractValue {
    guard b.isConstant, b.hasValue, !b.isAddress, b.kind != .shifted else {
      guard a.upperHalfIsZero else { return .unknown }
      return AbstractValue(0, through: a.unsignedRange.high)
    }
    let count = b.low & 63
    if count == 0 { return a }
    if a.kind == .shifted, count >= 32 {
      return shiftedRight(
        AbstractValue(.zeroExtended, low: a.low, extent: a.extent, shift: a.shift),
        by: AbstractValue(constant: Int64(count &- 32)))
    }
    guard a.upperHalfIsZero else {
      return count >= 32
        ? AbstractValue(0, through: Int64(UInt32.max &>> (count &- 32)))
        : .unknown
    }
    guard count < 32 else { return AbstractValue(constant: 0) }
    return lowShiftedRight(a, by: count)
  }

  /// The members, of 32 bits without sign, after a shift by at most 31.
  @inline(never)
  private static func lowShiftedRight(_ a: AbstractValue, by count: UInt32) -> AbstractValue {
    let bounds = a.unsignedBounds
    let low = bounds.low &>> count
    return AbstractValue(
      .zeroExtended, low: low, extent: bounds.high &>> count &- low, shift: a.shift(scaledDownBy: count))
  }

  /// How far members are apart when they are divided by 2^`count`.
  private func shift(scaledDownBy count: UInt32) -> UInt8 {
    shift < 32 && UInt32(trailingZeros) >= count ? shift &- UInt8(truncatingIfNeeded: count) : 0
  }

  @inline(never)
  private static func shiftedRightSigned(_ a: AbstractValue, by b: AbstractValue) -> AbstractValue {
    guard b.isConstant, b.hasValue, !b.isAddress, b.kind != .shifted else { return .unknown }
    let count = b.low & 63
    if count == 0 { return a }
    if a.kind == .shifted, count >= 32 {
      return shiftedRightSigned(
        AbstractValue(.signExtended, low: a.low, extent: a.extent, shift: a.shift),
        by: AbstractValue(constant: Int64(count &- 32)))
    }
    guard !a.isAddress, let range = a.range else {
      guard count >= 32 else { return .unknown }
      return AbstractValue(Int64(Int32.min &>> (count &- 32)), through: Int64(Int32.max &>> (count &- 32)))
    }
    return a.scaledDown(range, by: min(count, 33))
  }

  /// The range divided by 2^`count`, members as far apart as they then are.
  private func scaledDown(_ range: AbstractRange, by count: UInt32) -> AbstractValue {
    AbstractValue(
      range.low &>> Int64(count), through: range.high &>> Int64(count), shift: shift(scaledDownBy: count))
  }

  /// Divisions of either sign: they agree where nothing is negative, and elsewhere nothing is said.
  @inline(never)
  private static func quotient(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    guard a.upperHalfIsZero, b.upperHalfIsZero else { return .unknown }
    return lowQuotient(a, b)
  }

  private static func lowQuotient(_ a: AbstractValue, _ b: AbstractValue) -> AbstractValue {
    let (x, y) = (a.unsignedBounds, b.unsignedBounds)
    let greatest = x.high / max(1, y.low)
    // Division by zero gives zero.
    let least = y.low == 0 ? 0 : x.low / y.high
    return AbstractValue(.zeroExtended, low: least, extent: greatest &- least, shift: 0)
  }

  @inline(never)
  private static func remainder(_ a: AbstractValue, _ b: AbstractValue, isSigned: Bool) -> AbstractValue {
    guard b.upperHalfIsZero, a.upperHalfIsZero || !isSigned else { return .unknown }
    let divisor = b.unsignedRange
    // The remainder by zero is the dividend.
    let bound = divisor.low == 0 ? Int64.max : divisor.high &- 1
    let dividend = a.upperHalfIsZero ? a.unsignedRange.high : Int64.max
    guard min(bound, dividend) != .max else { return .unknown }
    return AbstractValue(0, through: min(bound, dividend))
  }

  /// The lowest `bits` bits with their sign extended to 64.
  @inline(never)
  private static func signExtension(of a: AbstractValue, from bits: Int16) -> AbstractValue {
    let half = a.lowerHalf
    let limit = 1 as Int64 &<< Int64(bits &- 1)
    let members = half.signedRange
    if members.low >= -limit, members.high < limit {
      return AbstractValue(.signExtended, low: half.low, extent: half.extent, shift: half.shift)
    }
    return AbstractValue(-limit, through: limit &- 1)
  }
}
