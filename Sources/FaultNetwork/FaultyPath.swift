public import CoAP
import RandomPrograms

/// How often a network does what to a datagram, in percent of the datagrams, and how long it keeps them.
public struct FaultRates: Equatable, Sendable, Codable {
  /// Dropped.
  public var loss: UInt32
  /// Delivered with one byte changed, as if its checksum had not told.
  public var corruption: UInt32
  /// Delivered twice.
  public var duplication: UInt32
  /// Kept until the next one in its direction was delivered.
  public var reordering: UInt32
  /// Kept for a time.
  public var delay: UInt32
  /// The longest of these times, in milliseconds.
  public var longestDelay: UInt32

  public init(
    loss: UInt32 = 0, corruption: UInt32 = 0, duplication: UInt32 = 0, reordering: UInt32 = 0,
    delay: UInt32 = 0, longestDelay: UInt32 = 200
  ) {
    self.loss = loss
    self.corruption = corruption
    self.duplication = duplication
    self.reordering = reordering
    self.delay = delay
    self.longestDelay = longestDelay
  }
}

/// What a network did.
public struct FaultCounts: Equatable, Sendable, Codable {
  /// Datagrams that were handed in.
  public var datagrams = 0
  public var dropped = 0
  public var corrupted = 0
  public var duplicated = 0
  public var reordered = 0
  public var delayed = 0

  public init() {}

  public static func + (left: Self, right: Self) -> Self {
    var sum = left
    sum.datagrams += right.datagrams
    sum.dropped += right.dropped
    sum.corrupted += right.corrupted
    sum.duplicated += right.duplicated
    sum.reordered += right.reordered
    sum.delayed += right.delayed
    return sum
  }
}

/// One direction of a bad network. What happens to the nth datagram follows from the seed and n alone.
public struct FaultyPath: Sendable {
  private struct Passage {
    let bytes: [UInt8]
    var due: Instant
    /// Whether it goes behind the next one, if one comes before it is due.
    var waitsForNext = false
  }

  private let rates: FaultRates
  private var numbers: SeededNumbers
  private var passages: [Passage] = []
  public private(set) var counts = FaultCounts()

  /// How long a datagram waits for the next one at most, in milliseconds.
  public static let patience: UInt64 = 300

  public init(rates: FaultRates, seed: UInt64) {
    self.rates = rates
    numbers = SeededNumbers(seed: seed)
  }

  /// Takes a datagram; ``deliveries(at:)`` says what becomes of it.
  public mutating func carry(_ datagram: [UInt8], at now: Instant) {
    counts.datagrams += 1
    // All are drawn for each datagram, so that one's fate does not depend on what befell the one before.
    let isLost = numbers.chance(rates.loss)
    let isCorrupted = numbers.chance(rates.corruption)
    let isDuplicated = numbers.chance(rates.duplication)
    let isReordered = numbers.chance(rates.reordering)
    let isDelayed = numbers.chance(rates.delay)
    let delays = [UInt64(1 + numbers.below(rates.longestDelay)), UInt64(numbers.below(rates.longestDelay))]
    let (place, change) = (numbers.word(), UInt8(1 + numbers.below(255)))
    guard !isLost else {
      counts.dropped += 1
      return
    }
    var passage = Passage(bytes: datagram, due: now)
    if isCorrupted, !datagram.isEmpty {
      counts.corrupted += 1
      var bytes = datagram
      bytes[Int(place) % bytes.count] ^= change
      passage = Passage(bytes: bytes, due: now)
    }
    if isDelayed {
      counts.delayed += 1
      passage.due = now + delays[0]
    } else if isReordered {
      counts.reordered += 1
      passage.due = now + Self.patience
      passage.waitsForNext = true
    }
    let waiting = passages.indices.filter { passages[$0].waitsForNext }
    passages.append(passage)
    if isDuplicated {
      counts.duplicated += 1
      passages.append(Passage(bytes: passage.bytes, due: passage.due + delays[1]))
    }
    for index in waiting {
      var overtaken = passages[index]
      overtaken.waitsForNext = false
      overtaken.due = min(overtaken.due, passage.due)
      passages.append(overtaken)
    }
    for index in waiting.reversed() { passages.remove(at: index) }
  }

  /// The datagrams that arrive by now, in this order.
  public mutating func deliveries(at now: Instant) -> [[UInt8]] {
    let arrived = passages.enumerated().filter { $0.element.due <= now }.sorted {
      ($0.element.due, $0.offset) < ($1.element.due, $1.offset)
    }
    passages.removeAll { $0.due <= now }
    return arrived.map(\.element.bytes)
  }

  /// When the next one arrives; `nil` if none is on its way.
  public var nextArrival: Instant? { passages.map(\.due).min() }
}
