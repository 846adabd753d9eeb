import Bytes

/// The message layer and the request/response layer of one UDP socket (RFC 7252 §4, §5), for clients and servers alike.
///
/// It owns no socket and no clock: datagrams and the time are passed in, datagrams go out through a sink. It keeps
/// `capacity` exchanges and one datagram for each, allocated once. A request that is sent again is answered from there,
/// never handed out twice. When room runs short an answered exchange is forgotten: first those whose request may run
/// again, then those whose client has gone on, then the oldest; what must not run twice is remembered without its answer.
public struct Endpoint<let capacity: Int>: ~Copyable {
  var exchanges = InlineArray<capacity, Exchange>(repeating: Exchange())
  /// Requests that must not run again, though their exchange had to make room.
  private var forgotten = InlineArray<16, ForgottenRequest>(repeating: ForgottenRequest())
  private var nextForgotten = 0
  /// Clients that are told of changes.
  var observers = InlineArray<6, Observer>(repeating: Observer())
  var observeNumber: UInt32
  /// The last datagram sent in each exchange, for sending it again; behind them one for what is never sent again.
  var sent: Buffer
  /// The longest datagram, in bytes.
  public let datagramBytes: Int
  public let parameters: TransmissionParameters
  let features: RequestFeatures
  private var random: RandomNumbers
  private var nextMessageID: UInt16

  /// - Parameters:
  ///   - datagramBytes: the longest datagram to send, at least 60; RFC 7252 §4.6 suggests 1152.
  ///   - seed: differs between starts, so that message ids of an earlier life are not taken up again.
  ///   - parameters: the timing of confirmable messages.
  ///   - features: what is handed out besides plain requests.
  public init(
    datagramBytes: Int = 1152, seed: UInt64, parameters: TransmissionParameters = .init(),
    taking features: RequestFeatures = []
  ) {
    precondition(datagramBytes >= Response.overhead + 16, "no room for a block of 16 bytes")
    self.datagramBytes = datagramBytes
    self.parameters = parameters
    self.features = features
    sent = Buffer(count: (capacity + 1) * datagramBytes)
    random = RandomNumbers(seed: seed)
    nextMessageID = UInt16(truncatingIfNeeded: random.next())
    observeNumber = UInt32(truncatingIfNeeded: random.next())
  }

  // MARK: Receiving

  /// Takes a datagram in. Whatever it holds, the endpoint stays sound; what is not CoAP is dropped or reset.
  ///
  /// A datagram that came by multicast is taken only if it is a request that wants no acknowledgement (RFC 7252 §8.1).
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: Peer, isMulticast: Bool = false, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    do throws(MessageError) {
      let message = try Message(datagram)
      return receive(message, from: peer, isMulticast: isMulticast, at: now, sink: &sink)
    } catch {
      if !isMulticast { rejectMalformed(datagram, from: peer, sink: &sink) }
      return .none
    }
  }

  /// Takes a message in, as ``receive(_:from:isMulticast:at:sink:)`` does a datagram; for those who have read it anyway.
  public mutating func receive(
    _ message: borrowing Message, from peer: Peer, isMulticast: Bool = false, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    guard !isMulticast || message.code.isRequest && message.type == .nonConfirmable else { return .none }
    if message.code.isRequest {
      return receiveRequest(message, from: peer, isMulticast: isMulticast, at: now, sink: &sink)
    }
    if message.code.isResponse { return receiveResponse(message, from: peer, at: now, sink: &sink) }
    return receiveEmpty(message, from: peer, at: now, sink: &sink)
  }

  /// A confirmable message that cannot be understood is reset (RFC 7252 §4.2); an unknown version is ignored (§3).
  public func rejectMalformed(
    _ datagram: Span<UInt8>, from peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    guard datagram.count >= 4, datagram[0] >> 6 == 1, datagram[0] >> 4 & 3 == MessageType.confirmable.rawValue
    else { return }
    sendEmpty(.reset, messageID: UInt16(datagram[2]) << 8 | UInt16(datagram[3]), to: peer, sink: &sink)
  }

  private mutating func receiveEmpty(
    _ message: borrowing Message, from peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    switch message.type {
    case .confirmable:
      // A ping (RFC 7252 §4.3).
      sendEmpty(.reset, messageID: message.messageID, to: peer, sink: &sink)
    case .nonConfirmable:
      break
    case .acknowledgement, .reset:
      for index in 0..<capacity
      where exchanges[index].awaitsAcknowledgement && exchanges[index].peer.isReached(as: peer)
        && exchanges[index].sentMessageID == message.messageID
      {
        return endWait(of: index, isReset: message.type == .reset, at: now)
      }
      if message.type == .reset { removeObserver(notifiedBy: message.messageID, at: peer) }
    }
    return .none
  }

  /// Takes in that a confirmable message of ours was acknowledged or reset.
  private mutating func endWait(of index: Int, isReset: Bool, at now: Instant) -> EndpointEvent {
    let id = ExchangeID(entry: index, generation: exchanges[index].generation)
    switch exchanges[index].kind {
    case .incoming:
      // The separate response has arrived, or is not wanted.
      exchanges[index].finish()
    case .notification:
      let observer = exchanges[index].observer
      exchanges[index].finish()
      if let observer { endNotification(of: observer, isWanted: !isReset, at: now) }
    case .ping:
      exchanges[index].finish()
      return .response(id)
    case .outgoing where isReset:
      exchanges[index].finish()
      return .failed(id, .reset)
    case .outgoing:
      exchanges[index].state = .acknowledged
      exchanges[index].deadline = now + parameters.responseTimeout
    }
    return .none
  }

  // MARK: Time

  /// When ``poll(at:sink:)`` has something to do next, or a notification is due; `nil` if nothing is waiting.
  // Reading an element of an array copies the whole array, unless the value it is in may change: so much of the endpoint that only
  // looks is `mutating`.
  public var nextDeadline: Instant? {
    mutating get {
      var earliest: Instant?
      for index in 0..<capacity {
        guard let due = exchanges[index].deadline else { continue }
        earliest = earliest.map { min($0, due) } ?? due
      }
      for index in observers.indices where observers[index].isActive {
        guard let due = notificationTime(of: index) else { continue }
        earliest = earliest.map { min($0, due) } ?? due
      }
      return earliest
    }
  }

  /// Sends again what was not acknowledged in time. Call it until it returns `.none`.
  public mutating func poll(at now: Instant, sink: inout some DatagramSink & ~Copyable) -> EndpointEvent {
    for index in 0..<capacity {
      guard let deadline = exchanges[index].deadline, deadline <= now else { continue }
      if exchanges[index].state == .delayed {
        exchanges[index].finish()
        sendAgain(index, sink: &sink)
        continue
      }
      if exchanges[index].awaitsAcknowledgement, exchanges[index].retransmissions < parameters.retransmissions
      {
        exchanges[index].backOff(at: now)
        sendAgain(index, sink: &sink)
        continue
      }
      let observer = exchanges[index].observer
      let kind = exchanges[index].kind
      exchanges[index].finish()
      if kind == .notification, let observer { endNotification(of: observer, isWanted: false, at: now) }
      if exchanges[index].isAwaited {
        return .failed(ExchangeID(entry: index, generation: exchanges[index].generation), .timedOut)
      }
    }
    return .none
  }

  // MARK: Entries

  mutating func entry(of request: RequestID) -> Int? {
    let index = request.entry
    guard exchanges[index].generation == request.generation,
      exchanges[index].state == .processing || exchanges[index].state == .acknowledged
    else { return nil }
    return index
  }

  /// An unused exchange, else the finished one that is worth least.
  @_optimize(speed)
  mutating func freeEntry(at now: Instant) -> Int? {
    var best: Int?
    // More than any has.
    var worth = 4
    var expiry = now
    for index in 0..<capacity {
      let state = exchanges[index].state
      if state == .free { return index }
      guard state == .finished else { continue }
      let other = exchanges[index].worth
      guard other <= worth, other < worth || exchanges[index].expiry < expiry else { continue }
      best = index
      worth = other
      expiry = exchanges[index].expiry
    }
    if let best, exchanges[best].kind == .incoming, !exchanges[best].isSafe, exchanges[best].expiry > now {
      forgotten[nextForgotten] = ForgottenRequest(exchanges[best])
      nextForgotten = (nextForgotten + 1) % forgotten.count
    }
    return best
  }

  /// Whether it is a request that was answered, but whose answer is not known any more.
  @_optimize(speed)
  mutating func isForgotten(messageID: UInt16, from peer: Peer, at now: Instant) -> Bool {
    for index in forgotten.indices {
      if forgotten[index].isRequest(messageID: messageID, from: peer, at: now) { return true }
    }
    return false
  }

  func range(of index: Int, count: Int) -> Range<Int> {
    index * datagramBytes..<index * datagramBytes + count
  }

  mutating func takeMessageID() -> UInt16 {
    nextMessageID &+= 1
    return nextMessageID
  }

  mutating func takeToken() -> Token { Token(value: random.next(), count: 4) }

  /// ACK_TIMEOUT times a random factor of 1 to 1.5.
  @inline(never)
  mutating func firstTimeout() -> UInt64 {
    parameters.acknowledgeTimeout + random.next() % (parameters.acknowledgeTimeout / 2 + 1)
  }

  /// A moment in the leisure of a multicast answer.
  mutating func leisureTime() -> UInt64 { random.next() % (parameters.leisure + 1) }

  // MARK: Sending

  mutating func sendAgain(_ index: Int, sink: inout some DatagramSink & ~Copyable) {
    sink.send(
      sent.span.extracting(range(of: index, count: exchanges[index].sentLength)), to: exchanges[index].peer)
  }

  func sendEmpty(
    _ type: MessageType, messageID: UInt16, to peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    let datagram: InlineArray<4, UInt8> = [
      1 << 6 | type.rawValue << 4, 0, UInt8(messageID >> 8), UInt8(messageID & 0xff),
    ]
    sink.send(datagram.span, to: peer)
  }
}
