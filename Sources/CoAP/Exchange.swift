/// One request and its response, seen from either side: what the endpoint remembers of it.
struct Exchange {
  enum Kind: UInt8 {
    /// A request that came in.
    case incoming
    /// A request of ours.
    case outgoing
    /// An empty message of ours, which the other end resets.
    case ping
    /// A confirmable notification of ours.
    case notification
  }

  enum State: UInt8 {
    case free
    /// A request came in and is being worked on; nothing has been sent.
    case processing
    /// Incoming: the empty acknowledgement went out. Outgoing: it came, or none is needed; the response is awaited.
    case acknowledged
    /// A confirmable message of ours has not been acknowledged.
    case waiting
    /// The answer to a multicast request waits for its moment.
    case delayed
    /// A request of ours was answered, and notifications follow.
    case observing
    /// Answered, or failed; kept to recognise messages that are sent again.
    case finished
  }

  var state = State.free
  private(set) var kind = Kind.incoming
  private(set) var wasConfirmable = false
  /// The request came by multicast.
  private(set) var isMulticast = false
  /// Running the request again would do no harm.
  private(set) var isSafe = false
  /// Its client has sent another request since, so it has probably got the answer to this one.
  var isSuperseded = false
  private(set) var peer = Peer(high: 0, low: 0, port: 0)
  /// Of the request.
  private(set) var messageID: UInt16 = 0
  private(set) var token = Token(value: 0, count: 0)
  /// Of the last message sent, and how long that was.
  var sentMessageID: UInt16 = 0
  var sentLength = 0
  private(set) var block1: BlockOption?
  private(set) var block2: BlockOption?
  /// What the client has already: the first tag that it names. Who names more may get a body again.
  private(set) var knownEntityTag: EntityTag?
  /// Incoming: the request wants to be told of changes. Outgoing: we want that.
  private(set) var wantsNotifications = false
  /// The entry in the table of observers that the answer or the notification belongs to.
  var observer: Int?
  /// The freshest notification that came.
  var notification: Notification?
  /// When something has to be done; `nil` if nothing.
  var deadline: Instant?
  /// Until when the request's message id means this exchange.
  private(set) var expiry = Instant(milliseconds: 0)
  private var timeout: UInt64 = 0
  private(set) var retransmissions = 0
  /// Distinguishes the exchanges that used the same entry.
  private(set) var generation: UInt32 = 0

  // Out of line, as are its like below: written out for every entry of a table it takes a kilobyte.
  @inline(never)
  init() {}

  var awaitsAcknowledgement: Bool { state == .waiting }
  /// Whether somebody waits for how it ends.
  var isAwaited: Bool { kind == .outgoing || kind == .ping }

  func isRequest(messageID: UInt16, from peer: Peer) -> Bool {
    // What tells most of them apart comes first: each request is held against every entry.
    self.messageID == messageID && state != .free && kind == .incoming && self.peer == peer
  }

  /// Whether a response with this token, from there, answers a request of ours.
  func isAnswered(byToken token: Token, from peer: Peer) -> Bool {
    state != .free && kind == .outgoing && self.token == token && self.peer.isReached(as: peer)
  }

  /// Of several finished entries, that which is worth least is given up; of several such, the oldest.
  var worth: Int {
    kind != .incoming ? 0 : isSafe ? 1 : isSuperseded ? 2 : 3
  }

  @inline(never)
  mutating func startRequest(
    _ message: borrowing Message, from peer: Peer, isMulticast: Bool, at now: Instant
  ) {
    start(.incoming, .processing, peer: peer, messageID: message.messageID, token: message.token)
    wasConfirmable = message.type == .confirmable
    self.isMulticast = isMulticast
    isSafe = message.code == .get
    block1 = message.block(.block1)
    block2 = message.block(.block2)
    if let tag = message.option(.entityTag) { knownEntityTag = EntityTag(tag) }
    wantsNotifications = isSafe && message.integer(.observe) == 0 && (block2?.number ?? 0) == 0
    expiry =
      now
      + (wasConfirmable
        ? TransmissionParameters.exchangeLifetime : TransmissionParameters.nonConfirmableLifetime)
  }

  mutating func startOutgoing(
    to peer: Peer, messageID: UInt16, token: Token, length: Int, observing: Bool, at now: Instant
  ) {
    start(.outgoing, .waiting, peer: peer, messageID: messageID, token: token)
    sentMessageID = messageID
    sentLength = length
    wantsNotifications = observing
    expiry = now + TransmissionParameters.exchangeLifetime
  }

  mutating func startPing(to peer: Peer, messageID: UInt16, length: Int) {
    start(.ping, .waiting, peer: peer, messageID: messageID, token: Token(value: 0, count: 0))
    sentMessageID = messageID
    sentLength = length
  }

  mutating func startNotification(
    to peer: Peer, messageID: UInt16, token: Token, length: Int, observer: Int
  ) {
    start(.notification, .waiting, peer: peer, messageID: messageID, token: token)
    sentMessageID = messageID
    sentLength = length
    self.observer = observer
  }

  @inline(never)
  private mutating func start(_ kind: Kind, _ state: State, peer: Peer, messageID: UInt16, token: Token) {
    // One by one: a new exchange in its place would be laid out beside it and copied.
    generation &+= 1
    wasConfirmable = false
    isMulticast = false
    isSafe = false
    isSuperseded = false
    sentMessageID = 0
    sentLength = 0
    block1 = nil
    block2 = nil
    knownEntityTag = nil
    wantsNotifications = false
    observer = nil
    notification = nil
    deadline = nil
    expiry = Instant(milliseconds: 0)
    timeout = 0
    retransmissions = 0
    self.kind = kind
    self.state = state
    self.peer = peer
    self.messageID = messageID
    self.token = token
  }

  @inline(never)
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
    state = kind == .notification || kind == .ping ? .free : .finished
    deadline = nil
  }

  mutating func release() {
    state = .free
    deadline = nil
  }
}

/// The request of an exchange that had to make room: should it come again, it must not run again, though its answer is
/// not known any more.
struct ForgottenRequest {
  private let peer: Peer
  private let messageID: UInt16
  private let expiry: Instant

  /// Nothing that could come again.
  @inline(never)
  init() {
    peer = Peer(high: 0, low: 0, port: 0)
    messageID = 0
    expiry = Instant(milliseconds: 0)
  }

  init(_ exchange: Exchange) {
    peer = exchange.peer
    messageID = exchange.messageID
    expiry = exchange.expiry
  }

  func isRequest(messageID: UInt16, from peer: Peer, at now: Instant) -> Bool {
    self.messageID == messageID && expiry > now && self.peer == peer
  }
}
