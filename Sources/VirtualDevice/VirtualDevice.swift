import CoAP
public import CoAPTransport
import DeviceServer
public import Platform
import Toolchain

/// A device as a part of this process: the server of the boards, on a UDP socket of Linux.
public final class VirtualDevice: Sendable {
  private let socket: DatagramSocket<Engine>

  /// - Parameters:
  ///   - host: the local address; `::` takes every one.
  ///   - port: 0 takes a free one.
  ///   - provisioning: its identity and the keys it trusts.
  ///   - console: called with what its programs print.
  /// - Throws: ``SocketError`` when the port is taken or the address is not this machine's.
  public init(
    host: String = "::", port: UInt16, provisioning: Provisioning,
    console: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(SocketError) {
    socket = try await DatagramSocket.open(host: host, port: port) {
      Engine(server: DeviceServer(board: LinuxBoard(console: console), provisioning: provisioning))
    }
  }

  public var port: UInt16 { socket.port }

  public func close() async {
    await socket.close()
  }
}

/// Linux as a board.
struct LinuxBoard: Board {
  typealias Crypto = HostCryptography

  static var name: StaticString { "linux" }
  private let start = ContinuousClock.now
  let console: @Sendable ([UInt8]) -> Void

  init(console: @escaping @Sendable ([UInt8]) -> Void) {
    self.console = console
  }

  var now: Instant {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Instant(milliseconds: UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000))
  }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    console(bytes.indices.map { bytes[$0] })
  }
}

/// The server on the socket's event loop.
private struct Engine: DatagramEngine, ~Copyable {
  var server: DeviceServer<LinuxBoard>
  /// The server's clock began with the device, the socket's with the machine.
  private var offset: UInt64?

  init(server: consuming DeviceServer<LinuxBoard>) {
    self.server = server
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    offset = now.milliseconds - server.now.milliseconds
    server.receive(datagram, from: peer, sink: &sink)
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    server.poll(sink: &sink)
  }

  var nextDeadline: Instant? {
    server.nextDeadline.map { $0 + (offset ?? 0) }
  }
}
