import Bytes
import CoAP

/// Messages, block-wise transfer and time.
public let coapChecks: [Check] = [
  Check("a message with every part is read as it was written") { () throws(CheckFailure) in
    var memory = InlineArray<64, UInt8>(repeating: 0xa5)
    guard let count = try? writeMessage(into: memory.mutableSpan) else {
      throw CheckFailure("64 bytes hold it")
    }
    guard let message = try? Message(memory.span.extracting(0..<count)) else {
      throw CheckFailure("the message is well formed")
    }
    try expect(message.messageID == 0xfeed && message.code == .post, "header")
    try expect(message.token == Token(value: .max, count: 8), "all eight bytes of the token")
    try expect(message.option(.uriPath)?.holdsSameBytes(as: "pull") == true, "path")
    try expect(message.block(.block2)?.offset == 1_073_740_800, "the farthest block's offset fits an Int")
    try expect(message.payload.holdsSameBytes(as: "body"), "payload")
  },
  Check("an option that claims to be longer than its datagram is refused") { () throws(CheckFailure) in
    let datagram: InlineArray<7, UInt8> = [0x40, 1, 0, 1, 0xbe, 0xff, 0xff]
    var refusal: MessageError?
    do throws(MessageError) { _ = try Message(datagram.span) } catch { refusal = error }
    try expect(refusal?.rule == .truncated && refusal?.offset == 7, "refused behind the option's header")
  },
  Check("time goes on past 32 bits of milliseconds") { () throws(CheckFailure) in
    let before = Instant(milliseconds: 0xffff_ffff)
    let after = before + 93_000
    try expect(before < after && after.milliseconds(since: before) == 93_000, "49 days after start")
  },
]

/// Returns the number of bytes written.
private func writeMessage(into memory: consuming MutableSpan<UInt8>) throws(OutOfBounds) -> Int {
  var message = try MessageWriter(
    memory, type: .confirmable, code: .post, messageID: 0xfeed, token: Token(value: .max, count: 8))
  let body: StaticString = "body"
  try message.option(.uriPath, "pull")
  try message.option(.block2, BlockOption(number: BlockOption.largestNumber, more: true, sizeExponent: 6))
  try message.payload(body.bytes)
  return message.count
}
