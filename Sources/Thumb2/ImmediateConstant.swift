/// A number that a 32-bit encoding can carry as an immediate constant. Arm ARM A5.3.2, ThumbExpandImm
public struct ImmediateConstant: Equatable, Sendable {
  /// The 12 bits `i:imm3:imm8`.
  public let bits: UInt32

  /// The constant of an encoding.
  public init(bits: UInt32) {
    self.bits = bits & 0xFFF
  }

  /// `nil` when there is no encoding for `value`.
  public init?(_ value: UInt32) {
    if value < 0x100 {
      bits = value
      return
    }
    let byte = value & 0xFF
    let half = value & 0xFFFF
    if value >> 16 == half {
      if half == byte {
        bits = 0x100 | byte
        return
      }
      if byte == 0 {
        bits = 0x200 | half >> 8
        return
      }
      if half == byte << 8 | byte {
        bits = 0x300 | byte
        return
      }
    }
    // Eight bits of which the highest is set, rotated to the right by 8 to 31.
    let leading = UInt32(truncatingIfNeeded: value.leadingZeroBitCount)
    let shifted = value << leading
    guard shifted & 0x00FF_FFFF == 0 else { return nil }
    bits = (leading + 8) << 7 | (shifted >> 24) & 0x7F
  }

  /// The number.
  public var value: UInt32 { Self.value(of: bits) }

  /// The number that the 12 bits `i:imm3:imm8` stand for.
  static func value(of bits: UInt32) -> UInt32 {
    let byte = bits & 0xFF
    switch bits >> 8 {
    case 0: return byte
    case 1: return byte << 16 | byte
    case 2: return byte << 24 | byte << 8
    case 3: return byte << 24 | byte << 16 | byte << 8 | byte
    default:
      let (unrotated, rotation) = (bits & 0x7F | 0x80, bits >> 7)
      return unrotated >> rotation | unrotated << (32 - rotation)
    }
  }
}
