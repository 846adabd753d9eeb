import Bytes

/// Why a block-wise transfer cannot go on.
public enum BlockwiseError: Error, Equatable, Sendable {
  /// The server answered with an error.
  case refused(Code)
  /// A block came that was not asked for, again and again.
  case wrongBlock(expected: UInt32, found: UInt32)
  /// The server sends larger blocks than it was asked for.
  case largerBlock(asked: Int, found: Int)
  /// A block that is not the last has another length than its block size.
  case blockLength(expected: Int, found: Int)
  /// The resource changed during the transfer (RFC 7959 §2.4).
  case changed
  /// More blocks than the 20 bits of a block number can count.
  case tooManyBlocks
}

/// Fetches a body of any length, block by block (RFC 7959 §2): what to ask for next, and what an answer means.
///
/// Requests and time-outs are the endpoint's; this decides only about blocks.
public struct BlockwiseFetch: Sendable {
  /// The block to ask for next.
  public private(set) var next: BlockOption
  private var entityTag: UInt64?
  private var repetitions = 0

  /// Wrong blocks accepted in a row before the transfer is given up.
  public static let repetitionLimit = 3

  public enum Step: Equatable, Sendable {
    /// The payload is the body's next part, beginning at this offset.
    case received(offset: Int, isLast: Bool)
    /// Not the block that was asked for: ask for it again.
    case repeatRequest
  }

  /// - Parameter preferredSize: the block size to ask for, 16 to 1024 bytes.
  public init(preferredSize: Int = 1024) {
    next = BlockOption(
      number: 0, more: false, sizeExponent: BlockOption.sizeExponent(notAbove: preferredSize))
  }

  /// Judges a response to a request for ``next``.
  public mutating func accept(_ response: borrowing Message) throws(BlockwiseError) -> Step {
    guard response.code.isSuccess else { throw .refused(response.code) }
    guard let block = response.block(.block2) else {
      guard next.number == 0 else { throw .wrongBlock(expected: next.number, found: 0) }
      return .received(offset: 0, isLast: true)
    }
    guard block.sizeExponent <= next.sizeExponent else {
      throw .largerBlock(asked: next.size, found: block.size)
    }
    guard block.offset == next.offset else {
      repetitions += 1
      guard repetitions <= Self.repetitionLimit else {
        throw .wrongBlock(expected: next.number, found: block.number)
      }
      return .repeatRequest
    }
    repetitions = 0
    try compareEntityTag(of: response)
    let length = response.payload.count
    guard block.more ? length == block.size : length <= block.size else {
      throw .blockLength(expected: block.size, found: length)
    }
    if block.more {
      guard block.number < BlockOption.largestNumber else { throw .tooManyBlocks }
      next = BlockOption(number: block.number + 1, more: false, sizeExponent: block.sizeExponent)
    }
    return .received(offset: block.offset, isLast: !block.more)
  }

  private mutating func compareEntityTag(of response: borrowing Message) throws(BlockwiseError) {
    guard let bytes = response.option(.entityTag), (1...8).contains(bytes.count) else { return }
    // The length counts too: 01 and 00 01 are different tags. One bit above the value marks it.
    var tag: UInt64 = 1
    for index in bytes.indices { tag = tag &* 0x100_0000_01b3 ^ UInt64(bytes[index]) }
    guard entityTag == nil || entityTag == tag else { throw .changed }
    entityTag = tag
  }
}
