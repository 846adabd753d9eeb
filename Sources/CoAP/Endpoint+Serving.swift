import Bytes

extension Endpoint {
  @_optimize(speed)
  mutating func receiveRequest(
    _ message: borrowing Message, from peer: Peer, isMulticast: Bool, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    guard message.type == .confirmable || message.type == .nonConfirmable else { return .none }
    for index in 0..<capacity
    where exchanges[index].isRequest(messageID: message.messageID, from: peer)
      && exchanges[index].expiry > now
    {
      repeatAnswer(of: index, sink: &sink)
      return .none
    }
    guard message.code == .get || !isForgotten(messageID: message.messageID, from: peer, at: now) else {
      return .none
    }
    for index in 0..<capacity
    where exchanges[index].kind == .incoming && !exchanges[index].isSuperseded
      && exchanges[index].peer == peer
    {
      exchanges[index].isSuperseded = true
    }
    guard let index = freeEntry(at: now) else {
      if message.type == .confirmable {
        sendBare(.serviceUnavailable, to: message, from: peer, sink: &sink)
      }
      return .none
    }
    let refusal = Refusal(of: message, taking: features)
    // What is not confirmable is refused in silence (RFC 7252 §5.4.1).
    guard refusal == nil || message.type == .confirmable else { return .none }
    exchanges[index].startRequest(message, from: peer, isMulticast: isMulticast, at: now)
    let id = RequestID(entry: index, generation: exchanges[index].generation)
    guard let refusal else {
      if message.code == .get, message.integer(.observe) == 1 {
        removeObserver(at: peer, token: message.token)
      }
      return .request(id)
    }
    refuse(id, refusal, at: now, sink: &sink)
    return .none
  }

  @inline(never)
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
    // Bodies are taken in one datagram: of those that a client can send at will, in the largest block.
    let limit: UInt32? = refusal.code == .requestEntityTooLarge ? 1024 : nil
    respond(to: request, Response(refusal.code, size1: limit), body: text.written, at: now, sink: &sink)
  }

  /// Whether the request came by multicast, so that an answer goes out only if it says something.
  public mutating func isMulticast(_ request: RequestID) -> Bool {
    entry(of: request).map { exchanges[$0].isMulticast } ?? false
  }

  /// Tells the client that its request arrived and the response follows (RFC 7252 §5.2.2).
  public mutating func acknowledge(
    _ request: RequestID, sink: inout some DatagramSink & ~Copyable
  ) {
    guard let index = entry(of: request), exchanges[index].state == .processing else { return }
    exchanges[index].state = .acknowledged
    guard exchanges[index].wasConfirmable else { return }
    sendEmpty(.acknowledgement, messageID: exchanges[index].messageID, to: exchanges[index].peer, sink: &sink)
  }

  /// Keeps the datagram of a request that cannot be looked after yet, in the place that its answer will take.
  ///
  /// - Returns: whether it could: not when it is longer than an answer can be, or the request has been answered.
  public mutating func keep(_ datagram: Span<UInt8>, of request: RequestID) -> Bool {
    guard let index = entry(of: request), datagram.count <= datagramBytes else { return false }
    var place = sent.mutableSlice(range(of: index, count: datagram.count))
    for position in datagram.indices { place[position] = datagram[position] }
    exchanges[index].sentLength = datagram.count
    return true
  }

  /// The datagram that was kept of a request; empty when there is none.
  @_lifetime(&self)
  public mutating func keptDatagram(of request: RequestID) -> Span<UInt8> {
    guard exchanges[request.entry].generation == request.generation else { return Span() }
    let range = range(of: request.entry, count: exchanges[request.entry].sentLength)
    return sent.span.extracting(range)
  }

  /// Answers a request, with the block of `body` that it asked for if it asked for one or the body is too long.
  ///
  /// Piggybacked on the acknowledgement if that has not gone out yet. The answer is kept for requests sent again. What came
  /// by multicast is answered after a random while, and by errors and empty bodies not at all (RFC 7252 §8.2).
  public mutating func respond(
    to request: RequestID, _ response: Response, body: Span<UInt8>, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) {
    guard let index = entry(of: request) else { return }
    let isMulticast = exchanges[index].isMulticast
    guard !isMulticast || response.code.isSuccess && !body.isEmpty else { return exchanges[index].finish() }
    let wasAcknowledged = exchanges[index].state == .acknowledged
    let type: MessageType =
      !exchanges[index].wasConfirmable ? .nonConfirmable : wasAcknowledged ? .confirmable : .acknowledgement
    let messageID = type == .acknowledgement ? exchanges[index].messageID : takeMessageID()
    let head = ResponseHead(
      type: type, messageID: messageID, token: exchanges[index].token, block1: exchanges[index].block1,
      block2: exchanges[index].block2, knownEntityTag: exchanges[index].knownEntityTag,
      observe: observeNumber(ofAnswer: index, response.code, body: body))
    exchanges[index].sentLength = response.encode(
      head, body: body, into: sent.mutableSlice(range(of: index, count: datagramBytes)))
    exchanges[index].sentMessageID = messageID
    if type == .confirmable {
      exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    } else if isMulticast {
      exchanges[index].state = .delayed
      exchanges[index].deadline = now + leisureTime()
      return
    } else {
      exchanges[index].finish()
    }
    sendAgain(index, sink: &sink)
  }

  private mutating func repeatAnswer(of index: Int, sink: inout some DatagramSink & ~Copyable) {
    guard exchanges[index].wasConfirmable else { return }
    switch exchanges[index].state {
    case .finished where exchanges[index].sentMessageID == exchanges[index].messageID:
      sendAgain(index, sink: &sink)
    case .acknowledged, .waiting, .finished:
      sendEmpty(
        .acknowledgement, messageID: exchanges[index].messageID, to: exchanges[index].peer, sink: &sink)
    case .processing, .free, .delayed, .observing:
      break
    }
  }

  /// A response that is not worth an exchange: the request may come again and is answered anew.
  @inline(never)
  private mutating func sendBare(
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
