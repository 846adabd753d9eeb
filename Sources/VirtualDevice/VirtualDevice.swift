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
  ///   - flash: where its slots are kept; `nil` has them empty at each start.
  ///   - console: called with what its programs print.
  /// - Throws: ``SocketError`` when the port is taken or the address is not this machine's.
  public init(
    host: String = "::", port: UInt16, provisioning: Provisioning, flash: FileFlash? = nil,
    console: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(SocketError) {
    socket = try await DatagramSocket.open(host: host, port: port) {
      Engine(board: LinuxBoard(flash: flash, console: console), provisioning: provisioning)
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
  typealias Native = NoNativeProcessor

  static var name: StaticString { "linux" }
  /// When the device started, on the clock of its socket.
  let start = Instant.now
  private let continuousStart = ContinuousClock.now
  let slotStorage: FileFlash?
  let console: @Sendable ([UInt8]) -> Void

  init(flash: FileFlash? = nil, console: @escaping @Sendable ([UInt8]) -> Void) {
    slotStorage = flash
    self.console = console
  }

  var now: Instant { Instant(milliseconds: Instant.now.milliseconds(since: start)) }

  var microseconds: UInt64 {
    let elapsed = (ContinuousClock.now - continuousStart).components
    return UInt64(clamping: elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000)
  }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    console(bytes.indices.map { bytes[$0] })
  }
}

/// The server on the socket's event loop.
private struct Engine: DatagramEngine, ~Copyable {
  private var server: DeviceServer<LinuxBoard>
  /// The server's time begins here, on the clock of the socket.
  private let start: Instant

  init(board: LinuxBoard, provisioning: Provisioning) {
    start = board.start
    server = DeviceServer(board: board, provisioning: provisioning)
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    server.receive(datagram, from: peer, sink: &sink)
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    server.poll(sink: &sink)
  }

  var nextDeadline: Instant? {
    server.nextDeadline.map { $0 + start.milliseconds }
  }
}
