import Bytes
import CoAP
import DeviceServer
import Platform

func fuzzMessage(_ bytes: Span<UInt8>) {
  _ = try? Provisioning(bytes)
  fuzzURI(bytes)
  guard let message = try? Message(bytes) else { return }
  _ = message.block(.block1)
  _ = message.block(.block2)
  _ = message.integer(.accept)
  var fetch = BlockwiseFetch()
  _ = try? fetch.accept(message)
  var upload = BlockwiseUpload(byteCount: 5000, preferredSize: 64)
  for _ in 0..<10 {
    guard let step = try? upload.accept(message), step != .finished else { break }
    precondition(upload.range.upperBound <= 5000 && !upload.range.isEmpty, "a block outside the body")
  }
  fuzzConditions(message, bytes)
  var copy = [UInt8](repeating: 0xa5, count: bytes.count)
  do throws(OutOfBounds) {
    var writer = try MessageWriter(
      copy.mutableSpan, type: message.type, code: message.code, messageID: message.messageID,
      token: message.token)
    var options = message.options
    while let option = options.next() { try writer.option(option.number, option.value) }
    try writer.payload(message.payload)
  } catch {
    preconditionFailure("a message written again is longer")
  }
}

private func fuzzConditions(_ message: borrowing Message, _ bytes: Span<UInt8>) {
  let conditions = Conditions(of: message)
  precondition(!(conditions.dependsOnTag && conditions.areMetByAnything), "conditions contradict themselves")
  _ = message.matches(EntityTag(of: bytes))
  var storage = [UInt8](repeating: 0, count: 200)
  var links = LinkFormatWriter(ByteWriter(storage.mutableSpan))
  let path: StaticString = "slots/1"
  let attributes = LinkAttributes(resourceType: "x", contentFormat: .cbor, title: "One", isObservable: true)
  do throws(OutOfBounds) { try links.link(path: path.bytes, attributes, matching: message) } catch {
    preconditionFailure("a link is longer than its room")
  }
}

private func fuzzURI(_ bytes: Span<UInt8>) {
  guard let uri = try? URI(bytes) else { return }
  for size in [4, 24, 1152] {
    var buffer = [UInt8](repeating: 0, count: size)
    do throws(OutOfBounds) {
      var writer = try MessageWriter(buffer.mutableSpan, type: .confirmable, code: .get, messageID: 1)
      try uri.writeOptions(into: &writer, contentFormat: .cbor)
    } catch {}
  }
}

/// Bits 0 and 1 of a turn's control byte are the peer, of which the last asks by multicast; bit 2 lets the endpoint ask for
/// the URI that is the datagram, and follow it if its length is odd.
func fuzzEndpoint(_ bytes: Span<UInt8>) {
  var endpoint = Endpoint<3>(datagramBytes: 128, seed: 1, taking: [.bodiesInBlocks, .conditions])
  var conversation = Conversation(bytes)
  var reception = BlockwiseReception()
  var received = 0
  var body = [UInt8](repeating: 7, count: 300)
  var now = Instant(milliseconds: 1000)
  var wire = Wire()
  var unanswered: RequestID?
  while var turn = conversation.next() {
    now = now + turn.pause
    while case .failed = endpoint.poll(at: now, sink: &wire) {}
    body[0] &+= 1
    endpoint.noteChange { $0 == UInt32(turn.control & 1) }
    while let (observer, _) = endpoint.nextStaleObserver(at: now) {
      endpoint.notify(observer, Response(.content, hasEntityTag: true), body: body.span, at: now, sink: &wire)
    }
    if turn.control & 4 != 0 {
      ask(&endpoint, turn.datagram, at: now, &wire)
      continue
    }
    if turn.isAnswer { wire.address(&turn.datagram) }
    let peer = turn.isAnswer ? wire.peer : Peer(ipv4: UInt32(turn.control & 3), port: 5683)
    let event = endpoint.receive(
      turn.datagram.span, from: peer, isMulticast: turn.control & 0x83 == 3, at: now, sink: &wire)
    guard case .request(let request) = event, let message = try? Message(turn.datagram.span) else { continue }
    if case .received(let offset, _)? = try? reception.accept(message, from: peer, at: now) {
      precondition(offset == 0 || offset == received, "a part of a body out of its place")
      received = offset + message.payload.count
    }
    endpoint.observe(request, as: UInt32(message.messageID & 1), at: now)
    // Every second one is acknowledged, and answered when the next one comes.
    if let earlier = unanswered {
      endpoint.respond(
        to: earlier, Response(.content, hasEntityTag: true), body: body.span, at: now, sink: &wire)
      endpoint.respond(to: request, Response(.changed), body: Span(), at: now, sink: &wire)
      unanswered = nil
    } else {
      endpoint.acknowledge(request, sink: &wire)
      unanswered = request
    }
  }
  finish(&endpoint, at: now, &wire)
}

private func ask(_ endpoint: inout Endpoint<3>, _ text: [UInt8], at now: Instant, _ wire: inout Wire) {
  guard let uri = try? URI(text.span) else {
    _ = try? endpoint.ping(Peer(ipv4: 1, port: 5683), at: now, sink: &wire)
    return
  }
  guard text.count % 2 == 1 else {
    _ = try? endpoint.get(
      uri, block2: BlockOption(number: 0, more: false, sizeExponent: 2), at: now, sink: &wire)
    return
  }
  let exchange = try? endpoint.request(.get, to: uri.peer, observing: true, at: now, sink: &wire) {
    (message) throws(OutOfBounds) in
    try message.option(.uriPath, "x")
  }
  if let exchange, text.count % 8 == 1 { endpoint.endObservation(exchange, sink: &wire) }
}

/// Lets all time pass: retransmissions end.
private func finish(_ endpoint: inout Endpoint<3>, at now: Instant, _ wire: inout Wire) {
  var now = now
  for _ in 0..<1000 {
    while let (observer, _) = endpoint.nextStaleObserver(at: now) {
      endpoint.notify(observer, Response(.notFound), body: Span(), at: now, sink: &wire)
    }
    guard let deadline = endpoint.nextDeadline else { return }
    now = max(now, deadline)
    while case .failed = endpoint.poll(at: now, sink: &wire) {}
  }
  preconditionFailure("something is always due")
}
