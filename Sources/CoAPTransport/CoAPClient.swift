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

  let configuration: Configuration
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
  ///   - payload: goes in blocks if it is longer than one.
  ///   - contentFormat: what the payload is.
  ///   - accept: what the response should be.
  ///   - progress: called with the bytes of the payload that have been sent and acknowledged.
  /// - Returns: the response with its whole body, put together from its blocks.
  /// - Throws: ``CoAPClientError`` when no whole response came.
  public func request(
    _ code: Code, _ uri: String, payload: [UInt8] = [], contentFormat: ContentFormat? = nil,
    accept: ContentFormat? = nil, progress: (@Sendable (Int) -> Void)? = nil
  ) async throws(CoAPClientError) -> CoAPResponse {
    let parsed = try parse(uri)
    let before = try await counts()
    var request = OutgoingRequest(
      code: code, uri: parsed, payload: payload, contentFormat: contentFormat, accept: accept,
      confirmable: configuration.confirmable)
    let last = try await upload(&request, payload, progress: progress)
    var assembly = Assembly(
      uri: uri, fetch: BlockwiseFetch(preferredSize: configuration.blockSize),
      bodyLimit: configuration.bodyLimit, isRepeatable: code == .get)
    var datagram = last
    while true {
      if let response = try assembly.add(datagram) {
        return CoAPResponse(
          code: response.code, contentFormat: response.contentFormat, body: assembly.body,
          datagrams: try await counts() - before)
      }
      request.block2 = assembly.fetch.next
      datagram = try await exchange(request)
    }
  }

  /// Sends the request, block by block if its payload needs that; returns the datagram that answers the last.
  private func upload(
    _ request: inout OutgoingRequest, _ payload: [UInt8], progress: (@Sendable (Int) -> Void)?
  ) async throws(CoAPClientError) -> [UInt8] {
    var upload = BlockwiseUpload(byteCount: payload.count, preferredSize: configuration.blockSize)
    guard !upload.isTooLong else { throw .transfer(.tooManyBlocks, uri: request.uri.text) }
    // A first request for the largest blocks needs no option, which a server without block-wise transfer refuses.
    // Of what is not a GET another block cannot be asked for without asking for all of it again.
    let asked =
      configuration.blockSize >= 1024 || request.code != .get
      ? nil : BlockwiseFetch(preferredSize: configuration.blockSize).next
    while true {
      request.payload = Array(payload[upload.range])
      request.block1 = upload.block
      request.size1 = upload.block != nil && upload.range.lowerBound == 0 ? UInt32(payload.count) : nil
      request.block2 = upload.block?.more == true ? nil : asked
      let datagram = try await exchange(request)
      guard let message = try? Message(datagram.span) else {
        preconditionFailure("the endpoint hands out messages only")
      }
      do throws(BlockwiseError) {
        guard try upload.accept(message) == .finished else {
          progress?(upload.range.lowerBound)
          continue
        }
      } catch {
        throw .transfer(error, uri: request.uri.text)
      }
      if message.code.isSuccess { progress?(payload.count) }
      return datagram
    }
  }

  func parse(_ uri: String) throws(CoAPClientError) -> ParsedURI {
    do throws(URIError) {
      return try ParsedURI(uri)
    } catch {
      throw .uri(error, text: uri)
    }
  }

  /// Asks whether a CoAP endpoint listens at the address in `uri`, and waits until it says so.
  ///
  /// - Throws: ``CoAPClientError/timedOut(uri:)`` when none did.
  public func ping(_ uri: String) async throws(CoAPClientError) {
    let peer = try parse(uri).peer
    _ = try await waiting { engine, now, ticket, outbox, deliver in
      engine.ping(peer, ticket: ticket, uri: uri, at: now, sink: &outbox, deliver: deliver)
    }
  }

  func counts() async throws(CoAPClientError) -> DatagramCounts {
    do throws(SocketClosed) {
      return try await socket.counts()
    } catch {
      throw .closed
    }
  }

  /// One request, one response: the datagram it came in.
  func exchange(_ request: OutgoingRequest) async throws(CoAPClientError) -> [UInt8] {
    try await waiting { engine, now, ticket, outbox, deliver in
      engine.start(request, ticket: ticket, at: now, sink: &outbox, deliver: deliver)
    }
  }

  /// Has the engine do what `body` says, which calls `deliver` once, and waits for that.
  private func waiting(
    _ body:
      @escaping @Sendable (
        inout ClientEngine, Instant, Ticket, inout Outbox, @escaping ClientEngine.Delivery
      ) -> Void
  ) async throws(CoAPClientError) -> [UInt8] {
    let ticket = Ticket()
    let result: Result<[UInt8], CoAPClientError> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        socket.submit(
          { engine, now, outbox in body(&engine, now, ticket, &outbox) { continuation.resume(returning: $0) }
          },
          orIfClosed: { continuation.resume(returning: .failure(.closed)) })
      }
    } onCancel: {
      cancel(ticket)
    }
    return try result.get()
  }

  /// Has the engine deliver everything that comes for a request that observes, until the ticket is cancelled.
  func start(_ request: OutgoingRequest, ticket: Ticket, deliver: @escaping ClientEngine.Delivery) {
    socket.submit(
      { engine, now, outbox in
        engine.start(request, ticket: ticket, at: now, sink: &outbox, deliver: deliver)
      },
      orIfClosed: { deliver(.failure(.closed)) })
  }

  func cancel(_ ticket: Ticket) {
    ticket.cancel()
    socket.submit({ engine, _, outbox in engine.cancel(ticket, sink: &outbox) }, orIfClosed: {})
  }
}

/// The response as its blocks come in.
struct Assembly {
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

/// Runs `body` with a client that is closed afterwards.
@discardableResult
public func withClient<Result>(
  _ configuration: CoAPClient.Configuration = .init(), _ body: (CoAPClient) async throws -> Result
) async throws -> Result {
  let client = try await CoAPClient(configuration)
  do {
    let result = try await body(client)
    await client.close()
    return result
  } catch {
    await client.close()
    throw error
  }
}
