/// One request and its response, seen from either side: what the endpoint remembers of it.
struct Exchange {
  enum State: UInt8 {
    case free
    /// A request came in and is being worked on; nothing has been sent.
    case processing
    /// Incoming: the empty acknowledgement went out. Outgoing: it came, or none is needed; the response is awaited.
    case acknowledged
    /// A confirmable message of ours has not been acknowledged.
    case waiting
    /// Answered, or failed; kept to recognise messages that are sent again.
    case finished
  }

  var state = State.free
  private(set) var isOutgoing = false
  private(set) var wasConfirmable = false
  private(set) var peer = Peer(high: 0, low: 0, port: 0)
  /// Of the request.
  private(set) var messageID: UInt16 = 0
  private(set) var token = Token(value: 0, count: 0)
  /// Of the last message sent, and how long that was.
  var sentMessageID: UInt16 = 0
  var sentLength = 0
  private(set) var block1: BlockOption?
  private(set) var block2: BlockOption?
  /// When something has to be done; `nil` if nothing.
  var deadline: Instant?
  /// Until when the request's message id means this exchange.
  private(set) var expiry = Instant(milliseconds: 0)
  private var timeout: UInt64 = 0
  private(set) var retransmissions = 0
  /// Distinguishes the exchanges that used the same entry.
  private(set) var generation: UInt32 = 0

  var awaitsAcknowledgement: Bool { state == .waiting }

  func isRequest(messageID: UInt16, from peer: Peer) -> Bool {
    state != .free && !isOutgoing && self.messageID == messageID && self.peer == peer
  }

  /// Whether a response with this token, from there, answers a request of ours.
  func isAnswered(byToken token: Token, from peer: Peer) -> Bool {
    state != .free && isOutgoing && self.token == token && self.peer.isReached(as: peer)
  }

  mutating func startRequest(_ message: borrowing Message, from peer: Peer, at now: Instant) {
    start(.processing, peer: peer, messageID: message.messageID, token: message.token, at: now)
    wasConfirmable = message.type == .confirmable
    block1 = message.block(.block1)
    block2 = message.block(.block2)
  }

  mutating func startOutgoing(to peer: Peer, messageID: UInt16, token: Token, length: Int, at now: Instant) {
    start(.waiting, peer: peer, messageID: messageID, token: token, at: now)
    isOutgoing = true
    sentMessageID = messageID
    sentLength = length
  }

  private mutating func start(_ state: State, peer: Peer, messageID: UInt16, token: Token, at now: Instant) {
    let generation = generation &+ 1
    self = Exchange()
    self.generation = generation
    self.state = state
    self.peer = peer
    self.messageID = messageID
    self.token = token
    expiry = now + TransmissionParameters.exchangeLifetime
  }

  mutating func awaitAcknowledgement(at now: Instant, timeout: UInt64) {
    state = .waiting
    self.timeout = timeout
    deadline = now + timeout
  }

  mutating func backOff(at now: Instant) {
    retransmissions += 1
    timeout *= 2
    deadline = now + timeout
  }

  mutating func finish() {
    state = .finished
    deadline = nil
  }

  mutating func release() {
    state = .free
    deadline = nil
  }
}
