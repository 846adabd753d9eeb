/// What is known about the 64 bits of a register or a stack slot, in twelve bytes.
///
/// `low`, `extent` and `shift` describe a set of 32-bit numbers: `low`, `low` + 2^`shift`, and so on up to `low` + `extent`,
/// modulo 2^32. So one set serves as unsigned and as signed range, and tells low bits that all members share. `kind`
/// says how the 64 bits follow from a member. Numbers that 32 bits cannot tell are `any`: no address is proven or
/// refused by them, and a 32-bit device pays twice for each wider operation here.
public struct AbstractValue: BitwiseCopyable, Equatable, Sendable {
  public enum Kind: UInt8, BitwiseCopyable, Sendable {
    /// Nothing was written there, on no path. Members mean nothing.
    case uninitialised
    /// Loaded from stack that was written on no path. Members mean nothing.
    case indeterminate
    /// The lower half is a member, the upper half anything: perhaps an address.
    case any
    /// The lower half is a member, the upper half zero.
    case zeroExtended
    /// A member, its sign extended. At least one is negative.
    case signExtended
    /// The upper half is a member, the lower half zero.
    case shifted
    /// The function's r10 plus a member, its sign extended.
    case stack
    /// The address of the writable data plus a member, its sign extended.
    case data
    /// The address of the read-only data plus a member, its sign extended.
    case rodata
    /// The address of the context plus a member, its sign extended.
    case context
  }

  /// The first member.
  public let low: UInt32
  /// From the first member to the last, modulo 2^32; a multiple of 2^`shift`.
  public let extent: UInt32
  /// The kind in the lowest byte, the shift above it: in one word, values pass through three registers.
  private let tag: UInt32

  public var kind: Kind {
    // SAFETY: the lowest byte of a tag is the number of a kind, whether made here or read back from a cell.
    @inline(__always) get { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: tag), to: Kind.self) }
  }

  /// Members are 2^`shift` apart; 32 when there is only one.
  public var shift: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: tag >> 8) }
  }

  /// `extent` is a multiple of 2^`shift`.
  @inline(never)
  init(_ kind: Kind, low: UInt32, extent: UInt32, shift: UInt8) {
    guard extent != 0 else {
      self.init(as: kind == .signExtended && low >> 31 == 0 ? .zeroExtended : kind, low, 0, 32)
      return
    }
    let shift = min(shift, 31)
    let step = 1 as UInt32 &<< UInt32(shift)
    // When every number with the same low bits is a member, it does not matter which is the first.
    let first = extent == 0 &- step ? low & (step &- 1) : low
    let isNeverNegative = first < 1 << 31 && extent < 1 << 31 &- first
    self.init(as: kind == .signExtended && isNeverNegative ? .zeroExtended : kind, first, extent, shift)
  }

  /// The parts as the other initialiser would leave them.
  @inline(__always)
  init(as kind: Kind, _ low: UInt32, _ extent: UInt32, _ shift: UInt8) {
    self.low = low
    self.extent = extent
    tag = UInt32(kind.rawValue) | UInt32(shift) << 8
  }

  static var uninitialised: AbstractValue { AbstractValue(as: .uninitialised, 0, 0, 32) }
  static var indeterminate: AbstractValue { AbstractValue(as: .indeterminate, 0, 0, 32) }
  /// Nothing is known.
  static var unknown: AbstractValue { AbstractValue(as: .any, 0, .max, 0) }

  /// Any number of 32 bits.
  static var word: AbstractValue { AbstractValue(as: .zeroExtended, 0, .max, 0) }

  /// All numbers from `low` to `high` that differ from `low` by a multiple of 2^`shift`, as `high` does.
  @inline(never)
  init(_ low: Int64, through high: Int64, shift: UInt8 = 0) {
    let span = UInt64(bitPattern: high &- low)
    let first = UInt32(truncatingIfNeeded: low)
    if low >= 0, high <= Int64(UInt32.max) {
      self.init(.zeroExtended, low: first, extent: UInt32(truncatingIfNeeded: span), shift: shift)
    } else if low >= Int64(Int32.min), high <= Int64(Int32.max) {
      self.init(.signExtended, low: first, extent: UInt32(truncatingIfNeeded: span), shift: shift)
    } else if high >= low, span <= UInt64(UInt32.max) {
      self.init(.any, low: first, extent: UInt32(truncatingIfNeeded: span), shift: shift)
    } else {
      self.init(.any, multiplesFrom: first, shift: shift)
    }
  }

  init(constant: Int64) {
    let low = UInt32(truncatingIfNeeded: constant)
    let upperHalf = Int32(truncatingIfNeeded: constant >> 32)
    let isSigned = upperHalf == -1 && Int32(bitPattern: low) < 0
    self.init(as: upperHalf == 0 ? .zeroExtended : isSigned ? .signExtended : .any, low, 0, 32)
  }

  /// The immediate of an instruction of 64 bits.
  init(immediate: Int32) {
    self.init(as: immediate < 0 ? .signExtended : .zeroExtended, UInt32(bitPattern: immediate), 0, 32)
  }

  /// Every number that differs from `low` by a multiple of 2^`shift`.
  init(_ kind: Kind, multiplesFrom low: UInt32, shift: UInt8) {
    let shift = min(shift, 31)
    self.init(kind, low: low, extent: 0 &- (1 as UInt32 &<< UInt32(shift)), shift: shift)
  }

  /// An address in a region, at offsets from `low` to `high`; unknown when the offsets do not fit 32 bits.
  @inline(never)
  init(_ region: Kind, offsets low: Int64, through high: Int64, shift: UInt8) {
    guard low >= Int64(Int32.min), high <= Int64(Int32.max) else {
      self = .unknown
      return
    }
    self.init(
      region, low: UInt32(truncatingIfNeeded: low), extent: UInt32(truncatingIfNeeded: high &- low),
      shift: shift)
  }

  /// The value that is kept in `cell`, which `cell` made.
  @inline(__always)
  init(_ cell: AnalysisCell) {
    low = cell.first
    extent = cell.second
    tag = cell.third
  }

  var cell: AnalysisCell {
    @inline(__always) get { AnalysisCell(low, extent, tag) }
  }

  // MARK: What is known

  public var isAddress: Bool { kind.rawValue >= Kind.stack.rawValue }
  /// Whether nothing is known, so that it needs no remembering.
  public var isUnknown: Bool { kind == .any && extent == .max }
  var hasValue: Bool { kind.rawValue >= Kind.any.rawValue }
  var isConstant: Bool { extent == 0 }
  public var upperHalfIsZero: Bool {
    @inline(__always) get { kind == .zeroExtended }
  }

  /// The bits in which all members agree.
  var stepMask: UInt32 { shift >= 32 ? .max : (1 as UInt32 &<< UInt32(shift)) &- 1 }

  /// Low bits that are zero in all members.
  var trailingZeros: UInt8 { min(shift, UInt8(truncatingIfNeeded: low.trailingZeroBitCount)) }

  /// Least and greatest member, read as unsigned numbers. Both agree with the members in the bits of `stepMask`.
  var unsignedBounds: (low: UInt32, high: UInt32) {
    @inline(never) get {
      let (high, wraps) = low.addingReportingOverflow(extent)
      guard wraps else { return (low, high) }
      let first = low & stepMask
      return (first, first | ~stepMask)
    }
  }

  /// Least and greatest member, read as signed numbers. Both agree with the members in the bits of `stepMask`.
  var signedBounds: (low: Int32, high: Int32) {
    @inline(never) get {
      let sign: UInt32 = 1 << 31
      let (high, wraps) = (low ^ sign).addingReportingOverflow(extent)
      guard wraps else { return (Int32(bitPattern: low), Int32(bitPattern: high ^ sign)) }
      let first = low & stepMask
      return (Int32(bitPattern: first ^ sign), Int32(bitPattern: (first | ~stepMask) ^ sign))
    }
  }

  var unsignedRange: AbstractRange {
    let bounds = unsignedBounds
    return AbstractRange(Int64(bounds.low), Int64(bounds.high))
  }

  var signedRange: AbstractRange {
    let bounds = signedBounds
    return AbstractRange(Int64(bounds.low), Int64(bounds.high))
  }

  /// Least and greatest value as a signed number of 64 bits, of an address its offset; `nil` if 32 bits cannot tell.
  public var range: AbstractRange? {
    @inline(never) get {
      switch kind {
      case .zeroExtended: unsignedRange
      case .signExtended, .stack, .data, .rodata, .context: signedRange
      case .uninitialised, .indeterminate, .any, .shifted: nil
      }
    }
  }

  /// What is known of the lower 32 bits, as the value of an instruction that uses no others.
  var lowerHalf: AbstractValue {
    @inline(__always) get { upperHalfIsZero ? self : lowerHalfOfOthers }
  }

  private var lowerHalfOfOthers: AbstractValue {
    @inline(never) get {
      switch kind {
      case .any, .zeroExtended, .signExtended: AbstractValue(as: .zeroExtended, low, extent, shift)
      case .shifted: AbstractValue(as: .zeroExtended, 0, 0, 32)
      case .uninitialised, .indeterminate, .stack, .data, .rodata, .context: .word
      }
    }
  }

  /// Whether the lower half, or of a `shifted` value the upper half, is never zero. Addresses may be anything.
  var membersExcludeZero: Bool {
    guard !isAddress, hasValue else { return false }
    let distance = 0 &- low
    return distance > extent || distance & stepMask != 0
  }
}

/// Numbers from `low` to `high`, both included.
public struct AbstractRange: BitwiseCopyable, Equatable, Sendable {
  public var low: Int64
  public var high: Int64

  init(_ low: Int64, _ high: Int64) {
    self.low = low
    self.high = high
  }
}
