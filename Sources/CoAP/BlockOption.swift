/// The value of a Block1 or Block2 option (RFC 7959 §2.2).
public struct BlockOption: Equatable, Sendable {
  /// Index of the block, counted in blocks of ``size`` bytes.
  public var number: UInt32
  /// Whether more blocks follow.
  public var more: Bool
  /// The block size is 2 to the power of this plus 4; 0 to 6.
  public let sizeExponent: UInt8

  public static let largestNumber: UInt32 = (1 << 20) - 1

  /// - Precondition: `sizeExponent` is at most 6 and the number fits 20 bits.
  public init(number: UInt32, more: Bool, sizeExponent: UInt8) {
    precondition(sizeExponent <= 6 && number <= Self.largestNumber)
    self.number = number
    self.more = more
    self.sizeExponent = sizeExponent
  }

  /// `nil` for the reserved size exponent 7 and for numbers of more than 20 bits.
  public init?(rawValue: UInt32) {
    guard rawValue & 7 != 7, rawValue >> 4 <= Self.largestNumber else { return nil }
    self.init(number: rawValue >> 4, more: rawValue & 8 != 0, sizeExponent: UInt8(rawValue & 7))
  }

  public var rawValue: UInt32 {
    number << 4 | (more ? 8 : 0) | UInt32(sizeExponent)
  }

  /// Bytes in each block but the last, 16 to 1024.
  public var size: Int { 16 << Int(sizeExponent) }
  /// Where the block begins in the body.
  public var offset: Int { Int(number) * size }

  /// The exponent of the largest block size that is not above `bytes`; 0 if even 16 is.
  public static func sizeExponent(notAbove bytes: Int) -> UInt8 {
    let bits = Int.bitWidth - max(bytes, 16).leadingZeroBitCount
    return UInt8(min(bits - 5, 6))
  }
}
