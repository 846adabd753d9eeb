import BoardMPS2
import CoAP
import CortexM
import SodiumCryptography
import DeviceConsole
import DeviceServer
import EarlierPaths
import Network
import Platform
import SimulatedPeripherals
import Threads

/// The emulated board as the portable code knows it.
struct MPS2: Board {
  typealias Crypto = Sodium
  typealias Threads = ThumbThreads

  static var name: StaticString { "mps2-an386" }

  var peripherals: SimulatedPeripherals

  var now: Instant { Instant(milliseconds: SysTick.milliseconds) }

  var slotStorage: SlotFlash? { SlotFlash() }

  var heapBytes: Int? { Processor.heapBytes }

  var microseconds: UInt64 { SysTick.microseconds }

  mutating func makeThreads(count: Int) -> ThumbThreads { ThumbThreads(count: count) }

  static var canRestart: Bool { true }

  mutating func restart() { Processor.reset() }

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    UART.write(bytes)
  }
}

/// The board's serial port, for its console.
struct SerialOutput: ConsoleOutput {
  mutating func write(_ bytes: Span<UInt8>) { UART.write(bytes) }
}

/// What is sent goes to the console if it is meant, is put in the words of the earlier system's tools if they asked, and leaves.
typealias MPS2Console = Console<EarlierPaths<UDPSink>, SerialOutput>

@main struct Main {
  static func main() {
    UART.start()
    faultConsole = UART.write
    SysTick.start(frequency: Clock.processor)
    let provisioning: Provisioning
    do throws(ProvisioningError) {
      provisioning = try Provisioning(ProvisioningBlock.bytes)
    } catch {
      halt("microbpf: this board is not provisioned, or its provisioning block is damaged\n")
    }
    Ethernet.start()
    guard
      Network.start(
        mac: Ethernet.address, seed: UInt32(truncatingIfNeeded: provisioning.seed), port: Peer.defaultPort,
        transmit: { frame, length in
          // SAFETY: lwIP's frame is valid during the call.
          Ethernet.transmit(UnsafeBufferPointer(start: frame, count: Int(length)).span)
        })
    else {
      halt("microbpf: the network could not be started\n")
    }
    // On the heap, as it is too large for the stack, and stays where it is.
    let server = UnsafeMutablePointer<DeviceServer<MPS2>>.allocate(capacity: 1)
    unsafe start(server, provisioning)
    UART.write("microbpf: ready\n")
    unsafe serve(&server.pointee)
  }

  @inline(never)
  private static func start(
    _ server: UnsafeMutablePointer<DeviceServer<MPS2>>, _ provisioning: Provisioning
  ) {
    // SAFETY: it has room for one.
    unsafe server.initialize(
      to: DeviceServer(
        board: MPS2(peripherals: SimulatedPeripherals(course: Course(seed: provisioning.seed))),
        provisioning: provisioning))
  }

  /// The main loop: everything that came in, everything that is due, then sleep until the next interrupt.
  static func serve(_ server: inout DeviceServer<MPS2>) -> Never {
    var sink = Console(network: EarlierPaths(network: UDPSink()), output: SerialOutput())
    sink.start()
    var frame = InlineArray<1514, UInt8>(repeating: 0)
    while true {
      Network.poll(at: server.now)
      while let length = receiveFrame(&frame) {
        Network.input(frame.span.extracting(0..<length))
        while Network.receive({ datagram, peer, isMulticast in
          receive(datagram, from: peer, isMulticast, &server, &sink)
        }) {}
      }
      while let byte = UART.read() { sink.type(byte) }
      while let length = nextDatagram(&sink, &frame) {
        server.receive(frame.span.extracting(0..<length), from: MPS2Console.peer, sink: &sink)
      }
      let isBusy = server.runPrograms(sink: &sink)
      if let deadline = server.nextDeadline, deadline <= server.now { server.poll(sink: &sink) }
      Processor.sleep { isBusy || Ethernet.hasFrame }
    }
  }

  /// Says why the board cannot serve, and sleeps.
  private static func halt(_ message: StaticString) -> Never {
    UART.write(message)
    while true { Processor.sleep { false } }
  }

  private static func receive(
    _ datagram: Span<UInt8>, from peer: Peer, _ isMulticast: Bool, _ server: inout DeviceServer<MPS2>,
    _ sink: inout MPS2Console
  ) {
    guard !isMulticast else {
      return server.receive(datagram, from: peer, isMulticast: true, sink: &sink)
    }
    var storage = InlineArray<512, UInt8>(repeating: 0)
    var span = storage.mutableSpan
    switch sink.network.translate(datagram, from: peer, into: &span) {
    case .none: server.receive(datagram, from: peer, sink: &sink)
    case .rewritten(let count):
      server.receive(storage.span.extracting(0..<count), from: peer, sink: &sink)
    case .refused: return
    }
  }

  /// What was typed, as a request.
  private static func nextDatagram(_ console: inout MPS2Console, _ frame: inout InlineArray<1514, UInt8>)
    -> Int?
  {
    var span = frame.mutableSpan
    return console.nextDatagram(into: &span)
  }

  private static func receiveFrame(_ frame: inout InlineArray<1514, UInt8>) -> Int? {
    var span = frame.mutableSpan
    return Ethernet.receive(into: &span)
  }
}
