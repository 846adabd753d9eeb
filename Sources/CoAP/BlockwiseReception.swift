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

  private struct Transfer {
    let peer: Peer
    /// Of the first block, by which a late copy of it is told from a new beginning.
    let messageID: UInt16
    let token: Token
    var receivedBytes = 0
    var isUnderWay = true
    var latest: Instant
  }

  private var transfer: Transfer?

  /// How long a client may be silent before another one may begin, in milliseconds: it may be repeating itself for 93 s.
  public static let patience: UInt64 = 93_000

  public init() {}

  /// Whether a body has begun to come and has neither ended nor been given up.
  public func isUnderWay(at now: Instant) -> Bool {
    guard let transfer else { return false }
    return transfer.isUnderWay && now.milliseconds(since: transfer.latest) < Self.patience
  }

  /// When the transfer under way is given up if nothing comes; `nil` if there is none.
  public var deadline: Instant? {
    guard let transfer, transfer.isUnderWay else { return nil }
    return transfer.latest + Self.patience
  }

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
    let isOwn = transfer?.peer == peer
    if offset == 0 {
      if let transfer, isOwn, transfer.messageID == request.messageID, transfer.token == request.token,
        now.milliseconds(since: transfer.latest) < TransmissionParameters.exchangeLifetime
      {
        return .repeated
      }
      guard isOwn || !isUnderWay(at: now) else { throw .busy }
      transfer = Transfer(peer: peer, messageID: request.messageID, token: request.token, latest: now)
    }
    guard isOwn || offset == 0, let receivedBytes = transfer?.receivedBytes, isUnderWay(at: now) else {
      throw .gap(expected: 0, found: offset)
    }
    guard offset <= receivedBytes else { throw .gap(expected: receivedBytes, found: offset) }
    transfer?.latest = now
    // An empty last block begins where the body ends.
    guard offset == receivedBytes else { return .repeated }
    let isLast = block?.more != true
    transfer?.receivedBytes += length
    if isLast { transfer?.isUnderWay = false }
    return .received(offset: offset, isLast: isLast)
  }

  /// Gives the transfer up: what still comes of it is a gap.
  public mutating func end() {
    transfer?.isUnderWay = false
  }
}
