/// Names one client's interest in one resource, until the next change of the table of observers.
public struct ObserverID: Equatable, Sendable {
  let entry: Int
  let generation: UInt32
}

/// A client that wants to be told of a resource's changes (RFC 7641 §1.1), as a server sees it.
struct Observer {
  var isActive = false
  /// Distinguishes the observers that used the same entry.
  private(set) var generation: UInt32 = 0
  private(set) var peer = Peer(high: 0, low: 0, port: 0)
  private(set) var token = Token(value: 0, count: 0)
  /// What the server calls the resource and the form in which it is wanted.
  private(set) var resource: UInt32 = 0
  private(set) var block2: BlockOption?
  /// The resource has changed since the last notification.
  var isStale = false
  /// Of the state that it was told last.
  var entityTag: EntityTag?
  /// A confirmable notification has not been acknowledged.
  var isWaiting = false
  /// Of the last notification that needs no acknowledgement: by that a reset is recognised.
  var sentMessageID: UInt16?
  /// When the last notification went out, and the last that was acknowledged.
  var notified = Instant(milliseconds: 0)
  var confirmed = Instant(milliseconds: 0)
  /// Not before this, for want of room.
  var postponed: Instant?

  @inline(never)
  init() {}

  mutating func start(_ exchange: Exchange, resource: UInt32, at now: Instant) {
    let generation = generation &+ 1
    self = Observer()
    self.generation = generation
    isActive = true
    peer = exchange.peer
    token = exchange.token
    block2 = exchange.block2.map { BlockOption(number: 0, more: false, sizeExponent: $0.sizeExponent) }
    self.resource = resource
    notified = now
    confirmed = now
  }
}

/// What came of a notification, to tell a fresher one from one that was overtaken (RFC 7641 §3.4).
struct Notification {
  let number: UInt32
  let messageID: UInt16
  let arrival: Instant

  /// Whether `next`, which came later, was also sent later.
  func isOlder(than next: Notification) -> Bool {
    let distance = (next.number &- number) & 0xff_ffff
    return distance != 0 && distance < 1 << 23 || next.arrival > arrival + 128_000
  }
}
