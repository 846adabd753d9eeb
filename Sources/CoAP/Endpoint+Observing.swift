import Bytes

/// Serving observers (RFC 7641 §4). The endpoint knows who is interested, when who is to be told, and how to reach them;
/// what there is to tell it asks for only then, so that everybody gets the newest state and none waits in a queue.
///
/// A server calls ``observe(_:as:at:)`` before it answers a GET for what can change, ``noteChange(where:)`` when it did (or
/// ``noteState(_:at:)`` when it may have), and after that, and whenever ``nextDeadline`` has come,
/// ``notify(_:_:body:confirmable:at:sink:)`` for each ``nextStaleObserver(at:)``.
extension Endpoint {
  /// Makes the client of this request an observer of what it asked for, if it wants that and there is room. Its response
  /// then says so.
  ///
  /// - Parameters:
  ///   - request: a GET that has not been answered yet.
  ///   - resource: what ``nextStaleObserver(at:)`` gives back: names the resource and the form in which it was asked for.
  ///   - now: the time.
  /// - Returns: whether it is one now.
  @discardableResult
  public mutating func observe(_ request: RequestID, as resource: UInt32, at now: Instant) -> Bool {
    guard let index = entry(of: request), exchanges[index].wantsNotifications, !exchanges[index].isMulticast
    else { return false }
    var free: Int?
    for entry in observers.indices {
      guard observers[entry].isActive else {
        free = free ?? entry
        continue
      }
      // Whoever registers for the same once more has lost the first answer, or has restarted.
      if observers[entry].peer == exchanges[index].peer,
        observers[entry].token == exchanges[index].token || observers[entry].resource == resource
      {
        removeObserver(entry)
        free = entry
        break
      }
    }
    guard let free else { return false }
    observers[free].start(exchanges[index], resource: resource, at: now)
    exchanges[index].observer = free
    return true
  }

  /// Has the observers told of a change of those resources that `isAffected`.
  public mutating func noteChange(where isAffected: (UInt32) -> Bool) {
    for index in observers.indices where observers[index].isActive && isAffected(observers[index].resource) {
      observers[index].isStale = true
    }
  }

  /// How many observers there can be; each has a place from 0 on.
  public static var observerLimit: Int { 6 }

  /// What the observer in this place is registered for; `nil` if there is none, or it waits to be told already.
  public mutating func resourceObserved(at place: Int) -> UInt32? {
    observers[place].isActive && !observers[place].isStale ? observers[place].resource : nil
  }

  /// Has the observer in this place told if `body` is another than it was told last.
  public mutating func noteState(_ body: Span<UInt8>, at place: Int) {
    if observers[place].entityTag != EntityTag(of: body) { observers[place].isStale = true }
  }

  /// An observer that has to be told now, and what it was registered for; `nil` if there is none.
  public mutating func nextStaleObserver(at now: Instant) -> (id: ObserverID, resource: UInt32)? {
    for index in observers.indices where notificationTime(of: index).map({ $0 <= now }) == true {
      return (
        ObserverID(entry: index, generation: observers[index].generation), observers[index].resource
      )
    }
    return nil
  }

  /// Tells an observer of the present state, of which `body` is the representation. An error ends the observation.
  ///
  /// - Parameters:
  ///   - observer: from ``nextStaleObserver(at:)``.
  ///   - response: what it gets.
  ///   - body: of which the first block goes out if it is too long for one datagram.
  ///   - confirmable: whether it has to arrive, or the observer to be removed. Now and then it does anyway, and when the last
  ///     notification was sent just before.
  ///   - now: the time.
  ///   - sink: where it goes out.
  public mutating func notify(
    _ observer: ObserverID, _ response: Response, body: Span<UInt8>, confirmable: Bool = false,
    at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) {
    let entry = observer.entry
    guard observers[entry].isActive, observers[entry].generation == observer.generation,
      !observers[entry].isWaiting
    else { return }
    let (peer, token) = (observers[entry].peer, observers[entry].token)
    let isConfirmable =
      confirmable || !response.code.isSuccess
      || now.milliseconds(since: observers[entry].notified) < parameters.notificationInterval
      || now.milliseconds(since: observers[entry].confirmed) >= parameters.confirmationInterval
    guard let index = isConfirmable ? freeEntry(at: now) : capacity else {
      observers[entry].postponed = now + 500
      return
    }
    let messageID = takeMessageID()
    let head = ResponseHead(
      type: isConfirmable ? .confirmable : .nonConfirmable, messageID: messageID, token: token,
      block2: observers[entry].block2, observe: takeObserveNumber())
    let length = response.encode(
      head, body: body, into: sent.mutableSlice(range(of: index, count: datagramBytes)))
    observers[entry].isStale = false
    observers[entry].entityTag = EntityTag(of: body)
    observers[entry].postponed = nil
    observers[entry].notified = now
    if isConfirmable {
      observers[entry].isWaiting = true
      exchanges[index].startNotification(
        to: peer, messageID: messageID, token: token, length: length, observer: entry)
      exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    } else {
      observers[entry].sentMessageID = messageID
    }
    sink.send(sent.span.extracting(range(of: index, count: length)), to: peer)
    guard !response.code.isSuccess else { return }
    observers[entry].isActive = false
    exchanges[index].observer = nil
  }

  /// How many clients observe something.
  public var observerCount: Int {
    var count = 0
    for index in observers.indices where observers[index].isActive { count += 1 }
    return count
  }

  /// Whether any client does.
  public var hasObservers: Bool {
    mutating get {
      for index in observers.indices where observers[index].isActive { return true }
      return false
    }
  }

  /// The number that the answer to a request bears which made its client an observer; an error undoes that.
  mutating func observeNumber(ofAnswer index: Int, _ code: Code, body: Span<UInt8>) -> UInt32? {
    guard let observer = exchanges[index].observer else { return nil }
    guard code.isSuccess else {
      removeObserver(observer)
      return nil
    }
    observers[observer].entityTag = EntityTag(of: body)
    return takeObserveNumber()
  }

  private mutating func takeObserveNumber() -> UInt32 {
    observeNumber = (observeNumber &+ 1) & 0xff_ffff
    return observeNumber
  }

  /// When the observer is to be told; `nil` if it need not or cannot be.
  @inline(never)
  mutating func notificationTime(of index: Int) -> Instant? {
    guard observers[index].isActive, observers[index].isStale, !observers[index].isWaiting else { return nil }
    return observers[index].postponed ?? observers[index].notified
  }

  /// Takes in whether a confirmable notification arrived and more are wanted.
  mutating func endNotification(of index: Int, isWanted: Bool, at now: Instant) {
    guard isWanted else { return removeObserver(index) }
    observers[index].isWaiting = false
    observers[index].confirmed = now
  }

  mutating func removeObserver(notifiedBy messageID: UInt16, at peer: Peer) {
    for index in observers.indices
    where observers[index].isActive && observers[index].sentMessageID == messageID
      && observers[index].peer.isReached(as: peer)
    {
      removeObserver(index)
    }
  }

  mutating func removeObserver(at peer: Peer, token: Token) {
    for index in observers.indices
    where observers[index].isActive && observers[index].token == token && observers[index].peer == peer {
      removeObserver(index)
    }
  }

  private mutating func removeObserver(_ entry: Int) {
    observers[entry].isActive = false
    for index in 0..<capacity where exchanges[index].observer == entry {
      exchanges[index].observer = nil
      if exchanges[index].kind == .notification { exchanges[index].release() }
    }
  }
}
