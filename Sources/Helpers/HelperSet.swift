/// A set of helpers, for instance those a program is granted: one bit for each.
public struct HelperSet: Equatable, Sendable {
  /// Bit n stands for the helper at position n of `Helper.allCases`.
  private var bits: UInt64

  private init(bits: UInt64) {
    self.bits = bits
  }

  public static var empty: HelperSet { HelperSet(bits: 0) }
  public static var all: HelperSet { HelperSet(bits: ~0 >> (64 - UInt64(Helper.count))) }

  public init(_ helper: Helper) {
    self.init(bits: 1 << UInt64(helper.position))
  }

  /// The helpers with these numbers. A number that no helper has adds nothing: nothing can be called by it.
  public init(numbers: Span<UInt8>) {
    self = .empty
    for index in numbers.indices {
      if let helper = Helper(rawValue: numbers[index]) { insert(helper) }
    }
  }

  public var isEmpty: Bool { bits == 0 }
  public var count: Int { bits.nonzeroBitCount }

  public func contains(_ helper: Helper) -> Bool {
    bits >> UInt64(helper.position) & 1 != 0
  }

  public mutating func insert(_ helper: Helper) {
    bits |= 1 << UInt64(helper.position)
  }

  public func union(_ other: HelperSet) -> HelperSet { HelperSet(bits: bits | other.bits) }

  /// The helpers in both: how a request narrows a grant.
  public func intersection(_ other: HelperSet) -> HelperSet { HelperSet(bits: bits & other.bits) }

  public func isSubset(of other: HelperSet) -> Bool { bits & ~other.bits == 0 }

  /// Calls `body` with each helper of the set, in the order of `Helper.allCases`.
  public func forEach<Failure: Error>(_ body: (Helper) throws(Failure) -> Void) throws(Failure) {
    var rest = bits
    while rest != 0 {
      if let helper = Helper(position: UInt8(truncatingIfNeeded: rest.trailingZeroBitCount)) {
        try body(helper)
      }
      rest &= rest &- 1
    }
  }
}
