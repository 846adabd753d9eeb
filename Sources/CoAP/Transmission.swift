/// Timing of confirmable messages (RFC 7252 §4.8).
public struct TransmissionParameters: Sendable {
  /// ACK_TIMEOUT: the shortest wait for an acknowledgement, in milliseconds. The first wait is up to half as long
  /// again (ACK_RANDOM_FACTOR 1.5), each further one twice the one before.
  public var acknowledgeTimeout: UInt64 = 2000
  /// MAX_RETRANSMIT.
  public var retransmissions = 4
  /// How long a separate response may take after the acknowledgement, in milliseconds.
  public var responseTimeout: UInt64 = 93_000

  public init() {}

  /// DEFAULT_LEISURE: the time over which the answers to a multicast request are spread, in milliseconds (RFC 7252 §8.2).
  public var leisure: UInt64 = 5000
  /// The shortest time between two notifications of which the first needs no acknowledgement, in milliseconds (RFC 7641
  /// §4.5.1). What is due sooner goes out confirmable, one at a time.
  public var notificationInterval: UInt64 = 3000
  /// How long notifications go on without one that has to be acknowledged, in milliseconds: by that a client that is
  /// gone is noticed (RFC 7641 §4.5 wants a day at most).
  public var confirmationInterval: UInt64 = 60_000

  /// EXCHANGE_LIFETIME: how long the id of a confirmable message stays taken, in milliseconds (RFC 7252 §4.8.2).
  static let exchangeLifetime: UInt64 = 247_000
  /// NON_LIFETIME: the same of a message that is not confirmable.
  static let nonConfirmableLifetime: UInt64 = 145_000
}

/// Where datagrams go out. Sending may fail silently, as the network may.
public protocol DatagramSink: ~Copyable {
  mutating func send(_ datagram: Span<UInt8>, to peer: Peer)
}

/// Names a request that came in, until it is answered.
public struct RequestID: Equatable, Sendable {
  let entry: Int
  let generation: UInt32
}

/// Names a request that went out, until its response came or it failed.
public struct ExchangeID: Equatable, Sendable {
  let entry: Int
  let generation: UInt32
}

/// What a datagram, or the passing of time, means to the user of an endpoint.
public enum EndpointEvent: Equatable, Sendable {
  case none
  /// A new request: the datagram is one. Answer it with `respond`, or `acknowledge` it first if that takes long.
  case request(RequestID)
  /// The datagram is the response to this request: a notification, if the request observes, or the reset that a ping asks
  /// for.
  case response(ExchangeID)
  /// No response will come.
  case failed(ExchangeID, ExchangeFailure)
}

public enum ExchangeFailure: UInt8, Equatable, Sendable {
  /// No acknowledgement, or no response after it, within the time of RFC 7252 §4.8.2.
  case timedOut = 1
  /// The peer answered with a reset: it has no such service, or it restarted.
  case reset
  /// The response holds a critical option that this endpoint does not know (RFC 7252 §5.4.1).
  case unknownOption
}

/// A request could not be sent.
public enum EndpointError: Error, Equatable, Sendable {
  /// All exchanges are in use.
  case busy
  /// The request is longer than a datagram may be, in bytes.
  case tooLong(limit: Int)
}

/// Xorshift64*: for message ids, tokens and back-off, which need to differ, not to be secret.
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed == 0 ? 0x9e37_79b9_7f4a_7c15 : seed
  }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }
}
