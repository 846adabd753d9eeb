extension AbstractValue {
  /// The least that holds of both, as precisely as the representation can say it.
  @inline(__always)
  func joined(with other: AbstractValue) -> AbstractValue {
    if self == other { return self }
    if upperHalfIsZero, other.upperHalfIsZero, (low | extent | other.low | other.extent) >> 30 == 0 {
      // Numbers that are small in both views, as most are.
      let first = min(low, other.low)
      return AbstractValue(
        as: .zeroExtended, first, max(low &+ extent, other.low &+ other.extent) &- first, commonShift(other))
    }
    if kind == other.kind {
      guard hasValue else { return .unknown }
      return union(other, kind)
    }
    guard !isAddress, !other.isAddress, hasValue, other.hasValue, kind != .shifted, other.kind != .shifted
    else { return .unknown }
    if let x = range, let y = other.range {
      return AbstractValue(
        min(x.low, y.low), through: max(x.high, y.high), shift: commonShift(other))
    }
    return union(other, .any)
  }

  /// The bits in which all members of both agree.
  private func commonShift(_ other: AbstractValue) -> UInt8 {
    min(min(shift, other.shift), UInt8(truncatingIfNeeded: (low ^ other.low).trailingZeroBitCount))
  }

  /// All members of both and what lies between, on the shorter way that crosses neither 0 nor, read as signed numbers, the
  /// least.
  private func union(_ other: AbstractValue, _ kind: Kind) -> AbstractValue {
    let shift = commonShift(other)
    let signed = reach(other, from: 1 << 31)
    var (low, extent) = signed ?? (low, .max)
    if kind.rawValue < Kind.stack.rawValue, let unsigned = reach(other, from: 0), unsigned.extent < extent {
      (low, extent) = unsigned
    } else if signed == nil {
      return AbstractValue(kind, multiplesFrom: low, shift: shift)
    }
    return AbstractValue(kind, low: low, extent: extent, shift: shift)
  }

  /// The first member of both and how far the last is from it, counted from `origin` up; `nil` when one crosses that.
  private func reach(_ other: AbstractValue, from origin: UInt32) -> (low: UInt32, extent: UInt32)? {
    let (end, wraps) = (low &- origin).addingReportingOverflow(extent)
    let (otherEnd, otherWraps) = (other.low &- origin).addingReportingOverflow(other.extent)
    if wraps || otherWraps { return nil }
    let first = min(low &- origin, other.low &- origin)
    return (first &+ origin, max(end, otherEnd) &- first)
  }
}
