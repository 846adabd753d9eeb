import CoAP

/// A CoAP client with a socket of its own.
///
///     let client = try await CoAPClient()
///     let answer = try await client.request(.get, "coap://127.0.0.1:5683/.well-known/core")
///     await client.close()
public final class CoAPClient: Sendable {
  public struct Configuration: Sendable {
    /// Time-outs and retransmissions. The default gives up after 62 to 93 s.
    public var parameters = TransmissionParameters()
    /// The block size asked for, 16 to 1024 bytes; the server may send smaller blocks.
    public var blockSize = 1024
    /// The longest body taken, in bytes.
    public var bodyLimit = 16 << 20
    /// Confirmable requests are repeated until acknowledged.
    public var confirmable = true

    public init() {}
  }

  private let configuration: Configuration
  private let socket: DatagramSocket<ClientEngine>

  public init(_ configuration: Configuration = Configuration()) async throws(SocketError) {
    self.configuration = configuration
    let parameters = configuration.parameters
    socket = try await DatagramSocket.open {
      ClientEngine(seed: UInt64.random(in: .min ... .max), parameters: parameters)
    }
  }

  /// Ends the requests under way with ``CoAPClientError/closed`` and closes the socket.
  public func close() async {
    await socket.close()
  }

  /// Sends a request and waits for the whole response. Error codes are responses too.
  ///
  /// - Parameters:
  ///   - code: the method.
  ///   - uri: `coap://` with an IP address as its host; a link-local one takes a zone, by number or name.
  ///   - payload: has to fit one datagram.
  ///   - contentFormat: what the payload is.
  ///   - accept: what the response should be.
  /// - Returns: the response with its whole body, put together from its blocks.
  /// - Throws: ``CoAPClientError`` when no whole response came.
  public func request(
    _ code: Code, _ uri: String, payload: [UInt8] = [], contentFormat: ContentFormat? = nil,
    accept: ContentFormat? = nil
  ) async throws(CoAPClientError) -> CoAPResponse {
    let parsed: ParsedURI
    do throws(URIError) {
      parsed = try ParsedURI(uri)
    } catch {
      throw .uri(error, text: uri)
    }
    let before = try await counts()
    var assembly = Assembly(
      uri: uri, fetch: BlockwiseFetch(preferredSize: configuration.blockSize),
      bodyLimit: configuration.bodyLimit, isRepeatable: code == .get)
    while true {
      // A first request for the largest blocks needs no option, which a server without block-wise transfer refuses.
      let isPlain = assembly.fetch.next.number == 0 && configuration.blockSize >= 1024
      let datagram = try await exchange(
        OutgoingRequest(
          code: code, uri: parsed, payload: payload, contentFormat: contentFormat, accept: accept,
          block2: isPlain ? nil : assembly.fetch.next, confirmable: configuration.confirmable))
      guard let response = try assembly.add(datagram) else { continue }
      return CoAPResponse(
        code: response.code, contentFormat: response.contentFormat, body: assembly.body,
        datagrams: try await counts() - before)
    }
  }

  private func counts() async throws(CoAPClientError) -> DatagramCounts {
    do throws(SocketClosed) {
      return try await socket.counts()
    } catch {
      throw .closed
    }
  }

  /// One request, one response: the datagram it came in.
  private func exchange(_ request: OutgoingRequest) async throws(CoAPClientError) -> [UInt8] {
    let ticket = Ticket()
    let socket = socket
    let result: Result<[UInt8], CoAPClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        socket.submit(
          { engine, now, outbox in
            engine.start(request, ticket: ticket, at: now, sink: &outbox) {
              continuation.resume(returning: $0)
            }
          },
          orIfClosed: { continuation.resume(returning: .failure(.closed)) })
      }
    } onCancel: {
      ticket.cancel()
      socket.submit({ engine, _, _ in engine.cancel(ticket) }, orIfClosed: {})
    }
    return try result.get()
  }
}

/// The response as its blocks come in.
private struct Assembly {
  let uri: String
  var fetch: BlockwiseFetch
  let bodyLimit: Int
  /// Whether asking again for another block does no harm.
  let isRepeatable: Bool
  var body: [UInt8] = []

  /// Takes the next datagram in; returns code and format once the body is complete.
  mutating func add(_ datagram: [UInt8]) throws(CoAPClientError) -> (
    code: Code, contentFormat: ContentFormat?
  )? {
    guard let message = try? Message(datagram.span) else {
      preconditionFailure("the endpoint hands out messages only")
    }
    let format = message.integer(.contentFormat).map {
      ContentFormat(rawValue: UInt16(truncatingIfNeeded: $0))
    }
    guard message.code.isSuccess else {
      body = message.payload.indices.map { message.payload[$0] }
      return (message.code, format)
    }
    let step: BlockwiseFetch.Step
    do throws(BlockwiseError) {
      step = try fetch.accept(message)
    } catch {
      throw .transfer(error, uri: uri)
    }
    guard case .received(_, let isLast) = step else { return nil }
    guard body.count + message.payload.count <= bodyLimit else {
      throw .bodyTooLong(limit: bodyLimit, uri: uri)
    }
    guard isLast || isRepeatable else { throw .longAnswer(uri: uri) }
    body += message.payload.indices.map { message.payload[$0] }
    return isLast ? (message.code, format) : nil
  }
}
