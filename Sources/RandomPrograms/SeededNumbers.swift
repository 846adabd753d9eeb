/// Numbers that repeat exactly: SplitMix64.
public struct SeededNumbers: Sendable {
  private var state: UInt64

  public init(seed: UInt64) {
    state = seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  public mutating func word() -> UInt32 { UInt32(truncatingIfNeeded: next()) }

  /// A number from 0 to `bound` - 1.
  public mutating func below(_ bound: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: (next() >> 32 &* UInt64(bound)) >> 32)
  }

  public mutating func chance(_ percent: UInt32) -> Bool { below(100) < percent }

  public mutating func pick<let count: Int, Element>(_ choices: InlineArray<count, Element>) -> Element {
    let chosen = Int(below(UInt32(count)))
    return choices[chosen]
  }

  // MARK: Numbers that matter

  /// A number of 32 bits, mostly one where something ends or changes: near zero, near powers of two, masks, and the
  /// patterns that Thumb-2 has short encodings for.
  public mutating func boundaryWord() -> UInt32 {
    switch below(16) {
    case 0, 1, 2: return below(17)
    case 3, 4: return 0 &- below(17)
    case 5, 6, 7: return (1 << below(32)) &+ below(3) &- 1
    case 8: return 0 &- (1 << below(32))
    case 9: return pick([0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF])
    case 10: return pick([0xFF, 0xFFFF, 0xFF00, 0xFFFF_0000, 0xFF00_0000, 0x00FF_0000])
    case 11:
      let byte = below(256)
      return byte &* pick([0x0001_0001, 0x0100_0100, 0x0101_0101, 0x0000_0101])
    case 12: return below(256) << below(25)
    case 13: return word() >> below(32)
    default: return word()
    }
  }

  /// Likewise of 64 bits.
  public mutating func boundaryNumber() -> UInt64 {
    switch below(8) {
    case 0, 1: return UInt64(boundaryWord())
    case 2: return UInt64(bitPattern: Int64(Int32(bitPattern: boundaryWord())))
    case 3: return UInt64(boundaryWord()) << 32
    case 4: return (1 << UInt64(below(64))) &+ UInt64(below(3)) &- 1
    case 5: return next() >> UInt64(below(64))
    case 6: return next()
    default: return UInt64(boundaryWord()) << 32 | UInt64(boundaryWord())
    }
  }

  /// How far to shift: also beyond what the width allows.
  public mutating func distance() -> UInt32 {
    switch below(8) {
    case 0: return pick([0, 1, 31, 32, 33, 63, 64, 65])
    case 1: return pick([8, 16, 24, 32, 40, 48, 56, 0xFFFF_FFFF])
    case 2, 3: return below(64)
    case 4: return 32
    default: return below(32)
    }
  }
}
