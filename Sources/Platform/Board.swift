public import COSE
public import CoAP

/// What the portable code needs of the machine it runs on: a clock, a console, cryptography, storage, peripherals, and
/// threads for programs.
///
/// The Linux device and each firmware have one; the code above is specialised over it. Sockets are not part of it:
/// whoever owns the socket hands datagrams in and takes them through a `DatagramSink`.
public protocol Board: ~Copyable {
  /// Hashes and signatures, by a library this machine has.
  associatedtype Crypto: Cryptography
  /// What programs run on.
  associatedtype Threads: ProgramThreads
  /// Where it keeps what outlives a restart.
  associatedtype Flash: Storage = NoStorage
  /// Sensors, actuators, pins, display and keypad.
  associatedtype Peripherals: PeripheralSet

  var peripherals: Peripherals { get set }

  /// What the board is called, for instance the name QEMU has for it.
  static var name: StaticString { get }

  /// Takes `count` threads; none has a program.
  mutating func makeThreads(count: Int) -> Threads

  /// Time since start; never goes back.
  var now: Instant { get }

  /// Time since start, as finely as the board can tell: for measuring what work costs.
  var microseconds: UInt64 { get }

  /// Where the program slots are kept; `nil` when they shall be empty after each start.
  var slotStorage: Flash? { get }

  /// Bytes of heap taken so far; `nil` where that is not known. After start it does not grow.
  var heapBytes: Int? { get }

  /// Whether it can ``restart()``.
  static var canRestart: Bool { get }

  /// Starts the machine anew, as if power had come back. May return before it does.
  mutating func restart()

  /// Puts bytes out to whoever watches the board. May drop them, may not wait long.
  mutating func writeConsole(_ bytes: Span<UInt8>)
}

extension Board where Self: ~Copyable {
  public var heapBytes: Int? { nil }
  public static var canRestart: Bool { false }
  public mutating func restart() {}
}

extension Board where Self: ~Copyable, Flash == NoStorage {
  public var slotStorage: NoStorage? { nil }
}
