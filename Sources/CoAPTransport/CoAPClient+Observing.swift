import CoAP

extension CoAPClient {
  /// Follows a resource (RFC 7641): its present state, and from then on its newest state whenever it has changed.
  ///
  ///     for try await state in client.observe("coap://127.0.0.1/slots") { print(state.body) }
  ///
  /// States may be skipped when changes come fast, the last one never is. Where nothing was heard for as long as a state is
  /// fresh, the client registers anew: the server may have restarted. The sequence ends with an error response, or after
  /// the first state if the resource cannot be observed; leaving the loop tells the server that no more is wanted.
  ///
  /// - Parameters:
  ///   - uri: as in ``request(_:_:payload:contentFormat:accept:progress:)``.
  ///   - accept: what the responses should be.
  /// - Returns: the states; it throws ``CoAPClientError`` when the server cannot be reached.
  public func observe(
    _ uri: String, accept: ContentFormat? = nil
  ) -> AsyncThrowingStream<CoAPResponse, any Error> {
    AsyncThrowingStream { continuation in
      let task = Task {
        do throws(CoAPClientError) {
          try await follow(uri, accept: accept) { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error == .cancelled ? nil : error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  private func follow(
    _ uri: String, accept: ContentFormat?, deliver: @Sendable (CoAPResponse) -> Void
  ) async throws(CoAPClientError) {
    let request = OutgoingRequest(code: .get, uri: try parse(uri), accept: accept, observing: true)
    while !Task.isCancelled {
      guard try await followOnce(request, deliver: deliver) else { return }
    }
  }

  private enum Arrival: Sendable {
    case datagram(Result<[UInt8], CoAPClientError>)
    case silence
  }

  /// Registers and delivers until the observation ends; returns whether it has to begin anew.
  private func followOnce(
    _ request: OutgoingRequest, deliver: @Sendable (CoAPResponse) -> Void
  ) async throws(CoAPClientError) -> Bool {
    let ticket = Ticket()
    let (arrivals, continuation) = AsyncStream<Arrival>.makeStream()
    start(request, ticket: ticket) { continuation.yield(.datagram($0)) }
    var watch: Task<Void, Never>?
    defer {
      watch?.cancel()
      cancel(ticket)
    }
    for await arrival in arrivals {
      watch?.cancel()
      guard case .datagram(let result) = arrival else { return true }
      let datagram = try result.get()
      let facts = Facts(datagram)
      if let response = try await whole(datagram, of: request) { deliver(response) }
      guard facts.isNotification else { return false }
      watch = Task {
        // Some time beyond the freshness for the way (RFC 7641 §3.3.1).
        try? await Task.sleep(for: .seconds(Double(facts.maxAge) + .random(in: 5...15)))
        if !Task.isCancelled { continuation.yield(.silence) }
      }
    }
    throw .cancelled
  }

  /// The response that begins with this datagram, its other blocks fetched; `nil` if the resource changed meanwhile, of
  /// which another notification tells.
  private func whole(
    _ datagram: [UInt8], of request: OutgoingRequest
  ) async throws(CoAPClientError) -> CoAPResponse? {
    let before = try await counts()
    var assembly = Assembly(
      uri: request.uri.text, fetch: BlockwiseFetch(preferredSize: 1024), bodyLimit: configuration.bodyLimit,
      isRepeatable: true)
    var request = request
    request.observing = false
    var datagram = datagram
    while true {
      do throws(CoAPClientError) {
        if let response = try assembly.add(datagram) {
          return CoAPResponse(
            code: response.code, contentFormat: response.contentFormat, body: assembly.body,
            datagrams: try await counts() - before)
        }
      } catch .transfer(.changed, _) {
        return nil
      }
      request.block2 = assembly.fetch.next
      datagram = try await exchange(request)
    }
  }
}

/// What of a datagram decides on how the observation goes on.
private struct Facts {
  /// Whether more follow.
  let isNotification: Bool
  /// Seconds for which the state is fresh.
  let maxAge: UInt32

  init(_ datagram: [UInt8]) {
    guard let message = try? Message(datagram.span) else {
      preconditionFailure("the endpoint hands out messages only")
    }
    isNotification = message.code.isSuccess && message.option(.observe) != nil
    maxAge = message.option(.maxAge) == nil ? 60 : message.integer(.maxAge) ?? 60
  }
}
