import Bytes
import CBOR
public import CoAP
import DeviceProtocol

/// Takes what a console puts out.
public protocol ConsoleOutput: ~Copyable {
  mutating func write(_ bytes: Span<UInt8>)
}

/// A console of a device: lines that are typed there are asked of its own server, as clients ask, and the answers are put out.
///
/// It is a sink before the network's: datagrams for ``peer`` end here. Whoever owns it hands ``type(_:)`` what comes in, and the
/// server what ``nextDatagram(into:)`` gives, as come from ``peer``.
public struct Console<Network: DatagramSink & ~Copyable, Output: ConsoleOutput & ~Copyable>:
  DatagramSink, ~Copyable
{
  public var network: Network
  private var output: Output
  private var typed = Line()
  /// The line that is being answered.
  private var asked = Line()
  private var isWaiting = false
  /// Which request the answer has to be to.
  private var token: UInt8 = 0
  private var messageID: UInt16 = 0
  /// What is to go to the server: the request for a block, and an acknowledgement.
  private var nextBlock: BlockOption?
  private var hasRequest = false
  private var acknowledgement: UInt16?
  private var lastWasReturn = false

  /// Longest line, in bytes; more is ignored.
  public static var lineBytes: Int { 128 }

  /// Where the server sees the console: nobody on a network has this address.
  public static var peer: Peer { Peer(high: .max, low: .max, port: 0) }

  public init(network: consuming Network, output: consuming Output) {
    self.network = network
    self.output = output
  }

  /// Says that it is there. There is no prompt until somebody has typed: what programs print shall begin its own lines.
  public mutating func start() {
    put("type help\n")
  }

  // MARK: What is typed

  /// Takes a byte in that was typed.
  public mutating func type(_ byte: UInt8) {
    let isReturn = byte == UInt8(ascii: "\r")
    defer { lastWasReturn = isReturn }
    switch byte {
    case UInt8(ascii: "\n") where lastWasReturn: return
    case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      put("\n")
      enter()
    case 0x08, 0x7f:
      guard typed.count > 0 else { return }
      typed.count -= 1
      // Back, over it, and back again.
      put("\u{8} \u{8}")
    case 0x20..<0x7f:
      guard typed.append(byte) else { return }
      output.write([byte].span)
    default: return
    }
  }

  /// Asks what the line says. Whatever was asked before is not waited for any more.
  private mutating func enter() {
    asked = typed
    typed.count = 0
    isWaiting = false
    let failure: ConsoleError
    do throws(ConsoleError) {
      _ = try ConsoleRequest(asked.span).code
      token &+= 1
      nextBlock = nil
      hasRequest = true
      isWaiting = true
      return
    } catch {
      failure = error
    }
    switch failure {
    case .empty: break
    case .help: help()
    case .unknown: put("no such command; type help\n")
    case .arguments: put("other words belong there; type help\n")
    case .number: put("a number belongs there that is not too large\n")
    }
    prompt()
  }

  private mutating func help() {
    for index in 0..<ConsoleCommand.count {
      var line = InlineArray<128, UInt8>(repeating: 0)
      var writer = ByteWriter(line.mutableSpan)
      // Every row is shorter.
      _ = try? ConsoleCommand.at(index).writeHelp(into: &writer)
      output.write(writer.written)
    }
  }

  // MARK: Between console and server

  /// Copies the next datagram for the server to the start of `bytes`.
  ///
  /// - Returns: its length; `nil` when there is none.
  public mutating func nextDatagram(into bytes: inout MutableSpan<UInt8>) -> Int? {
    guard hasRequest || acknowledgement != nil else { return nil }
    var datagram = InlineArray<256, UInt8>(repeating: 0)
    var length = 0
    // A line, and a path that is shorter still.
    if let acknowledged = acknowledgement {
      acknowledgement = nil
      length = (try? Self.acknowledge(acknowledged, in: datagram.mutableSpan)) ?? 0
    } else if hasRequest {
      hasRequest = false
      messageID &+= 1
      length = (try? write(into: datagram.mutableSpan)) ?? 0
    }
    guard length > 0, length <= bytes.count else { return nil }
    for index in 0..<length { bytes[index] = datagram[index] }
    return length
  }

  private static func acknowledge(
    _ messageID: UInt16, in storage: consuming MutableSpan<UInt8>
  ) throws(OutOfBounds) -> Int {
    try MessageWriter(storage, type: .acknowledgement, code: .empty, messageID: messageID).count
  }

  private func write(into storage: consuming MutableSpan<UInt8>) throws(OutOfBounds) -> Int {
    guard let request = try? ConsoleRequest(asked.span) else { return 0 }
    var message = try MessageWriter(
      storage, type: .confirmable, code: request.code, messageID: messageID,
      token: Token(value: UInt64(token), count: 1))
    var path = InlineArray<48, UInt8>(repeating: 0)
    var pathWriter = ByteWriter(path.mutableSpan)
    try request.route.writePath(into: &pathWriter)
    let written = pathWriter.written
    var start = 0
    for index in 0...written.count where index == written.count || written[index] == UInt8(ascii: "/") {
      try message.option(.uriPath, written.extracting(start..<index))
      start = index + 1
    }
    try request.writeQuery(into: &message)
    if request.route.resource.row.contentFormat != .linkFormat {
      try message.option(.accept, integer: UInt32(ContentFormat.text.rawValue))
    }
    if let nextBlock { try message.option(.block2, nextBlock) }
    try message.payload(request.body)
    return message.count
  }

  public mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    guard peer == Self.peer else { return network.send(datagram, to: peer) }
    guard let message = try? Message(datagram) else { return }
    if message.type == .confirmable { acknowledgement = message.messageID }
    guard isWaiting, message.code.isResponse, message.token == Token(value: UInt64(token), count: 1) else {
      return
    }
    show(message)
  }

  private mutating func show(_ message: borrowing Message) {
    if message.code.isSuccess {
      output.write(message.payload)
      if let block = message.block(.block2), block.more, block.number < BlockOption.largestNumber {
        nextBlock = BlockOption(number: block.number + 1, more: false, sizeExponent: block.sizeExponent)
        hasRequest = true
        return
      }
      if message.payload.isEmpty {
        put("done\n")
      } else if message.payload[message.payload.count - 1] != UInt8(ascii: "\n") {
        put("\n")
      }
    } else {
      showProblem(message)
    }
    isWaiting = false
    prompt()
  }

  /// Puts out code, title and detail.
  private mutating func showProblem(_ message: borrowing Message) {
    var code = InlineArray<8, UInt8>(repeating: 0)
    var writer = ByteWriter(code.mutableSpan)
    _ = try? writer.writeDecimal(message.code.codeClass)
    _ = try? writer.write(message.code.detail < 10 ? ".0" : ".")
    _ = try? writer.writeDecimal(message.code.detail)
    output.write(writer.written)
    var reader = CBORReader(message.payload)
    let count = (try? reader.readMap()) ?? 0
    for _ in 0..<count {
      guard let key = try? reader.readInteger(),
        key == Problem.StandardKey.title || key == Problem.StandardKey.detail,
        let text = try? reader.readText()
      else { break }
      put(key == Problem.StandardKey.title ? " " : ": ")
      output.write(text)
    }
    put("\n")
  }

  private mutating func prompt() { put("> ") }

  private mutating func put(_ text: StaticString) { output.write(text.bytes) }
}

extension ConsoleRequest {
  fileprivate func writeQuery(into message: inout MessageWriter) throws(OutOfBounds) {
    try forEachQuery { (query) throws(OutOfBounds) in try message.option(.uriQuery, query) }
  }
}

/// A line of text.
private struct Line {
  private var bytes = InlineArray<128, UInt8>(repeating: 0)
  var count = 0

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    get { bytes.span.extracting(0..<count) }
  }

  mutating func append(_ byte: UInt8) -> Bool {
    guard count < bytes.count else { return false }
    bytes[count] = byte
    count += 1
    return true
  }
}
