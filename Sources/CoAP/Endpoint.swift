import Bytes

/// The message layer and the request/response layer of one UDP socket (RFC 7252 §4, §5), for clients and servers alike.
///
/// It owns no socket and no clock: datagrams and the time are passed in, datagrams go out through a sink. It keeps
/// `capacity` exchanges and one datagram for each, allocated once. A request that is sent again is answered from there,
/// never handed out twice; when room runs short the oldest answered exchange is forgotten.
public struct Endpoint<let capacity: Int>: ~Copyable {
  private var exchanges = InlineArray<capacity, Exchange>(repeating: Exchange())
  /// The last datagram sent in each exchange, for sending it again.
  private var sent: Buffer
  /// The longest datagram, in bytes.
  public let datagramBytes: Int
  public let parameters: TransmissionParameters
  private var random: RandomNumbers
  private var nextMessageID: UInt16

  /// - Parameters:
  ///   - datagramBytes: the longest datagram to send, at least 56; RFC 7252 §4.6 suggests 1152.
  ///   - seed: differs between starts, so that message ids of an earlier life are not taken up again.
  ///   - parameters: the timing of confirmable messages.
  public init(datagramBytes: Int = 1152, seed: UInt64, parameters: TransmissionParameters = .init()) {
    precondition(datagramBytes >= Response.overhead + 16, "no room for a block of 16 bytes")
    self.datagramBytes = datagramBytes
    self.parameters = parameters
    sent = Buffer(count: capacity * datagramBytes)
    random = RandomNumbers(seed: seed)
    nextMessageID = UInt16(truncatingIfNeeded: random.next())
  }

  // MARK: Receiving

  /// Takes a datagram in. Whatever it holds, the endpoint stays sound; what is not CoAP is dropped or reset.
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    let message: Message
    do throws(MessageError) {
      message = try Message(datagram)
    } catch {
      rejectMalformed(datagram, from: peer, sink: &sink)
      return .none
    }
    if message.code.isRequest { return receiveRequest(message, from: peer, at: now, sink: &sink) }
    if message.code.isResponse { return receiveResponse(message, from: peer, at: now, sink: &sink) }
    return receiveEmpty(message, from: peer, at: now, sink: &sink)
  }

  /// A confirmable message that cannot be understood is reset (RFC 7252 §4.2); an unknown version is ignored (§3).
  private func rejectMalformed(
    _ datagram: Span<UInt8>, from peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    guard datagram.count >= 4, datagram[0] >> 6 == 1, datagram[0] >> 4 & 3 == MessageType.confirmable.rawValue
    else { return }
    sendEmpty(.reset, messageID: UInt16(datagram[2]) << 8 | UInt16(datagram[3]), to: peer, sink: &sink)
  }

  private mutating func receiveRequest(
    _ message: borrowing Message, from peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    guard message.type == .confirmable || message.type == .nonConfirmable else { return .none }
    for index in 0..<capacity
    where exchanges[index].isRequest(messageID: message.messageID, from: peer)
      && exchanges[index].expiry > now
    {
      repeatAnswer(of: index, sink: &sink)
      return .none
    }
    guard let index = freeEntry(at: now) else {
      if message.type == .confirmable {
        sendBare(.serviceUnavailable, to: message, from: peer, sink: &sink)
      }
      return .none
    }
    let refusal = Refusal(of: message)
    // What is not confirmable is refused in silence (RFC 7252 §5.4.1).
    guard refusal == nil || message.type == .confirmable else { return .none }
    exchanges[index].startRequest(message, from: peer, at: now)
    let id = RequestID(entry: index, generation: exchanges[index].generation)
    guard let refusal else { return .request(id) }
    refuse(id, refusal, at: now, sink: &sink)
    return .none
  }

  private mutating func refuse(
    _ request: RequestID, _ refusal: Refusal, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) {
    var storage = InlineArray<16, UInt8>(repeating: 0)
    var text = ByteWriter(storage.mutableSpan)
    do throws(OutOfBounds) {
      if let option = refusal.option {
        try text.write("option ")
        try text.writeDecimal(option.rawValue)
      }
    } catch {
      preconditionFailure("the text of five digits fits")
    }
    respond(to: request, Response(refusal.code), body: text.written, at: now, sink: &sink)
  }

  private mutating func receiveResponse(
    _ message: borrowing Message, from peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    for index in 0..<capacity
    where exchanges[index].isAnswered(byToken: message.token, from: peer) {
      guard message.type != .reset,
        message.type != .acknowledgement || exchanges[index].messageID == message.messageID
      else { return .none }
      let isUnderstood = !message.holdsUnknownCriticalOption
      if message.type == .confirmable {
        sendEmpty(
          isUnderstood ? .acknowledgement : .reset, messageID: message.messageID, to: peer, sink: &sink)
      }
      guard exchanges[index].state != .finished else { return .none }
      exchanges[index].finish()
      let id = ExchangeID(entry: index, generation: exchanges[index].generation)
      return isUnderstood ? .response(id) : .failed(id, .unknownOption)
    }
    if message.type == .confirmable {
      sendEmpty(.reset, messageID: message.messageID, to: peer, sink: &sink)
    }
    return .none
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
        guard exchanges[index].isOutgoing else {
          // The separate response has arrived, or is not wanted.
          exchanges[index].finish()
          return .none
        }
        if message.type == .reset {
          exchanges[index].finish()
          return .failed(ExchangeID(entry: index, generation: exchanges[index].generation), .reset)
        }
        exchanges[index].state = .acknowledged
        exchanges[index].deadline = now + parameters.responseTimeout
        return .none
      }
    }
    return .none
  }

  // MARK: Serving

  /// Tells the client that its request arrived and the response follows (RFC 7252 §5.2.2).
  public mutating func acknowledge(
    _ request: RequestID, sink: inout some DatagramSink & ~Copyable
  ) {
    guard let index = entry(of: request), exchanges[index].state == .processing else { return }
    exchanges[index].state = .acknowledged
    guard exchanges[index].wasConfirmable else { return }
    sendEmpty(.acknowledgement, messageID: exchanges[index].messageID, to: exchanges[index].peer, sink: &sink)
  }

  /// Answers a request, with the block of `body` that it asked for if it asked for one or the body is too long.
  ///
  /// Piggybacked on the acknowledgement if that has not gone out yet. The answer is kept for requests sent again.
  public mutating func respond(
    to request: RequestID, _ response: Response, body: Span<UInt8>, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) {
    guard let index = entry(of: request) else { return }
    let wasAcknowledged = exchanges[index].state == .acknowledged
    let type: MessageType =
      !exchanges[index].wasConfirmable ? .nonConfirmable : wasAcknowledged ? .confirmable : .acknowledgement
    let messageID = type == .acknowledgement ? exchanges[index].messageID : takeMessageID()
    let head = ResponseHead(
      type: type, messageID: messageID, token: exchanges[index].token, block1: exchanges[index].block1,
      block2: exchanges[index].block2)
    exchanges[index].sentLength = response.encode(
      head, body: body, into: sent.mutableSlice(range(of: index, count: datagramBytes)))
    exchanges[index].sentMessageID = messageID
    if type == .confirmable {
      exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    } else {
      exchanges[index].finish()
    }
    sendAgain(index, sink: &sink)
  }

  // MARK: Requesting

  /// Sends a request whose options and payload `build` writes.
  ///
  /// - Throws: ``EndpointError`` when no exchange is free or the request is longer than a datagram.
  public mutating func request(
    _ code: Code, to peer: Peer, confirmable: Bool = true, at now: Instant,
    sink: inout some DatagramSink & ~Copyable,
    build: (inout MessageWriter) throws(OutOfBounds) -> Void
  ) throws(EndpointError) -> ExchangeID {
    guard let index = freeEntry(at: now) else { throw .busy }
    let token = Token(value: random.next(), count: 4)
    let messageID = takeMessageID()
    let length: Int
    do throws(OutOfBounds) {
      var writer = try MessageWriter(
        sent.mutableSlice(range(of: index, count: datagramBytes)),
        type: confirmable ? .confirmable : .nonConfirmable, code: code, messageID: messageID, token: token)
      try build(&writer)
      length = writer.count
    } catch {
      throw .tooLong(limit: datagramBytes)
    }
    exchanges[index].startOutgoing(to: peer, messageID: messageID, token: token, length: length, at: now)
    if confirmable {
      exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    } else {
      exchanges[index].state = .acknowledged
      exchanges[index].deadline = now + parameters.responseTimeout
    }
    sendAgain(index, sink: &sink)
    return ExchangeID(entry: index, generation: exchanges[index].generation)
  }

  /// Gives a request up: its response, should it come, is nobody's.
  public mutating func cancel(_ exchange: ExchangeID) {
    guard exchanges[exchange.entry].generation == exchange.generation else { return }
    exchanges[exchange.entry].release()
  }

  // MARK: Time

  /// When ``poll(at:sink:)`` has something to do next; `nil` if nothing is waiting.
  public var nextDeadline: Instant? {
    var earliest: Instant?
    for index in 0..<capacity {
      guard let deadline = exchanges[index].deadline else { continue }
      earliest = earliest.map { min($0, deadline) } ?? deadline
    }
    return earliest
  }

  /// Sends again what was not acknowledged in time. Call it until it returns `.none`.
  public mutating func poll(at now: Instant, sink: inout some DatagramSink & ~Copyable) -> EndpointEvent {
    for index in 0..<capacity {
      guard let deadline = exchanges[index].deadline, deadline <= now else { continue }
      if exchanges[index].awaitsAcknowledgement, exchanges[index].retransmissions < parameters.retransmissions
      {
        exchanges[index].backOff(at: now)
        sendAgain(index, sink: &sink)
        continue
      }
      let isOutgoing = exchanges[index].isOutgoing
      exchanges[index].finish()
      if isOutgoing {
        return .failed(ExchangeID(entry: index, generation: exchanges[index].generation), .timedOut)
      }
    }
    return .none
  }

  // MARK: Entries

  private func entry(of request: RequestID) -> Int? {
    let exchange = exchanges[request.entry]
    guard exchange.generation == request.generation,
      exchange.state == .processing || exchange.state == .acknowledged
    else { return nil }
    return request.entry
  }

  /// An unused exchange, else the finished one that is oldest.
  private func freeEntry(at now: Instant) -> Int? {
    var best: Int?
    for index in 0..<capacity {
      if exchanges[index].state == .free { return index }
      guard exchanges[index].state == .finished else { continue }
      if let current = best, exchanges[current].expiry <= exchanges[index].expiry { continue }
      best = index
    }
    return best
  }

  private func range(of index: Int, count: Int) -> Range<Int> {
    index * datagramBytes..<index * datagramBytes + count
  }

  private mutating func takeMessageID() -> UInt16 {
    nextMessageID &+= 1
    return nextMessageID
  }

  /// ACK_TIMEOUT times a random factor of 1 to 1.5.
  private mutating func firstTimeout() -> UInt64 {
    parameters.acknowledgeTimeout + random.next() % (parameters.acknowledgeTimeout / 2 + 1)
  }

  // MARK: Sending

  private func repeatAnswer(of index: Int, sink: inout some DatagramSink & ~Copyable) {
    switch exchanges[index].state {
    case .finished where exchanges[index].sentMessageID == exchanges[index].messageID:
      sendAgain(index, sink: &sink)
    case .acknowledged, .waiting, .finished:
      guard exchanges[index].wasConfirmable else { return }
      sendEmpty(
        .acknowledgement, messageID: exchanges[index].messageID, to: exchanges[index].peer, sink: &sink)
    case .processing, .free:
      break
    }
  }

  private func sendAgain(_ index: Int, sink: inout some DatagramSink & ~Copyable) {
    sink.send(
      sent.span.extracting(range(of: index, count: exchanges[index].sentLength)), to: exchanges[index].peer)
  }

  private func sendEmpty(
    _ type: MessageType, messageID: UInt16, to peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    let datagram: InlineArray<4, UInt8> = [
      1 << 6 | type.rawValue << 4, 0, UInt8(messageID >> 8), UInt8(messageID & 0xff),
    ]
    sink.send(datagram.span, to: peer)
  }

  /// A response that is not worth an exchange: the request may come again and is answered anew.
  private func sendBare(
    _ code: Code, to message: borrowing Message, from peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    var storage = InlineArray<12, UInt8>(repeating: 0)
    var length = 0
    if let writer = try? MessageWriter(
      storage.mutableSpan, type: .acknowledgement, code: code, messageID: message.messageID,
      token: message.token)
    {
      length = writer.count
    }
    sink.send(storage.span.extracting(0..<length), to: peer)
  }
}
