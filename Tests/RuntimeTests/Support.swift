import Bytes
import CoAP
import Compartment
import Helpers
import Interpreter
import Platform
import SimulatedPeripherals
import Toolchain

@testable import Runtime

/// What surrounds the services of a test.
final class World {
  var microseconds: UInt64 = 5_000_000
  var console: [UInt8] = []

  var text: String { String(decoding: console, as: UTF8.self) }
}

struct TestBoard: Board {
  typealias Crypto = HostCryptography
  typealias Threads = CooperativeThreads

  static var name: StaticString { "test" }
  let world: World
  var peripherals = SimulatedPeripherals(course: .steady)

  func makeThreads(count: Int) -> CooperativeThreads { CooperativeThreads(count: count) }

  var now: Instant { Instant(milliseconds: world.microseconds / 1000) }
  var microseconds: UInt64 { world.microseconds }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    world.console += bytes.indices.map { bytes[$0] }
  }
}

/// The services and an arena, in which a test plays a program that calls them.
struct Caller: ~Copyable {
  /// Where the arguments that a test gives are, in an arena of 1024 bytes with one frame.
  static let size = 1024
  static let contextSize = 256

  let world = World()
  var services: Services<TestBoard>
  private var arena = Arena(size: Caller.size)
  private let rodata: Buffer

  init(rodata text: String = "constant\0") throws {
    services = Services(board: TestBoard(world: world))
    var rodata = Buffer(count: text.utf8.count)
    var bytes = rodata.mutableSpan
    for (index, byte) in text.utf8.enumerated() { bytes[index] = byte }
    self.rodata = rodata
    try arena.prepare(frames: 1, dataSize: 64, bssSize: 0, contextSize: Self.contextSize)
    services.begin(SlotNumber(1))
  }

  var start: UInt64 { arena.address }
  var end: UInt64 { arena.address + UInt64(Self.size) }
  var contextAddress: UInt64 { arena.contextAddress }
  var rodataAddress: UInt64 { UInt64(rodata.address) }

  /// Calls a helper; what it returns, or why it stopped the program.
  mutating func call(
    _ helper: Helper, _ r1: UInt64 = 0, _ r2: UInt64 = 0, _ r3: UInt64 = 0, _ r4: UInt64 = 0, _ r5: UInt64 = 0
  ) throws(HelperFault) -> UInt64 {
    try Self.call(
      helper, HelperArguments(r1: r1, r2: r2, r3: r3, r4: r4, r5: r5), &services, &arena, rodata)
  }

  // Takes the parts of `self` apart, so that some may be borrowed while others change.

  private static func call(
    _ helper: Helper, _ arguments: HelperArguments, _ services: inout Services<TestBoard>,
    _ arena: inout Arena, _ rodata: borrowing Buffer
  ) throws(HelperFault) -> UInt64 {
    var memory = arena.memory(rodata: rodata.span)
    return try services.call(helper, arguments, &memory)
  }

  private static func read(
    _ count: Int, at address: UInt64, _ arena: inout Arena, _ rodata: borrowing Buffer
  ) throws -> [UInt8] {
    let memory = arena.memory(rodata: rodata.span)
    let bytes = try memory.bytes(at: address, count: UInt64(count))
    return bytes.indices.map { bytes[$0] }
  }

  /// The fault of a call; `nil` when it returned.
  mutating func fault(
    _ helper: Helper, _ r1: UInt64 = 0, _ r2: UInt64 = 0, _ r3: UInt64 = 0, _ r4: UInt64 = 0, _ r5: UInt64 = 0
  ) -> HelperFault? {
    do throws(HelperFault) {
      _ = try call(helper, r1, r2, r3, r4, r5)
      return nil
    } catch { return error }
  }

  /// The result as C's `int`.
  mutating func signed(
    _ helper: Helper, _ r1: UInt64 = 0, _ r2: UInt64 = 0, _ r3: UInt64 = 0
  ) throws -> Int64 {
    Int64(bitPattern: try call(helper, r1, r2, r3))
  }

  mutating func write(_ bytes: [UInt8], at address: UInt64) throws {
    var memory = arena.memory(rodata: Span())
    var target = try memory.mutableBytes(at: address, count: UInt64(bytes.count))
    for index in bytes.indices { target[index] = bytes[index] }
  }

  mutating func write(_ text: String, at address: UInt64) throws {
    try write(Array(text.utf8) + [0], at: address)
  }

  mutating func read(_ count: Int, at address: UInt64) throws -> [UInt8] {
    try Self.read(count, at: address, &arena, rodata)
  }

  mutating func word(at address: UInt64) throws -> UInt32 {
    let bytes = try read(4, at: address)
    return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// All bytes of the arena.
  mutating func contents() throws -> [UInt8] { try read(Self.size, at: start) }

  /// Makes the program one that answers this request.
  mutating func answer(_ request: [UInt8], capacity: Int = 64, granting: HelperSet = .all) throws
    -> PacketWindow
  {
    let message = try Message(request.span)
    let packet = PacketWindow(answering: message, at: arena.contextAddress, capacity: capacity)
    var window = arena.context
    try packet.fill(&window, with: request.span, message)
    services.begin(SlotNumber(1), granting: granting, packet: packet)
    return packet
  }

  /// What the device would send.
  mutating func response(_ packet: PacketWindow, returned: UInt64) throws(PacketError) -> Answer {
    let window = arena.context
    let built = try packet.response(in: window.span, returned: returned)
    return Answer(
      code: built.response.code, contentFormat: built.response.contentFormat?.rawValue,
      maxAge: built.response.maxAge, payload: built.payload.indices.map { built.payload[$0] })
  }
}

struct Answer: Equatable {
  var code: Code
  var contentFormat: UInt16?
  var maxAge: UInt32?
  var payload: [UInt8]
}
