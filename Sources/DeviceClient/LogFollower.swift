/// Finds what is new in a log of which only the end is known.
public struct LogFollower {
  /// What has come since the last state.
  public struct News: Equatable, Sendable {
    public let text: [UInt8]
    /// Bytes that were printed before that text, and are not known any more.
    public let lost: Int
    /// Bytes that the program did not get printed.
    public let dropped: Int
  }

  private var last: LogDescription?

  public init() {}

  /// Of the first state all is new; so is it when the count goes back, for then the device has been started anew.
  public mutating func news(in log: LogDescription) -> News {
    defer { last = log }
    guard let last, log.printed &- last.printed <= UInt32.max / 2 else {
      return News(text: log.text, lost: 0, dropped: 0)
    }
    let count = Int(log.printed &- last.printed)
    let text = Array(log.text.suffix(count))
    // Another program's count begins anew.
    let dropped = log.dropped < last.dropped ? log.dropped : log.dropped - last.dropped
    return News(text: text, lost: count - text.count, dropped: Int(dropped))
  }
}
