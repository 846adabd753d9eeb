import Bytes
import CBOR
public import CoAP
import DeviceProtocol

/// The paths and text payloads of the earlier system, for its tools: requests for them become requests for the device's own
/// resources, and what these answer becomes what those tools read. A device without this module does not know the paths.
///
/// It is a sink before the network's. Whoever owns the socket gives each request to ``translate(_:from:into:)`` first.
public struct EarlierPaths<Network: DatagramSink & ~Copyable>: DatagramSink, ~Copyable {
  public var network: Network
  /// What was translated last; to be kept where the sink itself is not.
  public var requests: EarlierRequests

  public init(network: consuming Network, requests: consuming EarlierRequests = EarlierRequests()) {
    self.network = network
    self.requests = requests
  }

  /// What becomes of a datagram.
  public enum Translation: Equatable, Sendable {
    /// It is not for these paths: the server takes it as it is.
    case none
    /// The server takes so many bytes in its place.
    case rewritten(Int)
    /// It could not be understood, and the client has been told.
    case refused
  }

  /// Looks at a datagram before the server does.
  ///
  /// - Parameters:
  ///   - datagram: as it came.
  ///   - peer: from whom; not by multicast.
  ///   - bytes: where what takes its place is put; as long as a datagram.
  /// - Returns: what the server is to be given.
  public mutating func translate(
    _ datagram: Span<UInt8>, from peer: Peer, into bytes: inout MutableSpan<UInt8>
  ) -> Translation {
    // Nearly every datagram: to be told from those that are meant without taking it apart.
    let mayBeMeant = EarlierPath.mayStandIn(datagram)
    guard mayBeMeant || !requests.isEmpty else { return .none }
    guard let message = try? Message(datagram), message.code.isRequest else { return .none }
    guard mayBeMeant, let path = EarlierPath(message) else {
      requests.forget(message.token, of: peer)
      return .none
    }
    guard message.code == path.method else {
      refuse(message, .methodNotAllowed, "another method belongs to this path", to: peer)
      return .refused
    }
    var rewritten = InlineArray<512, UInt8>(repeating: 0)
    let length: Int
    do throws(OutOfBounds) {
      length = try Self.rewrite(message, as: path, into: rewritten.mutableSpan)
    } catch {
      length = 0
    }
    guard length > 0, length <= bytes.count else {
      refuse(message, .badRequest, "the payload is not understood", to: peer)
      return .refused
    }
    requests.note(message, path, of: peer)
    for index in 0..<length { bytes[index] = rewritten[index] }
    return .rewritten(length)
  }

  /// - Returns: the length of the request in the device's own words; 0 when the payload is not understood.
  private static func rewrite(
    _ message: borrowing Message, as path: EarlierPath, into storage: consuming MutableSpan<UInt8>
  ) throws(OutOfBounds) -> Int {
    var writer = try MessageWriter(
      storage, type: message.type, code: path.method, messageID: message.messageID, token: message.token)
    try copyOptions(of: message, before: .uriPath, into: &writer)
    switch path {
    case .running:
      try writePath(Route(.instances), into: &writer)
      try copyOptions(of: message, after: .uriQuery, into: &writer)
    case .pull:
      guard let pull = EarlierPull(message.payload) else { return 0 }
      try writePath(Route(.trigger), into: &writer)
      try copyOptions(of: message, after: .uriQuery, into: &writer)
      var url = InlineArray<128, UInt8>(repeating: 0)
      var urlWriter = ByteWriter(url.mutableSpan)
      try pull.writeURL(into: &urlWriter)
      try writer.payload(urlWriter.written)
    case .shortExecution, .withPacket, .longRunning:
      guard let execution = EarlierExecution(message.payload) else { return 0 }
      let resource: Resource =
        path == .shortExecution ? .run : path == .withPacket ? .request : .instance
      try writePath(Route(resource, parameter: execution.slot), into: &writer)
      try execution.writeQuery(into: &writer)
      try copyOptions(of: message, after: .uriQuery, into: &writer)
    }
    return writer.count
  }

  private static func writePath(_ route: Route, into writer: inout MessageWriter) throws(OutOfBounds) {
    var path = InlineArray<48, UInt8>(repeating: 0)
    var pathWriter = ByteWriter(path.mutableSpan)
    try route.writePath(into: &pathWriter)
    let written = pathWriter.written
    var start = 0
    for index in 0...written.count where index == written.count || written[index] == UInt8(ascii: "/") {
      try writer.option(.uriPath, written.extracting(start..<index))
      start = index + 1
    }
  }

  /// Copies what does not depend on the path: neither the query nor formats, which the earlier system did not know.
  private static func copyOptions(
    of message: borrowing Message, before end: OptionNumber? = nil, after start: OptionNumber? = nil,
    into writer: inout MessageWriter
  ) throws(OutOfBounds) {
    var options = message.options
    while let option = options.next() {
      if let end, option.number.rawValue >= end.rawValue { continue }
      if let start, option.number.rawValue <= start.rawValue { continue }
      guard option.number != .accept, option.number != .observe else { continue }
      try writer.option(option.number, option.value)
    }
  }

  private mutating func refuse(
    _ message: borrowing Message, _ code: Code, _ text: StaticString, to peer: Peer
  ) {
    var storage = InlineArray<64, UInt8>(repeating: 0)
    let length = Self.write(
      text.bytes, code, as: message.type == .confirmable ? .acknowledgement : .nonConfirmable,
      message.messageID, message.token, into: storage.mutableSpan)
    network.send(storage.span.extracting(0..<length), to: peer)
  }

  private static func write(
    _ payload: Span<UInt8>, _ code: Code, as type: MessageType, _ messageID: UInt16, _ token: Token,
    into storage: consuming MutableSpan<UInt8>
  ) -> Int {
    do throws(OutOfBounds) {
      var writer = try MessageWriter(storage, type: type, code: code, messageID: messageID, token: token)
      try writer.payload(payload)
      return writer.count
    } catch {
      preconditionFailure("texts are chosen to fit")
    }
  }

  // MARK: Answers

  public mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    guard !requests.isEmpty, let message = try? Message(datagram), message.code.isSuccess,
      let request = requests.find(message.token, of: peer)
    else { return network.send(datagram, to: peer) }
    var text = InlineArray<128, UInt8>(repeating: 0)
    var textWriter = ByteWriter(text.mutableSpan)
    let isTranslated = (try? Self.translate(message, request, into: &textWriter)) ?? false
    guard isTranslated else { return network.send(datagram, to: peer) }
    var storage = InlineArray<160, UInt8>(repeating: 0)
    let length = Self.write(
      textWriter.written, message.code, as: message.type, message.messageID, message.token,
      into: storage.mutableSpan)
    network.send(storage.span.extracting(0..<length), to: peer)
  }

  /// Writes what the earlier system answered.
  ///
  /// - Returns: whether it is another thing than what the device's own resource answers.
  private static func translate(
    _ message: borrowing Message, _ request: EarlierRequests.Request, into text: inout ByteWriter
  ) throws(OutOfBounds) -> Bool {
    switch request.path {
    case .withPacket: return false
    case .pull:
      try text.write("SUIT pull request processed successfully for manifest: ")
      try text.write(request.manifest)
    case .longRunning: try text.write("VM Execution request sent successfully!")
    case .shortExecution:
      var reader = CBORReader(message.payload)
      guard let result = reader.result() else { return false }
      try text.write("{\"result\": ")
      try text.writeDecimal(result)
      try text.write("}")
    case .running:
      var reader = CBORReader(message.payload)
      let count = (try? reader.readArray()) ?? 0
      try text.write("[")
      for index in 0..<min(count, 16) {
        if index > 0 { try text.write(", ") }
        try text.write(reader.isActive() ? "true" : "false")
      }
      try text.write("]")
    }
    return true
  }
}

/// The requests that were translated last, whose answers have to be translated back: also when they are sent again.
public struct EarlierRequests: Sendable {
  struct Request: Sendable {
    private let peer: Peer
    private let token: Token
    let path: EarlierPath
    private var name = InlineArray<64, UInt8>(repeating: 0)
    private var nameLength = 0

    fileprivate init(_ message: borrowing Message, _ path: EarlierPath, of peer: Peer) {
      self.peer = peer
      token = message.token
      self.path = path
      guard path == .pull, let pull = EarlierPull(message.payload) else { return }
      nameLength = min(name.count, pull.manifest.count)
      for index in 0..<nameLength { name[index] = pull.manifest[index] }
    }

    fileprivate func isFor(_ token: Token, of peer: Peer) -> Bool { self.token == token && self.peer == peer }

    /// Of a pull: the name of the manifest.
    var manifest: Span<UInt8> {
      @_lifetime(borrow self)
      get { name.span.extracting(0..<nameLength) }
    }
  }

  private var requests = InlineArray<8, Request?>(repeating: nil)
  private var next = 0
  /// Whether none is known.
  fileprivate private(set) var isEmpty = true

  public init() {}

  fileprivate mutating func note(_ message: borrowing Message, _ path: EarlierPath, of peer: Peer) {
    forget(message.token, of: peer)
    requests[next] = Request(message, path, of: peer)
    isEmpty = false
    next = (next + 1) % requests.count
  }

  /// A token that is used again may mean something else.
  fileprivate mutating func forget(_ token: Token, of peer: Peer) {
    guard !isEmpty else { return }
    isEmpty = true
    for index in requests.indices {
      if requests[index]?.isFor(token, of: peer) == true { requests[index] = nil }
      if requests[index] != nil { isEmpty = false }
    }
  }

  fileprivate mutating func find(_ token: Token, of peer: Peer) -> Request? {
    for index in requests.indices where requests[index]?.isFor(token, of: peer) == true {
      return requests[index]
    }
    return nil
  }
}

extension CBORReader {
  /// What stands under `result` in the map that comes next.
  fileprivate mutating func result() -> Int64? {
    var result: Int64?
    let count = (try? readMap()) ?? 0
    for _ in 0..<count {
      guard let name = try? readText() else { return nil }
      if name.holdsSameBytes(as: Field.result) {
        result = try? readInteger()
      } else if (try? skip()) == nil {
        return nil
      }
    }
    return result
  }

  /// Whether the state in the map that comes next is that of a run under way.
  fileprivate mutating func isActive() -> Bool {
    var isActive = false
    let count = (try? readMap()) ?? 0
    for _ in 0..<count {
      guard let name = try? readText() else { return false }
      if name.holdsSameBytes(as: Field.state), let state = try? readText() {
        isActive =
          state.holdsSameBytes(as: "running") || state.holdsSameBytes(as: "sleeping")
          || state.holdsSameBytes(as: "paused")
      } else if (try? skip()) == nil {
        return false
      }
    }
    return isActive
  }
}
