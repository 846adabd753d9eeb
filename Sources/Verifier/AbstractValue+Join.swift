extension AbstractValue {
  /// The least that holds of both, as precisely as the representation can say it.
  func joined(with other: AbstractValue) -> AbstractValue {
    if self == other { return self }
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

  /// All members of both and what lies between, on the shorter way.
  private func union(_ other: AbstractValue, _ kind: Kind) -> AbstractValue {
    let shift = commonShift(other)
    let (x, y) = (signedRange, other.signedRange)
    let low = min(x.low, y.low)
    let extent = max(x.high, y.high) &- low
    if kind != .stack, kind != .data, kind != .rodata, kind != .context {
      let (x, y) = (unsignedRange, other.unsignedRange)
      let unsignedLow = min(x.low, y.low)
      let unsignedExtent = max(x.high, y.high) &- unsignedLow
      if unsignedExtent < extent {
        return AbstractValue(
          kind, low: UInt32(truncatingIfNeeded: unsignedLow),
          extent: UInt32(truncatingIfNeeded: unsignedExtent), shift: shift)
      }
    }
    return AbstractValue(
      kind, low: UInt32(truncatingIfNeeded: low), extent: UInt32(truncatingIfNeeded: extent), shift: shift)
  }

  /// Something that holds of `self` and of `joined`, which is `self` joined with more, and that does not change often when
  /// this is done again and again: bounds that moved go on to the next of `bounds`.
  @inline(never)
  func widened(to joined: AbstractValue, _ bounds: borrowing LikelyBounds) -> AbstractValue {
    guard let old = range, let new = joined.range else { return .unknown }
    let isUnsigned = joined.kind == .zeroExtended
    var (low, high) = (new.low, new.high)
    if new.high > old.high {
      let limit = Int64(isUnsigned && high > Int64(Int32.max) ? Int64(UInt32.max) : Int64(Int32.max))
      high = bounds.least(from: high) ?? limit
      if high > limit { high = limit }
      if high < new.high { high = new.high }
    }
    if new.low < old.low {
      let limit = isUnsigned || low >= 0 ? 0 : Int64(Int32.min)
      low = bounds.greatest(to: low) ?? limit
      if low < limit { low = limit }
      if low > new.low { low = new.low }
    }
    // Keep to numbers that agree with the members in their low bits.
    let mask = Int64(joined.stepMask)
    low = new.low &- (new.low &- low) & ~mask
    high = low &+ (high &- low) & ~mask
    return joined.isAddress
      ? AbstractValue(joined.kind, offsets: low, through: high, shift: joined.shift)
      : AbstractValue(low, through: high, shift: joined.shift)
  }
}

/// Numbers that the program compares with, lately: where the range of a loop's variable is likely to end.
struct LikelyBounds: ~Copyable {
  private static var capacity: Int { 16 }

  private var numbers = InlineArray<16, Int64>(repeating: 0)
  private var count = 0
  private var next = 0

  mutating func insert(_ number: Int64) {
    for index in 0..<count where numbers[index] == number { return }
    numbers[next] = number
    count = max(count, next + 1)
    next = next + 1 == Self.capacity ? 0 : next + 1
  }

  /// The least number from `low` on that is one of those kept or the one below it.
  func least(from low: Int64) -> Int64? {
    var least: Int64?
    for index in 0..<count where numbers[index] >= low {
      let number = numbers[index] > low ? numbers[index] - 1 : low
      if least.map({ number < $0 }) ?? true { least = number }
    }
    return least
  }

  /// The greatest number up to `high` that is one of those kept or the one above it.
  func greatest(to high: Int64) -> Int64? {
    var greatest: Int64?
    for index in 0..<count where numbers[index] <= high {
      let number = numbers[index] < high ? numbers[index] + 1 : high
      if greatest.map({ number > $0 }) ?? true { greatest = number }
    }
    return greatest
  }
}
