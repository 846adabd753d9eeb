/// Sends a body of any length in the blocks of several requests (RFC 7959 §2.5): what to send next, and what an answer
/// means.
///
/// Requests and time-outs are the endpoint's; this decides only about blocks.
public struct BlockwiseUpload: Sendable {
  /// Bytes of the body.
  public let byteCount: Int
  private var offset = 0
  private var sizeExponent: UInt8
  /// Whether the server has asked for blocks, though the body would fit one.
  private var mustDivide = false
  private var repetitions = 0

  public enum Step: Equatable, Sendable {
    /// Send what ``range`` is now.
    case next
    /// Not the answer to what was sent: send it again.
    case repeatRequest
    /// The response is the answer to the whole request, be it success or error.
    case finished
  }

  /// - Parameters:
  ///   - byteCount: bytes of the body.
  ///   - preferredSize: the block size to begin with, 16 to 1024 bytes; the server may want smaller ones.
  public init(byteCount: Int, preferredSize: Int = 1024) {
    precondition(byteCount >= 0)
    self.byteCount = byteCount
    sizeExponent = BlockOption.sizeExponent(notAbove: preferredSize)
  }

  private var size: Int { 16 << Int(sizeExponent) }

  /// The part of the body to send next.
  public var range: Range<Int> { offset..<min(offset + size, byteCount) }

  /// The option that goes with it; `nil` for a body that needs none because it fits one block.
  public var block: BlockOption? {
    guard byteCount > size || mustDivide else { return nil }
    return BlockOption(
      number: UInt32(offset / size), more: range.upperBound < byteCount, sizeExponent: sizeExponent)
  }

  /// Whether the body has more blocks than can be counted.
  public var isTooLong: Bool { (byteCount - 1) / size > Int(BlockOption.largestNumber) }

  /// Judges the response to what was sent.
  public mutating func accept(_ response: borrowing Message) throws(BlockwiseError) -> Step {
    let answered = response.block(.block1)
    if response.code == .requestEntityTooLarge, offset == 0, let answered,
      answered.sizeExponent < sizeExponent
    {
      // It wants smaller blocks from the start (RFC 7959 §2.9.3).
      sizeExponent = answered.sizeExponent
      mustDivide = true
      return try begin()
    }
    guard response.code == .continuation else { return .finished }
    guard let sent = block, sent.more, let answered, answered.number == sent.number else {
      repetitions += 1
      guard repetitions <= BlockwiseFetch.repetitionLimit else {
        throw .wrongBlock(expected: UInt32(offset / size), found: answered?.number ?? 0)
      }
      return .repeatRequest
    }
    repetitions = 0
    guard answered.sizeExponent <= sizeExponent else { throw .largerBlock(asked: size, found: answered.size) }
    // The block was taken whole; the next ones are as small as the server wants them.
    offset += size
    sizeExponent = answered.sizeExponent
    return try begin()
  }

  private func begin() throws(BlockwiseError) -> Step {
    guard !isTooLong else { throw .tooManyBlocks }
    return .next
  }
}
