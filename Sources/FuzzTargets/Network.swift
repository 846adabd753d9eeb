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

/// Bits 0 and 1 of a turn's control byte are the peer; bit 2 lets the endpoint ask for the URI that is the
/// datagram.
func fuzzEndpoint(_ bytes: Span<UInt8>) {
  var endpoint = Endpoint<3>(datagramBytes: 128, seed: 1)
  var conversation = Conversation(bytes)
  let body = [UInt8](repeating: 7, count: 300)
  var now = Instant(milliseconds: 1000)
  var wire = Wire()
  var unanswered: RequestID?
  while var turn = conversation.next() {
    now = now + turn.pause
    while case .failed = endpoint.poll(at: now, sink: &wire) {}
    if turn.control & 4 != 0, let uri = try? URI(turn.datagram.span) {
      _ = try? endpoint.get(
        uri, block2: BlockOption(number: 0, more: false, sizeExponent: 2), at: now, sink: &wire)
      continue
    }
    if turn.isAnswer { wire.address(&turn.datagram) }
    let peer = turn.isAnswer ? wire.peer : Peer(ipv4: UInt32(turn.control & 3), port: 5683)
    guard case .request(let request) = endpoint.receive(turn.datagram.span, from: peer, at: now, sink: &wire)
    else { continue }
    // Every second one is acknowledged, and answered when the next one comes.
    if let earlier = unanswered {
      endpoint.respond(to: earlier, Response(.content), body: body.span, at: now, sink: &wire)
      endpoint.respond(to: request, Response(.changed), body: Span(), at: now, sink: &wire)
      unanswered = nil
    } else {
      endpoint.acknowledge(request, sink: &wire)
      unanswered = request
    }
  }
  finish(&endpoint, at: now, &wire)
}

/// Lets all time pass: retransmissions end.
private func finish(_ endpoint: inout Endpoint<3>, at now: Instant, _ wire: inout Wire) {
  var now = now
  for _ in 0..<100 {
    guard let deadline = endpoint.nextDeadline else { return }
    now = max(now, deadline)
    while case .failed = endpoint.poll(at: now, sink: &wire) {}
  }
  preconditionFailure("something is always due")
}

/// Bits 0 and 1 of a turn's control byte are the peer.
func fuzzServer(_ bytes: Span<UInt8>) {
  let clock = Clock()
  var server = DeviceServer(board: FuzzBoard(clock: clock), provisioning: Identity.provisioning())
  var conversation = Conversation(bytes)
  var wire = Wire()
  while var turn = conversation.next() {
    clock.now = clock.now + turn.pause
    server.poll(sink: &wire)
    if turn.isAnswer { wire.address(&turn.datagram) }
    let peer = turn.isAnswer ? wire.peer : Peer(ipv4: UInt32(turn.control & 3), port: 5683)
    server.receive(turn.datagram.span, from: peer, sink: &wire)
  }
  for _ in 0..<100 {
    guard let deadline = server.nextDeadline else { return }
    clock.now = max(clock.now, deadline)
    server.poll(sink: &wire)
  }
  preconditionFailure("something is always due")
}
