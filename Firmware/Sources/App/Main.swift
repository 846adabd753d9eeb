import BoardMPS2
import CoAP
import CortexM
import SodiumCryptography
import DeviceServer
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

  mutating func writeConsole(_ bytes: Span<UInt8>) {
    UART.write(bytes)
  }
}

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
    var sink = UDPSink()
    var frame = InlineArray<1514, UInt8>(repeating: 0)
    while true {
      Network.poll(at: server.now)
      while let length = receiveFrame(&frame) {
        Network.input(frame.span.extracting(0..<length))
        while Network.receive({ datagram, peer in server.receive(datagram, from: peer, sink: &sink) }) {}
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

  private static func receiveFrame(_ frame: inout InlineArray<1514, UInt8>) -> Int? {
    var span = frame.mutableSpan
    return Ethernet.receive(into: &span)
  }
}
