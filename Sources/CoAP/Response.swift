import Bytes

/// A response apart from its body: what the server decides.
public struct Response: Sendable {
  public var code: Code
  public var contentFormat: ContentFormat?
  /// Seconds a client may keep it (RFC 7252 §5.10.5), if not the default of 60; for 5.03, seconds to wait.
  public var maxAge: UInt32?

  public init(_ code: Code, contentFormat: ContentFormat? = nil, maxAge: UInt32? = nil) {
    self.code = code
    self.contentFormat = contentFormat
    self.maxAge = maxAge
  }
}

/// A response apart from its body: what follows from the request.
struct ResponseHead {
  let type: MessageType
  let messageID: UInt16
  let token: Token
  let block1: BlockOption?
  let block2: BlockOption?
}

extension Response {
  /// Room for header, token and every option a response carries, in bytes.
  static let overhead = 4 + 8 + 28

  /// Writes the message with the block of `body` that was asked for and returns its length.
  ///
  /// - Precondition: the storage holds at least the overhead and a block of 16 bytes.
  func encode(_ head: ResponseHead, body: Span<UInt8>, into storage: consuming MutableSpan<UInt8>) -> Int {
    let room = storage.count - Self.overhead
    // A block is asked for of the resource; an error in its place is sent whole.
    let asked = code.isSuccess ? head.block2 : nil
    let exponent = min(asked?.sizeExponent ?? 6, BlockOption.sizeExponent(notAbove: room))
    // The client's number counts blocks of the client's size.
    let offset = asked?.offset ?? 0
    let size = 16 << Int(exponent)
    guard offset == 0 || offset < body.count, offset / size <= BlockOption.largestNumber else {
      return Response(.badOption).write(
        head, block: nil, entityTag: nil, size: nil, payload: Span(), into: storage)
    }
    guard asked != nil || body.count > size else {
      return write(head, block: nil, entityTag: nil, size: nil, payload: body, into: storage)
    }
    let end = min(offset + size, body.count)
    let block = BlockOption(
      number: UInt32(offset / size), more: end < body.count, sizeExponent: exponent)
    return write(
      head, block: block, entityTag: entityTag(of: body),
      size: offset == 0 && end < body.count ? UInt32(clamping: body.count) : nil,
      payload: body.extracting(offset..<end), into: storage)
  }

  private func write(
    _ head: ResponseHead, block: BlockOption?, entityTag: UInt32?, size: UInt32?, payload: Span<UInt8>,
    into storage: consuming MutableSpan<UInt8>
  ) -> Int {
    do throws(OutOfBounds) {
      var message = try MessageWriter(
        storage, type: head.type, code: code, messageID: head.messageID, token: head.token)
      if let entityTag { try message.option(.entityTag, integer: entityTag) }
      if let contentFormat { try message.option(.contentFormat, integer: UInt32(contentFormat.rawValue)) }
      if let maxAge { try message.option(.maxAge, integer: maxAge) }
      if let block { try message.option(.block2, block) }
      if let block1 = head.block1 { try message.option(.block1, block1) }
      if let size { try message.option(.size2, integer: size) }
      try message.payload(payload)
      return message.count
    } catch {
      preconditionFailure("a block is chosen to fit the datagram")
    }
  }

  /// FNV-1a of the body: lets a client see that the body changed between two blocks. Never 0, which would be no bytes.
  private func entityTag(of body: Span<UInt8>) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for index in body.indices { hash = (hash ^ UInt32(body[index])) &* 0x0100_0193 }
    return hash | 1
  }
}
