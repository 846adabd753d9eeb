import BoardMPS2
import Bytes
import CoAP
import CortexM
import Network

/// Starts the stack over the board's Ethernet controller, which has been started.
func startNetwork(port: UInt16) -> Bool {
  Network.start(mac: Ethernet.address, seed: 1, port: port) { frame, length in
    // SAFETY: the stack lends the frame for the call.
    Ethernet.transmit(unsafe UnsafeBufferPointer(start: frame, count: Int(length)).span)
  }
}

/// Sends every datagram back to where it came from, until one says `quit`; that one is sent back too.
///
/// Ends with how much work each datagram was, as the emulator counts with `-icount shift=0`.
///
/// - Returns: whether the port could be bound.
func serveEcho() -> Bool {
  Ethernet.start()
  guard startNetwork(port: 7) else { return false }
  var frame = InlineArray<1514, UInt8>(repeating: 0)
  var isDone = false
  var datagrams: UInt64 = 0
  var busy: UInt64 = 0
  print("echo: ready")
  while !isDone {
    let start = SysTick.ticks
    Network.poll(at: Instant(milliseconds: SysTick.milliseconds))
    var span = frame.mutableSpan
    while let length = Ethernet.receive(into: &span) {
      Network.input(span.span.extracting(0..<length))
      while Network.receive({ datagram, peer, _ in
        var sink = UDPSink()
        sink.send(datagram, to: peer)
        datagrams += 1
        if datagram.holdsSameBytes(as: "quit") { isDone = true }
      }) {}
    }
    busy += SysTick.ticks - start
    Processor.sleep { isDone || Ethernet.hasFrame }
  }
  print("echo: ", terminator: "")
  print(datagrams, terminator: " datagrams, ")
  print(busy * 40 / datagrams, terminator: " instructions each, with what else was due\n")
  return true
}
