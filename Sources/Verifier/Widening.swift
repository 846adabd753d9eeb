extension AbstractValue {
  /// Something wide that holds of this number, whose upper half is zero. The last number is left out if it is no member: a
  /// counter that is kept below another gets no further, and one more still has an upper half of zero.
  var widestWord: AbstractValue {
    unsignedRange.high < Int64(UInt32.max) ? AbstractValue(0, through: Int64(UInt32.max) - 1) : .word
  }
}

/// Where the range of a loop's variable is likely to end: numbers that the program compares with, lately.
extension Analysis {
  /// Keeps the number that `value` is, or one beyond it.
  mutating func insertBound(_ value: AbstractValue, beyond reach: Int64) {
    guard value.isConstant, value.kind == .zeroExtended || value.kind == .signExtended || value.isAddress
    else {
      return
    }
    let member = value.kind == .zeroExtended ? Int64(value.low) : Int64(Int32(bitPattern: value.low))
    let number = member &+ reach
    for index in 0..<boundCount where state.bound(index) == number { return }
    state.setBound(nextBound, number)
    boundCount = max(boundCount, nextBound + 1)
    nextBound = nextBound + 1 == Workspace.boundCapacity ? 0 : nextBound + 1
  }
}

extension Workspace {
  /// The least number from `low` on that is one of those kept or the one below it.
  private func leastBound(of boundCount: Int, from low: Int64) -> Int64? {
    var least: Int64?
    for index in 0..<boundCount {
      var number = bound(index)
      if number < low { continue }
      if number > low { number -= 1 }
      if let other = least, other <= number { continue }
      least = number
    }
    return least
  }

  /// The greatest number up to `high` that is one of those kept or the one above it.
  private func greatestBound(of boundCount: Int, to high: Int64) -> Int64? {
    var greatest: Int64?
    for index in 0..<boundCount {
      var number = bound(index)
      if number > high { continue }
      if number < high { number += 1 }
      if let other = greatest, other >= number { continue }
      greatest = number
    }
    return greatest
  }

  /// Something that holds of `value` and of `joined`, which is `value` joined with more, and that does not change often
  /// when this is done again and again: bounds that moved go on to the next likely one.
  @inline(never)
  func widened(_ value: AbstractValue, to joined: AbstractValue, boundCount: Int) -> AbstractValue {
    guard let old = value.range, let new = joined.range else { return .unknown }
    let isUnsigned = joined.kind == .zeroExtended
    var (low, high) = (new.low, new.high)
    if new.high > old.high {
      // The last number but one first: a counter that is kept below another of 32 bits gets no further.
      let last = Int64(isUnsigned && high > Int64(Int32.max) ? Int64(UInt32.max) : Int64(Int32.max))
      let limit = high < last ? last - 1 : last
      high = leastBound(of: boundCount, from: high) ?? limit
      if high > limit { high = limit }
      if high < new.high { high = new.high }
    }
    if new.low < old.low {
      let limit = isUnsigned || low >= 0 ? 0 : Int64(Int32.min)
      low = greatestBound(of: boundCount, to: low) ?? limit
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
