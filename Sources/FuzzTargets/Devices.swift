import Bytes
import CoAP
import DeviceConsole
import DeviceServer
import EarlierPaths
import Platform

/// A screen that nobody watches.
private struct Nowhere: ConsoleOutput {
  mutating func write(_ bytes: Span<UInt8>) {}
}

/// A device as its board runs it: with a console, and with the earlier system's paths.
private struct WholeDevice: ~Copyable {
  private let clock = Clock()
  private var server: DeviceServer<FuzzBoard>
  var console = Console(network: EarlierPaths(network: Wire()), output: Nowhere())

  init() {
    server = DeviceServer(board: FuzzBoard(clock: clock), provisioning: Identity.provisioning())
  }

  mutating func wait(_ milliseconds: UInt64) {
    clock.now = clock.now + milliseconds
    server.poll(sink: &console)
    runPrograms()
  }

  mutating func receive(_ datagram: [UInt8], from peer: Peer, isMulticast: Bool) {
    var storage = InlineArray<512, UInt8>(repeating: 0)
    var span = storage.mutableSpan
    switch isMulticast ? .none : console.network.translate(datagram.span, from: peer, into: &span) {
    case .none: server.receive(datagram.span, from: peer, isMulticast: isMulticast, sink: &console)
    case .rewritten(let count):
      server.receive(storage.span.extracting(0..<count), from: peer, sink: &console)
    case .refused: break
    }
    runPrograms()
  }

  mutating func type(_ byte: UInt8) {
    console.type(byte)
    answerConsole()
  }

  /// Lets programs run, but not for ever.
  private mutating func runPrograms() {
    for _ in 0..<20 where !server.runPrograms(sink: &console) { break }
    answerConsole()
  }

  private mutating func answerConsole() {
    var storage = InlineArray<512, UInt8>(repeating: 0)
    for _ in 0..<20 {
      var span = storage.mutableSpan
      guard let length = console.nextDatagram(into: &span) else { return }
      server.receive(
        storage.span.extracting(0..<length), from: Console<EarlierPaths<Wire>, Nowhere>.peer, sink: &console)
      for _ in 0..<20 where !server.runPrograms(sink: &console) { break }
    }
  }

  /// Empties the slots, so that no program runs any more, and lets all time pass: nothing may be due for ever.
  mutating func finish() {
    for round in 0..<2000 {
      guard let deadline = server.nextDeadline else { return }
      clock.now = max(clock.now, deadline)
      wait(0)
      if round % 100 == 99 { eraseSlots(round) }
    }
    preconditionFailure("something is always due")
  }

  private mutating func eraseSlots(_ round: Int) {
    for slot in UInt8(0)..<5 {
      let path = Array("slots".utf8)
      // Not confirmable, with a message id of its own and the path as two options.
      let request: [UInt8] =
        [0x50, Code.delete.rawValue, UInt8(truncatingIfNeeded: round), 0xf0 | slot, 0xb5] + path
        + [0x01, UInt8(ascii: "0") + slot]
      receive(
        request, from: Peer(ipv4: 0x0a00_00ff, port: UInt16(truncatingIfNeeded: round)), isMulticast: false)
    }
  }
}

/// Bits 0 and 1 of a turn's control byte are the peer, of which the last asks by multicast.
func fuzzServer(_ bytes: Span<UInt8>) {
  var device = WholeDevice()
  var conversation = Conversation(bytes)
  while var turn = conversation.next() {
    device.wait(turn.pause)
    if turn.isAnswer { device.console.network.network.address(&turn.datagram) }
    let peer =
      turn.isAnswer ? device.console.network.network.peer : Peer(ipv4: UInt32(turn.control & 3), port: 5683)
    device.receive(turn.datagram, from: peer, isMulticast: turn.control & 0x83 == 3)
  }
  device.finish()
}

/// What is typed, but for bytes from 0x80 on: those let time pass.
func fuzzConsole(_ bytes: Span<UInt8>) {
  var device = WholeDevice()
  for index in bytes.indices {
    if bytes[index] < 0x80 {
      device.type(bytes[index])
    } else {
      device.wait(1 << UInt64(bytes[index] & 0xf))
    }
  }
  device.finish()
}
