import CoAP
public import CoAPTransport
import DeviceServer
import EarlierPaths
public import Platform
public import Runtime
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
  ///   - policy: what it grants to programs and to those who ask it.
  ///   - console: called with what its programs print.
  /// - Throws: ``SocketError`` when the port is taken or the address is not this machine's.
  public init(
    host: String = "::", port: UInt16, provisioning: Provisioning, course: Course? = nil,
    flash: FileFlash? = nil, policy: AccessPolicy = AccessPolicy(),
    console: @escaping @Sendable ([UInt8]) -> Void
  ) async throws(SocketError) {
    let alarm = Alarm()
    let socket = try await DatagramSocket.open(host: host, port: port, groups: AllCoAPNodes.all) {
      let course = course ?? Course(seed: provisioning.seed)
      return Engine(provisioning: provisioning, policy: policy) { button in
        LinuxBoard(course: course, flash: flash, button: button, console: console) { alarm.ring() }
      }
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
  private let button: RestartButton
  /// Called when a program wants something.
  private let wake: @Sendable () -> Void

  init(
    course: Course, flash: FileFlash? = nil, button: RestartButton = RestartButton(),
    console: @escaping @Sendable ([UInt8]) -> Void,
    wake: @escaping @Sendable () -> Void = {}
  ) {
    peripherals = SimulatedPeripherals(course: course)
    slotStorage = flash
    self.button = button
    self.console = console
    self.wake = wake
  }

  mutating func makeThreads(count: Int) -> LinuxThreads { LinuxThreads(count: count, wake: wake) }

  var now: Instant { Instant(milliseconds: Instant.now.milliseconds(since: start)) }

  var microseconds: UInt64 {
    let elapsed = (ContinuousClock.now - continuousStart).components
    return UInt64(clamping: elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000)
  }

  static var canRestart: Bool { true }

  mutating func restart() { button.press() }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    console(bytes.indices.map { bytes[$0] })
  }
}

/// What the board presses that wants to be started anew.
final class RestartButton: Sendable {
  private let state = Mutex(false)

  func press() { state.withLock { $0 = true } }

  /// Whether it was pressed since the last time.
  func release() -> Bool {
    state.withLock { state in
      defer { state = false }
      return state
    }
  }
}

/// The server on the socket's event loop.
private struct Engine: DatagramEngine, ~Copyable {
  private var server: DeviceServer<LinuxBoard>
  /// The server's time begins here, on the clock of the socket.
  private var start: Instant
  private var earlier = EarlierRequests()
  private let button = RestartButton()
  private let provisioning: Provisioning
  private let policy: AccessPolicy
  private let makeBoard: (RestartButton) -> LinuxBoard

  init(
    provisioning: Provisioning, policy: AccessPolicy, makeBoard: @escaping (RestartButton) -> LinuxBoard
  ) {
    self.provisioning = provisioning
    self.policy = policy
    self.makeBoard = makeBoard
    let board = makeBoard(button)
    start = board.start
    server = DeviceServer(board: board, provisioning: provisioning, policy: policy)
  }

  mutating func receive(_ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox) {
    var paths = EarlierPaths(network: sink, requests: earlier)
    var storage = InlineArray<1152, UInt8>(repeating: 0)
    var span = storage.mutableSpan
    switch paths.translate(datagram, from: peer, into: &span) {
    case .none: server.receive(datagram, from: peer, sink: &paths)
    case .rewritten(let count): server.receive(storage.span.extracting(0..<count), from: peer, sink: &paths)
    case .refused: break
    }
    while server.runPrograms(sink: &paths) {}
    sink = paths.network
    earlier = paths.requests
  }

  mutating func receiveMulticast(
    _ datagram: Span<UInt8>, from peer: Peer, at now: Instant, sink: inout Outbox
  ) {
    server.receive(datagram, from: peer, isMulticast: true, sink: &sink)
  }

  mutating func poll(at now: Instant, sink: inout Outbox) {
    var paths = EarlierPaths(network: sink, requests: earlier)
    server.poll(sink: &paths)
    while server.runPrograms(sink: &paths) {}
    sink = paths.network
    guard button.release() else { return }
    let board = makeBoard(button)
    start = board.start
    server = DeviceServer(board: board, provisioning: provisioning, policy: policy)
  }

  var nextDeadline: Instant? {
    mutating get { server.nextDeadline.map { $0 + start.milliseconds } }
  }
}
