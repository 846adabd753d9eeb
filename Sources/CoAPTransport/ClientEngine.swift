import Bytes
import CoAP
import Synchronization

/// One request as it is sent; a body in blocks takes several.
struct OutgoingRequest: Sendable {
  let code: Code
  let uri: ParsedURI
  var payload: [UInt8] = []
  var contentFormat: ContentFormat?
  var accept: ContentFormat?
  var block1: BlockOption?
  var block2: BlockOption?
  /// Bytes of the whole body, told with its first block (RFC 7959 §4).
  var size1: UInt32?
  var confirmable = true
  /// Whether every change is wanted, not just the present state.
  var observing = false
}

/// A URI that has been found good, in a form that outlives a call.
struct ParsedURI: Sendable {
  let text: String
  let peer: Peer
  private let bytes: [UInt8]

  /// - Parameter text: with an address as its host; the zone of a link-local one may be an interface's name.
  /// - Throws: ``URIError`` when it is no `coap` URI.
  init(_ text: String) throws(URIError) {
    let bytes = Array(withNumericZone(text).utf8)
    self.text = text
    self.bytes = bytes
    let named = try URI(bytes.span).peer
    // Replies come from the address without a zone unless it is link-local.
    peer = named.isLinkLocal ? named : Peer(high: named.high, low: named.low, port: named.port)
  }

  func writeOptions(into message: inout MessageWriter, contentFormat: ContentFormat?) throws(OutOfBounds) {
    guard let uri = try? URI(bytes.span) else { preconditionFailure("the URI was parsed when this was made") }
    try uri.writeOptions(into: &message, contentFormat: contentFormat)
  }
}

/// Distinguishes a request under way, so that it can be given up from outside.
final class Ticket: Sendable {
  private let cancelled = Atomic(false)

  func cancel() { cancelled.store(true, ordering: .relaxed) }
  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}

/// Hands each response to whoever waits for it.
struct ClientEngine: DatagramEngine, ~Copyable {
  typealias Delivery = @Sendable (Result<[UInt8], CoAPClientError>) -> Void

  private struct Waiting {
    let exchange: ExchangeID
    let ticket: Ticket
    let uri: String
    let observing: Bool
    let deliver: Delivery
  }

  private var endpoint: Endpoint<32>
  private var waiting: [Waiting] = []

  init(seed: UInt64, parameters: TransmissionParameters) {
    endpoint = Endpoint(seed: seed, parameters: parameters)
  }

  mutating func start(
    _ request: OutgoingRequest, ticket: Ticket, at now: Instant, sink: inout Outbox,
    deliver: @escaping Delivery
  ) {
    guard !ticket.isCancelled else { return deliver(.failure(.cancelled)) }
    do throws(EndpointError) {
      let exchange = try endpoint.request(
        request.code, to: request.uri.peer, confirmable: request.confirmable, observing: request.observing,
        at: now, sink: &sink
      ) { (message) throws(OutOfBounds) in
        try request.write(into: &message)
      }
      waiting.append(
        Waiting(
          exchange: exchange, ticket: ticket, uri: request.uri.text, observing: request.observing,
          deliver: deliver))
    } catch {
      switch error {
      case .busy: deliver(.failure(.busy))
      case .tooLong(let limit): deliver(.failure(.requestTooLong(limit: limit)))
      }
    }
  }

  /// Asks whether somebody listens at `peer`.
  mutating func ping(
    _ peer: Peer, ticket: Ticket, uri: String, at now: Instant, sink: inout Outbox,
    deliver: @escaping Delivery
  ) {
    guard !ticket.isCancelled else { return deliver(.failure(.cancelled)) }
    do throws(EndpointError) {
      let exchange = try endpoint.ping(peer, at: now, sink: &sink)
      waiting.append(
        Waiting(exchange: exchange, ticket: ticket, uri: uri, observing: false, deliver: deliver))
    } catch {
      deliver(.failure(.busy))
    }
  }

  mutating func cancel(_ ticket: Ticket, sink: inout Outbox) {
    guard let index = waiting.firstIndex(where: { $0.ticket === ticket }) else { return }
    let given = waiting.remove(at: index)
    if given.observing {
      endpoint.endObservation(given.exchange, sink: &sink)
    } else {
      endpoint.cancel(given.exchange)
    }
    given.deliver(.failure(.cancelled))
  }

  mutating func socketClosed() {
    let all = waiting
    waiting = []
    for one in all { one.deliver(.failure(.closed)) }
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    switch endpoint.receive(datagram, from: peer, at: now, sink: &sink) {
    case .response(let exchange):
      let bytes = datagram.indices.map { datagram[$0] }
      if let one = waiting.first(where: { $0.exchange == exchange }), one.observing,
        let message = try? Message(datagram), message.code.isSuccess, message.option(.observe) != nil
      {
        return one.deliver(.success(bytes))
      }
      deliver(.success(bytes), to: exchange)
    case .failed(let exchange, let failure):
      fail(exchange, failure)
    case .request(let request):
      endpoint.respond(to: request, Response(.notFound), body: Span(), at: now, sink: &sink)
    case .none:
      break
    }
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    while case .failed(let exchange, let failure) = endpoint.poll(at: now, sink: &sink) {
      fail(exchange, failure)
    }
  }

  var nextDeadline: Instant? { mutating get { endpoint.nextDeadline } }

  private mutating func fail(_ exchange: ExchangeID, _ failure: ExchangeFailure) {
    guard let uri = waiting.first(where: { $0.exchange == exchange })?.uri else { return }
    let error: CoAPClientError =
      switch failure {
      case .timedOut: .timedOut(uri: uri)
      case .reset: .reset(uri: uri)
      case .unknownOption: .unknownOption(uri: uri)
      }
    deliver(.failure(error), to: exchange)
  }

  private mutating func deliver(_ result: Result<[UInt8], CoAPClientError>, to exchange: ExchangeID) {
    guard let index = waiting.firstIndex(where: { $0.exchange == exchange }) else { return }
    waiting.remove(at: index).deliver(result)
  }
}

extension OutgoingRequest {
  fileprivate func write(into message: inout MessageWriter) throws(OutOfBounds) {
    try uri.writeOptions(into: &message, contentFormat: contentFormat)
    if let accept { try message.option(.accept, integer: UInt32(accept.rawValue)) }
    if let block2 { try message.option(.block2, block2) }
    if let block1 { try message.option(.block1, block1) }
    if let size1 { try message.option(.size1, integer: size1) }
    try message.payload(payload.span)
  }
}
