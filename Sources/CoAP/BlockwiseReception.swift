import Bytes

/// Why a block of a request's body is not taken.
public enum ReceptionError: Error, Equatable, Sendable {
  /// Another client's transfer is under way: 5.03.
  case busy
  /// What comes before the block (expected, found: offsets in the body) has not been received: 4.08.
  case gap(expected: Int, found: Int)
  /// A block that is not the last has another length than its block size: 4.00.
  case blockLength(expected: Int, found: Int)
}

/// Takes in a body that comes in the blocks of several requests (RFC 7959 §2.5), from one client at a time.
///
/// It keeps nothing of the body: each block is handed on in its place, once, whatever comes late, twice or from somebody
/// else meanwhile.
public struct BlockwiseReception: Sendable {
  public enum Step: Equatable, Sendable {
    /// The payload is the body's next part, beginning at this offset. At 0 the body begins anew: what was received before is
    /// void. If it is not the last, answer 2.31 (Continue).
    case received(offset: Int, isLast: Bool)
    /// The block has been taken before: answer 2.31 again, do nothing else.
    case repeated
  }

  /// Who sends, and the first block's message id and token, by which a late copy of it is told from a new beginning;
  /// meaningless before the first.
  private var peer = Peer(high: 0, low: 0, port: 0)
  private var messageID: UInt16 = 0
  private var token = Token(value: 0, count: 0)
  private var receivedBytes = 0
  private var hasBegun = false
  private var isOpen = false
  private var latest = Instant(milliseconds: 0)

  /// How long a client may be silent before another one may begin, in milliseconds: it may be repeating itself for 93 s.
  public static let patience: UInt64 = 93_000

  public init() {}

  /// Whether a body has begun to come and has neither ended nor been given up.
  public func isUnderWay(at now: Instant) -> Bool {
    isOpen && now.milliseconds(since: latest) < Self.patience
  }

  /// When the transfer under way is given up if nothing comes; `nil` if there is none.
  public var deadline: Instant? { isOpen ? latest + Self.patience : nil }

  /// Judges a request with a block of a body, or with a whole one.
  public mutating func accept(
    _ request: borrowing Message, from peer: Peer, at now: Instant
  ) throws(ReceptionError) -> Step {
    let block = request.block(.block1)
    let offset = block?.offset ?? 0
    let length = request.payload.count
    if let block, block.more ? length != block.size : length > block.size {
      throw .blockLength(expected: block.size, found: length)
    }
    let isOwn = hasBegun && self.peer == peer
    if offset == 0 {
      if isOwn, messageID == request.messageID, token == request.token,
        now.milliseconds(since: latest) < TransmissionParameters.exchangeLifetime
      {
        return .repeated
      }
      guard isOwn || !isUnderWay(at: now) else { throw .busy }
      self.peer = peer
      messageID = request.messageID
      token = request.token
      receivedBytes = 0
      hasBegun = true
      isOpen = true
    } else {
      guard isOwn, isUnderWay(at: now) else { throw .gap(expected: 0, found: offset) }
      guard offset <= receivedBytes else { throw .gap(expected: receivedBytes, found: offset) }
    }
    latest = now
    guard offset == receivedBytes else { return .repeated }
    isOpen = block?.more == true
    receivedBytes += length
    return .received(offset: offset, isLast: !isOpen)
  }

  /// Gives the transfer up: what still comes of it is a gap.
  public mutating func end() {
    isOpen = false
  }
}
