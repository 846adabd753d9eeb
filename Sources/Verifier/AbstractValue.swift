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
  public let kind: Kind
  /// Members are 2^`shift` apart; 32 when there is only one.
  public let shift: UInt8

  /// `extent` is a multiple of 2^`shift`.
  @inline(never)
  init(_ kind: Kind, low: UInt32, extent: UInt32, shift: UInt8) {
    if extent == 0 {
      self.low = low
      self.extent = 0
      self.shift = 32
    } else {
      let shift = min(shift, 31)
      let step = 1 as UInt32 &<< UInt32(shift)
      self.shift = shift
      // When every number with the same low bits is a member, it does not matter which is the first.
      if extent == 0 &- step {
        self.low = low & (step &- 1)
      } else {
        self.low = low
      }
      self.extent = extent
    }
    let isNeverNegative = self.low < 1 << 31 && self.extent < 1 << 31 &- self.low
    self.kind = kind == .signExtended && isNeverNegative ? .zeroExtended : kind
  }

  /// The parts as the other initialiser would leave them.
  @inline(__always)
  private init(as kind: Kind, _ low: UInt32, _ extent: UInt32, _ shift: UInt8) {
    self.low = low
    self.extent = extent
    self.kind = kind
    self.shift = shift
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

  /// The value that is kept in `cell`.
  init(_ cell: AnalysisCell) {
    low = cell.first
    extent = cell.second
    // SAFETY: a cell that values are read from is one that `cell` made.
    kind = unsafe unsafeBitCast(UInt8(truncatingIfNeeded: cell.third), to: Kind.self)
    shift = UInt8(truncatingIfNeeded: cell.third >> 8)
  }

  var cell: AnalysisCell { AnalysisCell(low, extent, UInt32(kind.rawValue) | UInt32(shift) << 8) }

  // MARK: What is known

  public var isAddress: Bool { kind.rawValue >= Kind.stack.rawValue }
  /// Whether nothing is known, so that it needs no remembering.
  public var isUnknown: Bool { kind == .any && extent == .max }
  var hasValue: Bool { kind.rawValue >= Kind.any.rawValue }
  var isConstant: Bool { extent == 0 }
  public var upperHalfIsZero: Bool { kind == .zeroExtended }

  /// The bits in which all members agree.
  var stepMask: UInt32 { shift >= 32 ? .max : (1 as UInt32 &<< UInt32(shift)) &- 1 }

  /// Low bits that are zero in all members.
  var trailingZeros: UInt8 { min(shift, UInt8(truncatingIfNeeded: low.trailingZeroBitCount)) }

  /// Least and greatest member, read as unsigned numbers. Both agree with the members in the bits of `stepMask`.
  var unsignedRange: AbstractRange {
    let (high, wraps) = low.addingReportingOverflow(extent)
    let first = wraps ? low & stepMask : low
    return AbstractRange(Int64(first), Int64(wraps ? first | ~stepMask : high))
  }

  /// Least and greatest member, read as signed numbers. Both agree with the members in the bits of `stepMask`.
  var signedRange: AbstractRange {
    let sign: UInt32 = 1 << 31
    let (high, wraps) = (low ^ sign).addingReportingOverflow(extent)
    let first = wraps ? low & stepMask : low ^ sign
    let last = wraps ? first | ~stepMask : high
    return AbstractRange(Int64(Int32(bitPattern: first ^ sign)), Int64(Int32(bitPattern: last ^ sign)))
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
