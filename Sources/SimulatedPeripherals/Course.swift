/// What the simulated sensors measure over time: a pure function of the course and the time since start.
public enum Course: Equatable, Sendable {
  /// The same for ever.
  case steady
  /// The same at each start: a day of two minutes, a button that is pressed every 15 seconds, a key every 8.
  case scripted
  /// A course for each seed.
  case random(seed: UInt64)

  /// The course for a board's seed: 0 is steady, 1 scripted, every other one random.
  public init(seed: UInt64) {
    self = seed == 0 ? .steady : seed == 1 ? .scripted : .random(seed: seed)
  }

  /// The level of a sensor at a time.
  ///
  /// - Parameters:
  ///   - channel: tells sensors apart.
  ///   - range: all levels it ever has.
  ///   - period: milliseconds after which the level has wandered; a power of two at most 2^20.
  ///   - now: milliseconds since start.
  /// - Returns: a number in `range`.
  func level(_ channel: UInt32, in range: ClosedRange<Int32>, period: UInt32, at now: UInt64) -> Int32 {
    let width = range.upperBound - range.lowerBound
    switch self {
    case .steady: return range.lowerBound + width / 2
    case .scripted:
      // Up in the first half of the period, down in the second, from the middle on.
      let time = UInt32(truncatingIfNeeded: now &+ UInt64(period / 4)) & (period - 1)
      let rise = Int32(time < period / 2 ? time : period - time)
      return range.lowerBound + width * (rise >> 4) / Int32(period >> 5)
    case .random(let seed):
      let step = UInt32(truncatingIfNeeded: now / UInt64(period))
      let part = Int32(UInt32(truncatingIfNeeded: now) & (period - 1)) >> 4
      let from = Self.noise(seed, channel, step, below: width + 1)
      let to = Self.noise(seed, channel, step &+ 1, below: width + 1)
      return range.lowerBound + from + (to - from) * part / Int32(period >> 4)
    }
  }

  /// Whether something that is held down now and then is so: for the first `hold` milliseconds of some periods, never of the
  /// first one.
  ///
  /// - Returns: which period it is; `nil` when it is not held down.
  func pressed(_ channel: UInt32, every period: UInt64, hold: UInt64, at now: UInt64) -> UInt32? {
    let step = UInt32(truncatingIfNeeded: now / period)
    guard step > 0, now % period < hold else { return nil }
    switch self {
    case .steady: return nil
    case .scripted: return step
    case .random(let seed):
      let noise = Self.noise(seed, channel, step, below: 1 << 15)
      return noise & 1 == 0 ? nil : UInt32(bitPattern: noise) >> 1
    }
  }

  /// A number from 0 to `limit` - 1 that seed, channel and step determine: the finaliser of splitmix64.
  private static func noise(_ seed: UInt64, _ channel: UInt32, _ step: UInt32, below limit: Int32) -> Int32 {
    var z = seed &+ (UInt64(channel) << 32 | UInt64(step)) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return Int32(truncatingIfNeeded: (z >> 33) % UInt64(limit.magnitude))
  }
}
