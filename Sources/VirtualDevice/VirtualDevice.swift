import CoAP
public import CoAPTransport
import DeviceServer
public import Platform
public import SimulatedPeripherals
import Synchronization
import Toolchain

/// A device as a part of this process: the server of the boards, on a UDP socket of Linux.
public final class VirtualDevice: Sendable {
  private let socket: DatagramSocket<Engine>

  /// - Parameters:
  ///   - host: the local address; `::` takes every one.
  ///   - port: 0 takes a free one.
  ///   - provisioning: its identity and the keys it trusts.
  ///   - course: what its sensors measure; `nil` for what follows from the provisioning's seed.
  ///   - flash: where its slots are kept; `nil` has them empty at each start.
  ///   - console: called with what its programs print.
  /// - Throws: ``SocketError`` when the port is taken or the address is not this machine's.
  public init(
    host: String = "::", port: UInt16, provisioning: Provisioning, course: Course? = nil,
    flash: FileFlash? = nil, console: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(SocketError) {
    let alarm = Alarm()
    let socket = try await DatagramSocket.open(host: host, port: port) {
      let course = course ?? Course(seed: provisioning.seed)
      return Engine(
        board: LinuxBoard(course: course, flash: flash, console: console) { alarm.ring() },
        provisioning: provisioning)
    }
    self.socket = socket
    alarm.set { [weak self] in
      self?.socket.submit({ engine, now, sink in engine.poll(at: now, sink: &sink) }, orIfClosed: {})
    }
  }

  public var port: UInt16 { socket.port }

  public func close() async {
    await socket.close()
  }
}

/// What programs' threads ring, which may begin before the device has its socket.
private final class Alarm: Sendable {
  private let action = Mutex<(@Sendable () -> Void)?>(nil)

  func set(_ action: @escaping @Sendable () -> Void) {
    self.action.withLock { $0 = action }
  }

  func ring() {
    action.withLock { $0 }?()
  }
}

/// Linux as a board.
struct LinuxBoard: Board {
  typealias Crypto = HostCryptography
  typealias Threads = LinuxThreads

  static var name: StaticString { "linux" }
  var peripherals: SimulatedPeripherals
  /// When the device started, on the clock of its socket.
  let start = Instant.now
  private let continuousStart = ContinuousClock.now
  let slotStorage: FileFlash?
  let console: @Sendable ([UInt8]) -> Void
  /// Called when a program wants something.
  private let wake: @Sendable () -> Void

  init(
    course: Course, flash: FileFlash? = nil, console: @escaping @Sendable ([UInt8]) -> Void,
    wake: @escaping @Sendable () -> Void = {}
  ) {
    peripherals = SimulatedPeripherals(course: course)
    slotStorage = flash
    self.console = console
    self.wake = wake
  }

  mutating func makeThreads(count: Int) -> LinuxThreads { LinuxThreads(count: count, wake: wake) }

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
    while server.runPrograms(sink: &sink) {}
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    server.poll(sink: &sink)
    while server.runPrograms(sink: &sink) {}
  }

  var nextDeadline: Instant? {
    mutating get { server.nextDeadline.map { $0 + start.milliseconds } }
  }
}
