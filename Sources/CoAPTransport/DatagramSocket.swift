public import CoAP
import NIOCore
import NIOPosix

/// What answers on a socket: a server, a client or both, around an `Endpoint`. It lives on the socket's event loop and
/// is never entered twice at a time.
public protocol DatagramEngine: ~Copyable, SendableMetatype {
  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox)
  /// The same for a datagram that was sent to a group. Without a method of its own an engine drops it.
  mutating func receiveMulticast(
    _ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox)
  /// Does what was due at ``nextDeadline``.
  mutating func poll(at now: Instant, sink: inout Outbox)
  /// When to poll next; `nil` if nothing is waiting.
  var nextDeadline: Instant? { mutating get }
  /// Nothing will be received, sent or polled any more. Does nothing unless the engine has its own.
  mutating func socketClosed()
}

extension DatagramEngine where Self: ~Copyable {
  public mutating func socketClosed() {}

  public mutating func receiveMulticast(
    _ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox
  ) {}
}

/// Datagrams that crossed a socket, in each direction.
public struct DatagramCounts: Equatable, Sendable {
  public var sent = 0
  public var received = 0

  public init(sent: Int = 0, received: Int = 0) {
    self.sent = sent
    self.received = received
  }

  public static func - (left: Self, right: Self) -> Self {
    Self(sent: left.sent - right.sent, received: left.received - right.received)
  }
}

/// Where an engine's datagrams go out. Valid only during the call it is passed to.
public struct Outbox: DatagramSink {
  private let context: ChannelHandlerContext
  private let isIPv6: Bool
  public fileprivate(set) var counts: DatagramCounts

  fileprivate init(context: ChannelHandlerContext, isIPv6: Bool, counts: DatagramCounts) {
    self.context = context
    self.isIPv6 = isIPv6
    self.counts = counts
  }

  public mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    guard let address = peer.socketAddress(forIPv6Socket: isIPv6) else { return }
    var buffer = context.channel.allocator.buffer(capacity: datagram.count)
    buffer.writeBytes(datagram.bytes)
    let envelope = AddressedEnvelope(remoteAddress: address, data: buffer)
    context.writeAndFlush(NIOAny(envelope), promise: nil)
    counts.sent += 1
  }
}

/// A UDP socket could not be opened.
public struct SocketError: Error, Sendable, CustomStringConvertible {
  public let host: String
  public let port: UInt16
  public let reason: String

  public var description: String { "cannot open UDP port \(port) on \(host): \(reason)" }
}

/// The socket has been closed.
public struct SocketClosed: Error, Equatable, Sendable {
  public init() {}
}

/// A UDP socket that runs a ``DatagramEngine``: passes datagrams in and out, and wakes it at its deadlines.
///
/// Time is the system's monotonic clock in milliseconds. ``close()`` ends it; nothing of it runs afterwards.
public final class DatagramSocket<Engine: DatagramEngine & ~Copyable>: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<EngineHandler<Engine>>
  /// The port the socket listens on.
  public let port: UInt16

  private init(channel: any Channel, handler: NIOLoopBound<EngineHandler<Engine>>, port: UInt16) {
    self.channel = channel
    self.handler = handler
    self.port = port
  }

  /// Opens a socket and starts the engine that `makeEngine` makes.
  ///
  /// - Parameters:
  ///   - host: the local address; `::` listens on every one, IPv4 included, and falls back to `0.0.0.0` on systems
  ///     without IPv6.
  ///   - port: 0 takes a free one.
  ///   - groups: the addresses of multicast groups to join, on every interface that takes part.
  ///   - makeEngine: called once, on the socket's event loop.
  /// - Returns: the open socket; it stays open until ``close()``.
  /// - Throws: ``SocketError`` when the address is not this machine's or the port is taken.
  public static func open(
    host: String = "::", port: UInt16 = 0, groups: [String] = [],
    makeEngine: @escaping @Sendable () -> Engine
  ) async throws(SocketError) -> DatagramSocket {
    do {
      return try await bind(host: host, port: port, groups: groups, makeEngine: makeEngine)
    } catch {
      guard host == "::",
        let socket = try? await bind(host: "0.0.0.0", port: port, groups: groups, makeEngine: makeEngine)
      else {
        throw SocketError(host: host, port: port, reason: "\(error)")
      }
      return socket
    }
  }

  private static func bind(
    host: String, port: UInt16, groups: [String], makeEngine: @escaping @Sendable () -> Engine
  ) async throws -> DatagramSocket {
    let address = try SocketAddress(ipAddress: host, port: Int(port))
    let isIPv6 = address.protocol == .inet6
    let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      // The longest UDP datagram: a shorter buffer would cut a longer one in silence.
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65536))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            EngineHandler(engine: makeEngine(), isIPv6: isIPv6))
        }
      }
      .bind(to: address)
      .get()
    if !groups.isEmpty { await channel.join(groups) }
    let handler = try await channel.eventLoop.submit {
      NIOLoopBound(
        try channel.pipeline.syncOperations.handler(type: EngineHandler<Engine>.self),
        eventLoop: channel.eventLoop)
    }.get()
    return DatagramSocket(
      channel: channel, handler: handler, port: UInt16(channel.localAddress?.port ?? Int(port)))
  }

  /// Runs `body` on the engine between two datagrams.
  public func perform<Result: Sendable>(
    _ body: @escaping @Sendable (inout Engine, Instant, inout Outbox) -> Result
  ) async throws(SocketClosed) -> Result {
    let handler = handler
    do {
      return try await channel.eventLoop.submit { try handler.value.perform(body) }.get()
    } catch {
      throw SocketClosed()
    }
  }

  /// Has `body` run on the engine between two datagrams, after what was submitted before it.
  public func submit(
    _ body: @escaping @Sendable (inout Engine, Instant, inout Outbox) -> Void,
    orIfClosed closed: @escaping @Sendable () -> Void
  ) {
    let handler = handler
    channel.eventLoop.execute {
      do throws(SocketClosed) {
        try handler.value.perform(body)
      } catch {
        closed()
      }
    }
  }

  /// Datagrams that crossed the socket so far.
  public func counts() async throws(SocketClosed) -> DatagramCounts {
    try await perform { _, _, outbox in outbox.counts }
  }

  /// Closes the socket and ends the engine. Closing twice does no harm.
  public func close() async {
    let handler = handler
    try? await channel.eventLoop.submit { handler.value.detach() }.get()
    try? await channel.close().get()
  }
}

/// The engine's place in the channel.
final class EngineHandler<Engine: DatagramEngine & ~Copyable>: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  private var engine: Engine
  private let isIPv6: Bool
  private var counts = DatagramCounts()
  private var context: ChannelHandlerContext?
  private var timer: (deadline: Instant, task: Scheduled<Void>)?

  init(engine: consuming Engine, isIPv6: Bool) {
    self.engine = engine
    self.isIPv6 = isIPv6
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    detach()
  }

  func channelInactive(context: ChannelHandlerContext) {
    detach()
  }

  /// Nothing enters the engine afterwards.
  func detach() {
    guard context != nil else { return }
    context = nil
    timer?.task.cancel()
    timer = nil
    engine.socketClosed()
  }

  func channelActive(context: ChannelHandlerContext) {
    // An engine may have something to do from the start.
    schedule()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    guard self.context != nil, let peer = Peer(envelope.remoteAddress) else { return }
    counts.received += 1
    let destination = (envelope.metadata?.packetInfo?.destinationAddress).flatMap(Peer.init)
    enter(context) { engine, now, outbox in
      let datagram = envelope.data.readableBytesUInt8Span
      if destination?.isMulticast ?? false {
        engine.receiveMulticast(datagram, from: peer, at: now, sink: &outbox)
      } else {
        engine.receive(datagram, from: peer, at: now, sink: &outbox)
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What the network says about an earlier datagram: the engine's time-outs deal with that.
  }

  func perform<Result>(_ body: (inout Engine, Instant, inout Outbox) -> Result) throws(SocketClosed) -> Result
  {
    guard let context else { throw SocketClosed() }
    return enter(context, body)
  }

  private func enter<Result>(
    _ context: ChannelHandlerContext, _ body: (inout Engine, Instant, inout Outbox) -> Result
  ) -> Result {
    var outbox = Outbox(context: context, isIPv6: isIPv6, counts: counts)
    let result = body(&engine, Instant.now, &outbox)
    counts = outbox.counts
    schedule()
    return result
  }

  private func schedule() {
    guard let context else { return }
    let deadline = engine.nextDeadline
    guard deadline != timer?.deadline else { return }
    timer?.task.cancel()
    timer = nil
    guard let deadline else { return }
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    let task = context.eventLoop.scheduleTask(deadline: deadline.systemTime) { handler.value.wake() }
    timer = (deadline, task)
  }

  private func wake() {
    timer = nil
    guard let context else { return }
    enter(context) { engine, now, outbox in engine.poll(at: now, sink: &outbox) }
  }
}

extension Instant {
  /// Now, on the system's monotonic clock: the time that engines on sockets are given.
  public static var now: Instant {
    Instant(milliseconds: NIODeadline.now().uptimeNanoseconds / 1_000_000)
  }

  /// `distantFuture` for instants beyond what the system's clock can express.
  var systemTime: NIODeadline {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? .distantFuture : .uptimeNanoseconds(nanoseconds)
  }
}
