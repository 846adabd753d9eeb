import Bytes

extension Endpoint {
  /// Sends a request whose options and payload `build` writes.
  ///
  /// - Parameters:
  ///   - code: the method.
  ///   - peer: whom to ask.
  ///   - confirmable: whether it is sent until it is acknowledged.
  ///   - observing: whether notifications of changes are wanted besides the response (RFC 7641 §3.1). Then each is an event
  ///     of its own; the last one, an error or a response without the option Observe, ends the exchange.
  ///   - now: the time.
  ///   - sink: where it goes out.
  ///   - build: writes options, none below Observe if `observing`, and payload.
  /// - Returns: what the events about it name.
  /// - Throws: ``EndpointError`` when no exchange is free or the request is longer than a datagram.
  public mutating func request(
    _ code: Code, to peer: Peer, confirmable: Bool = true, observing: Bool = false, at now: Instant,
    sink: inout some DatagramSink & ~Copyable,
    build: (inout MessageWriter) throws(OutOfBounds) -> Void
  ) throws(EndpointError) -> ExchangeID {
    let draft = try draftRequest(at: now)
    let length: Int
    do throws(OutOfBounds) {
      var writer = try MessageWriter(
        sent.mutableSlice(range(of: draft.entry, count: datagramBytes)),
        type: confirmable ? .confirmable : .nonConfirmable, code: code, messageID: draft.messageID,
        token: draft.token)
      if observing { try writer.option(.observe, integer: 0) }
      try build(&writer)
      length = writer.count
    } catch {
      throw .tooLong(limit: datagramBytes)
    }
    return send(
      draft, length: length, to: peer, confirmable: confirmable, observing: observing, at: now, sink: &sink)
  }

  /// Sends a confirmable GET for one block of what is at `uri`.
  ///
  /// - Throws: ``EndpointError`` when no exchange is free or the request is longer than a datagram.
  public mutating func get(
    _ uri: borrowing URI, block2: BlockOption, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) throws(EndpointError) -> ExchangeID {
    let draft = try draftRequest(at: now)
    let length: Int
    do throws(OutOfBounds) {
      var writer = try MessageWriter(
        sent.mutableSlice(range(of: draft.entry, count: datagramBytes)), type: .confirmable, code: .get,
        messageID: draft.messageID, token: draft.token)
      try uri.writeOptions(into: &writer)
      try writer.option(.block2, block2)
      length = writer.count
    } catch {
      throw .tooLong(limit: datagramBytes)
    }
    return send(
      draft, length: length, to: uri.peer, confirmable: true, observing: false, at: now, sink: &sink)
  }

  /// Asks whether somebody listens there (RFC 7252 §4.3): the event `.response` says so, whose datagram is a reset.
  ///
  /// - Throws: ``EndpointError`` when no exchange is free.
  public mutating func ping(
    _ peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) throws(EndpointError) -> ExchangeID {
    let draft = try draftRequest(at: now)
    let index = draft.entry
    let length: Int
    do throws(OutOfBounds) {
      length = try MessageWriter(
        sent.mutableSlice(range(of: index, count: datagramBytes)), type: .confirmable, code: .empty,
        messageID: draft.messageID
      ).count
    } catch {
      preconditionFailure("every datagram has room for a header")
    }
    exchanges[index].startPing(to: peer, messageID: draft.messageID, length: length)
    exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    sendAgain(index, sink: &sink)
    return ExchangeID(entry: index, generation: exchanges[index].generation)
  }

  /// Gives a request up: its response, should it come, is nobody's. Notifications are reset, which ends them.
  public mutating func cancel(_ exchange: ExchangeID) {
    guard exchanges[exchange.entry].generation == exchange.generation else { return }
    exchanges[exchange.entry].release()
  }

  /// Gives a request up that observes, and tells the server so by the same request with Observe 1 (RFC 7641 §3.6). Should
  /// that be lost, the next notification is reset.
  public mutating func endObservation(_ exchange: ExchangeID, sink: inout some DatagramSink & ~Copyable) {
    let index = exchange.entry
    guard exchanges[index].generation == exchange.generation, exchanges[index].state == .observing else {
      return cancel(exchange)
    }
    let messageID = takeMessageID()
    let length = exchanges[index].sentLength
    let observe = 4 + exchanges[index].token.count
    if length < datagramBytes {
      var datagram = sent.mutableSlice(range(of: index, count: length + 1))
      datagram[0] = 1 << 6 | MessageType.nonConfirmable.rawValue << 4 | datagram[0] & 15
      datagram[2] = UInt8(messageID >> 8)
      datagram[3] = UInt8(messageID & 0xff)
      // The first option is Observe, and as yet has no value.
      for offset in stride(from: length, to: observe + 1, by: -1) { datagram[offset] = datagram[offset - 1] }
      datagram[observe] |= 1
      datagram[observe + 1] = 1
      exchanges[index].sentLength = length + 1
      sendAgain(index, sink: &sink)
    }
    exchanges[index].release()
  }

  mutating func receiveResponse(
    _ message: borrowing Message, from peer: Peer, at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) -> EndpointEvent {
    for index in 0..<capacity where exchanges[index].isAnswered(byToken: message.token, from: peer) {
      guard message.type != .reset,
        message.type != .acknowledgement || exchanges[index].messageID == message.messageID
      else { return .none }
      let isUnderstood = !message.holdsUnknownCriticalOption
      if message.type == .confirmable {
        sendEmpty(
          isUnderstood ? .acknowledgement : .reset, messageID: message.messageID, to: peer, sink: &sink)
      }
      return take(message, inExchange: index, isUnderstood: isUnderstood, at: now)
    }
    // A notification is reset even where no answer is due: it says that it is not wanted (RFC 7641 §3.6).
    if message.type == .confirmable || message.type == .nonConfirmable && message.option(.observe) != nil {
      sendEmpty(.reset, messageID: message.messageID, to: peer, sink: &sink)
    }
    return .none
  }

  private mutating func take(
    _ message: borrowing Message, inExchange index: Int, isUnderstood: Bool, at now: Instant
  ) -> EndpointEvent {
    guard exchanges[index].state != .finished else { return .none }
    let id = ExchangeID(entry: index, generation: exchanges[index].generation)
    let isFirst = exchanges[index].state != .observing
    if !isFirst {
      // The response, or a notification, once more.
      guard message.type != .acknowledgement,
        exchanges[index].notification?.messageID != message.messageID
      else { return .none }
    }
    guard isUnderstood, message.code.isSuccess, exchanges[index].wantsNotifications,
      let number = message.integer(.observe)
    else {
      exchanges[index].finish()
      return isUnderstood ? .response(id) : .failed(id, .unknownOption)
    }
    let next = Notification(number: number, messageID: message.messageID, arrival: now)
    if let last = exchanges[index].notification, !last.isOlder(than: next) { return .none }
    exchanges[index].notification = next
    exchanges[index].state = .observing
    exchanges[index].deadline = nil
    return .response(id)
  }

  /// A request that has its place and its numbers, but no bytes yet.
  private struct Draft {
    let entry: Int
    let messageID: UInt16
    let token: Token
  }

  private mutating func draftRequest(at now: Instant) throws(EndpointError) -> Draft {
    guard let entry = freeEntry(at: now) else { throw .busy }
    return Draft(entry: entry, messageID: takeMessageID(), token: takeToken())
  }

  private mutating func send(
    _ draft: Draft, length: Int, to peer: Peer, confirmable: Bool, observing: Bool, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) -> ExchangeID {
    let index = draft.entry
    exchanges[index].startOutgoing(
      to: peer, messageID: draft.messageID, token: draft.token, length: length, observing: observing, at: now)
    if confirmable {
      exchanges[index].awaitAcknowledgement(at: now, timeout: firstTimeout())
    } else {
      exchanges[index].state = .acknowledged
      exchanges[index].deadline = now + parameters.responseTimeout
    }
    sendAgain(index, sink: &sink)
    return ExchangeID(entry: index, generation: exchanges[index].generation)
  }
}
