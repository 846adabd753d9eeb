public import Bytes
public import CoAP

/// Why a program gave no response that could be sent.
public enum PacketError: Error, Equatable, Sendable {
  /// It returned 0, or a number below.
  case noResponse(returned: Int32)
  /// It says the response has more bytes than there is room for.
  case tooLong(returned: Int32, capacity: Int)
  /// What it left there is no CoAP message.
  case malformed(MessageError)
  /// The header is not that of a response to this request: type, message id and token are the device's to choose.
  case header
  /// The code is none of a response.
  case code(UInt8)
  /// An option that is not the program's to choose, or not well formed. A program may give Content-Format and Max-Age.
  case option(UInt16)
}

/// The context of a program that answers a CoAP request: where it lies in the arena, and what its response has to repeat.
///
/// Layout in bytes, little endian: `bpf_coap_ctx_t` (packet, buffer and its size, 8 each), `bpf_coap_packet_t` (header,
/// payload and token, 4 each; payload length and number of options, 2 each), the buffer. A program may write over all of
/// it, so whatever is read back from there is checked against what this value knows, which is out of its reach.
public struct PacketWindow: Equatable, Sendable {
  private enum Offset {
    static let packet = 24, header = 24, payload = 28, token = 32, payloadLength = 36, optionCount = 38,
      buffer = 40
  }

  /// Bytes of the context in front of the buffer.
  public static let overhead = Offset.buffer

  /// Where the context begins: what r1 is at the start.
  public let address: UInt64
  /// Bytes of the buffer.
  public let capacity: Int
  let type: MessageType
  let messageID: UInt16
  let token: Token

  /// - Parameters:
  ///   - request: what is to be answered.
  ///   - address: where the context window begins in the arena.
  ///   - capacity: bytes for the packet, at most 65535.
  public init(answering request: borrowing Message, at address: UInt64, capacity: Int) {
    precondition((0...0xffff).contains(capacity))
    self.address = address
    self.capacity = capacity
    type = request.type == .confirmable ? .acknowledgement : .nonConfirmable
    messageID = request.messageID
    token = request.token
  }

  /// Bytes of the whole context.
  public var size: Int { Self.overhead + capacity }

  var headerEnd: Int { 4 + token.count }

  // MARK: What the program gets

  /// Lays the context out, with the request in the buffer.
  ///
  /// - Parameters:
  ///   - window: `size` bytes at `address`.
  ///   - datagram: the bytes of `request`.
  ///   - request: the request that this value was made for.
  /// - Throws: `OutOfBounds` when the request is longer than the buffer.
  public func fill(
    _ window: inout MutableSpan<UInt8>, with datagram: Span<UInt8>, _ request: borrowing Message
  ) throws(OutOfBounds) {
    guard datagram.count <= capacity, window.count >= size else {
      throw OutOfBounds(offset: Self.overhead, count: datagram.count, available: window.count)
    }
    let buffer = address &+ UInt64(Offset.buffer)
    Self.put(address &+ UInt64(Offset.packet), at: 0, in: &window)
    Self.put(buffer, at: 8, in: &window)
    Self.put(UInt64(capacity), at: 16, in: &window)
    Self.put(UInt32(truncatingIfNeeded: buffer), at: Offset.header, in: &window)
    Self.put(UInt32(truncatingIfNeeded: buffer &+ 4), at: Offset.token, in: &window)
    setPayload(datagram.count - request.payload.count, length: request.payload.count, in: &window)
    var count: UInt16 = 0
    var options = request.options
    while options.next() != nil { count += 1 }
    Self.put(count, at: Offset.optionCount, in: &window)
    for index in datagram.indices { window[Offset.buffer + index] = datagram[index] }
  }

  private static func put<T: FixedWidthInteger & UnsignedInteger>(
    _ value: T, at offset: Int, in window: inout MutableSpan<UInt8>
  ) {
    for index in 0..<T.bitWidth / 8 {
      window[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
    }
  }

  /// Notes that the payload, or the next option, begins at this offset of the buffer.
  private func setPayload(_ offset: Int, length: Int, in window: inout MutableSpan<UInt8>) {
    let address = address &+ UInt64(Offset.buffer + offset)
    Self.put(UInt32(truncatingIfNeeded: address), at: Offset.payload, in: &window)
    Self.put(UInt16(truncatingIfNeeded: length), at: Offset.payloadLength, in: &window)
  }

  // MARK: What helpers do. `window` is the whole context.

  /// Where the program has the payload, as an offset in the buffer; `nil` when it is not behind the header.
  func payloadOffset(in window: Span<UInt8>) -> Int? {
    let payload: UInt32 = window.littleEndian(at: Offset.payload)
    let offset = payload &- UInt32(truncatingIfNeeded: address) &- UInt32(Offset.buffer)
    return offset >= headerEnd && offset <= capacity ? Int(offset) : nil
  }

  /// Writes the header of a response without options. False when there is no room or the code is none of a response.
  func begin(_ code: Code, in window: inout MutableSpan<UInt8>) -> Bool {
    guard code.isResponse, headerEnd <= capacity else { return false }
    window[Offset.buffer] = 1 << 6 | type.rawValue << 4 | UInt8(token.count)
    window[Offset.buffer + 1] = code.rawValue
    window[Offset.buffer + 2] = UInt8(messageID >> 8)
    window[Offset.buffer + 3] = UInt8(messageID & 0xff)
    for index in 0..<token.count {
      window[Offset.buffer + 4 + index] = UInt8(
        truncatingIfNeeded: token.value >> (8 * UInt64(token.count - 1 - index)))
    }
    setPayload(headerEnd, length: capacity - headerEnd, in: &window)
    Self.put(UInt16(0), at: Offset.optionCount, in: &window)
    return true
  }

  /// The number of the last option in a response that has no payload yet; `nil` when it is none.
  private func lastOption(in window: Span<UInt8>, before offset: Int) -> UInt16? {
    guard let message = try? Message(window.extracting(Offset.buffer..<Offset.buffer + offset)),
      message.code.isResponse, message.token == token, message.payload.isEmpty
    else { return nil }
    var number: UInt16 = 0
    var options = message.options
    while let option = options.next() { number = option.number.rawValue }
    return number
  }

  enum Failure: Int, Error {
    /// What the program has there is no response, or the option cannot follow.
    case invalid = 22
    case noRoom = 28
  }

  /// Appends the Content-Format option and returns its length.
  func add(_ format: UInt16, in window: inout MutableSpan<UInt8>) throws(Failure) -> Int {
    let number = OptionNumber.contentFormat.rawValue
    guard let offset = payloadOffset(in: window.span),
      let last = lastOption(in: window.span, before: offset), last <= number
    else { throw .invalid }
    let length = format == 0 ? 0 : format < 256 ? 1 : 2
    guard offset + 1 + length <= capacity else { throw .noRoom }
    let start = Offset.buffer + offset
    // Both are below 13, so that no byte follows for them (RFC 7252 §3.1).
    window[start] = UInt8(number - last) << 4 | UInt8(length)
    if length == 2 { window[start + 1] = UInt8(format >> 8) }
    if length > 0 { window[start + length] = UInt8(format & 0xff) }
    setPayload(offset + 1 + length, length: capacity - offset - 1 - length, in: &window)
    let count: UInt16 = window.span.littleEndian(at: Offset.optionCount)
    Self.put(count &+ 1, at: Offset.optionCount, in: &window)
    return 1 + length
  }

  /// Ends the options, with the payload marker if a payload follows; returns the length of the packet so far.
  func finish(withPayload: Bool, in window: inout MutableSpan<UInt8>) throws(Failure) -> Int {
    guard let offset = payloadOffset(in: window.span) else { throw .invalid }
    guard withPayload else {
      setPayload(offset, length: 0, in: &window)
      return offset
    }
    guard offset < capacity else { throw .noRoom }
    window[Offset.buffer + offset] = 0xff
    setPayload(offset + 1, length: capacity - offset - 1, in: &window)
    return offset + 1
  }

  // MARK: What the device takes

  /// Checks what the program left in its context after it returned.
  ///
  /// - Parameters:
  ///   - window: the context, `size` bytes.
  ///   - returned: r0, the length of the response as C's `int`.
  /// - Returns: the response and its payload, which is a part of `window`.
  /// - Throws: ``PacketError``.
  @_lifetime(copy window)
  public func response(in window: Span<UInt8>, returned: UInt64) throws(PacketError) -> ProgramResponse {
    let length = Int32(truncatingIfNeeded: returned)
    guard length > 0 else { throw .noResponse(returned: length) }
    guard length <= capacity, window.count >= size else {
      throw .tooLong(returned: length, capacity: capacity)
    }
    let message: Message
    do throws(MessageError) {
      message = try Message(window.extracting(Offset.buffer..<Offset.buffer + Int(length)))
    } catch {
      throw .malformed(error)
    }
    guard message.code.isResponse else { throw .code(message.code.rawValue) }
    guard message.type == type, message.messageID == messageID, message.token == token else { throw .header }
    var response = Response(message.code)
    var options = message.options
    while let option = options.next() {
      let number = option.number
      switch number {
      case .contentFormat where response.contentFormat == nil && option.value.count <= 2:
        response.contentFormat = message.integer(number).map {
          ContentFormat(rawValue: UInt16(truncatingIfNeeded: $0))
        }
      case .maxAge where response.maxAge == nil && option.value.count <= 4:
        response.maxAge = message.integer(number)
      default: throw .option(number.rawValue)
      }
    }
    return ProgramResponse(response: response, payload: message.payload)
  }
}

/// A response that a program built.
public struct ProgramResponse: ~Escapable {
  public let response: Response
  public let payload: Span<UInt8>

  @_lifetime(copy payload)
  init(response: Response, payload: Span<UInt8>) {
    self.response = response
    self.payload = payload
  }
}
