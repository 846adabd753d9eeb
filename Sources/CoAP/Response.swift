import Bytes

/// A response apart from its body: what the server decides.
public struct Response: Sendable {
  public var code: Code
  public var contentFormat: ContentFormat?
  /// Seconds a client may keep it (RFC 7252 §5.10.5), if not the default of 60; for 5.03, seconds to wait.
  public var maxAge: UInt32?
  /// Whether the body is named by an entity tag (RFC 7252 §5.10.6), so that a client that has this very body is told so
  /// instead of getting it again. A body that goes in blocks always has one.
  public var hasEntityTag: Bool
  /// The longest request body, in bytes, that would have been taken; goes with 4.13 (RFC 7959 §4).
  public var size1: UInt32?

  public init(
    _ code: Code, contentFormat: ContentFormat? = nil, maxAge: UInt32? = nil, hasEntityTag: Bool = false,
    size1: UInt32? = nil
  ) {
    self.code = code
    self.contentFormat = contentFormat
    self.maxAge = maxAge
    self.hasEntityTag = hasEntityTag
    self.size1 = size1
  }
}

/// A response apart from its body: what follows from the request.
struct ResponseHead {
  let type: MessageType
  let messageID: UInt16
  let token: Token
  var block1: BlockOption?
  var block2: BlockOption?
  /// What the client has already.
  var knownEntityTag: EntityTag?
  /// The sequence number of a notification (RFC 7641 §3.4).
  var observe: UInt32?
}

extension Response {
  /// Room for header, token and every option a response carries, in bytes.
  static let overhead = 4 + 8 + 32

  /// The options that are about the body.
  private struct Representation {
    var entityTag: EntityTag?
    var block2: BlockOption?
    var size2: UInt32?
  }

  /// Writes the message with the block of `body` that was asked for and returns its length.
  ///
  /// - Precondition: the storage holds at least the overhead and a block of 16 bytes.
  func encode(_ head: ResponseHead, body: Span<UInt8>, into storage: consuming MutableSpan<UInt8>) -> Int {
    var response = self
    var representation = Representation()
    let payload = response.represent(body, head, room: storage.count - Self.overhead, &representation)
    return response.write(head, representation, payload: body.extracting(payload), into: storage)
  }

  /// Chooses the block of `body` that goes out, and changes the response if there is another one to give.
  ///
  /// - Returns: where the block stands in the body.
  private mutating func represent(
    _ body: Span<UInt8>, _ head: ResponseHead, room: Int, _ representation: inout Representation
  ) -> Range<Int> {
    // A block is asked for of the resource; an error in its place is sent whole.
    let asked = code.isSuccess ? head.block2 : nil
    let exponent = min(asked?.sizeExponent ?? 6, BlockOption.sizeExponent(notAbove: room))
    // The client's number counts blocks of the client's size.
    let offset = asked?.offset ?? 0
    let size = 16 << Int(exponent)
    guard offset == 0 || offset < body.count, offset / size <= BlockOption.largestNumber else {
      self = Response(.badOption)
      return 0..<0
    }
    let isInBlocks = asked != nil || body.count > size
    if hasEntityTag || isInBlocks {
      let entityTag = EntityTag(of: body)
      representation.entityTag = entityTag
      if hasEntityTag, code == .content, head.knownEntityTag == entityTag {
        self = Response(.valid, maxAge: maxAge)
        return 0..<0
      }
    }
    guard isInBlocks else { return 0..<body.count }
    let end = min(offset + size, body.count)
    representation.block2 = BlockOption(
      number: UInt32(offset / size), more: end < body.count, sizeExponent: exponent)
    if offset == 0, end < body.count { representation.size2 = UInt32(clamping: body.count) }
    return offset..<end
  }

  @_optimize(speed)
  private func write(
    _ head: ResponseHead, _ representation: Representation, payload: Span<UInt8>,
    into storage: consuming MutableSpan<UInt8>
  ) -> Int {
    do throws(OutOfBounds) {
      var message = try MessageWriter(
        storage, type: head.type, code: code, messageID: head.messageID, token: head.token)
      // In the order of their numbers.
      if let tag = representation.entityTag { try message.option(.entityTag, integer: tag.value) }
      if let observe = head.observe, code.isSuccess { try message.option(.observe, integer: observe) }
      if let contentFormat { try message.option(.contentFormat, integer: UInt32(contentFormat.rawValue)) }
      if let maxAge { try message.option(.maxAge, integer: maxAge) }
      if let block = representation.block2 { try message.option(.block2, block) }
      if let block = head.block1 { try message.option(.block1, block) }
      if let size = representation.size2 { try message.option(.size2, integer: size) }
      if let size1 { try message.option(.size1, integer: size1) }
      try message.payload(payload)
      return message.count
    } catch {
      preconditionFailure("a block is chosen to fit the datagram")
    }
  }
}
