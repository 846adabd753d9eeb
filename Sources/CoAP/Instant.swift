/// A point on the device's clock, in milliseconds since its start. The portable code is told the time, it never asks.
public struct Instant: Comparable, Sendable {
  public var milliseconds: UInt64

  public init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  public static func < (left: Instant, right: Instant) -> Bool {
    left.milliseconds < right.milliseconds
  }

  public static func + (instant: Instant, milliseconds: UInt64) -> Instant {
    Instant(milliseconds: instant.milliseconds &+ milliseconds)
  }

  /// Milliseconds from `earlier` until this instant; 0 if it is not earlier.
  public func milliseconds(since earlier: Instant) -> UInt64 {
    self < earlier ? 0 : milliseconds - earlier.milliseconds
  }
}
