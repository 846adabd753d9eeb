import Bytes
import COSE
import CoAP
import Platform
import SUIT
import SimulatedPeripherals

/// Cryptography that a fuzzer gets past: every signature is good, every digest is 32 zeros. Mutations so
/// reach what lies behind the checks; an envelope with another digest is refused as ever.
enum GullibleCryptography: Cryptography {
  struct Hash: SHA256 {
    mutating func update(_ bytes: Span<UInt8>) {}

    mutating func finish() -> SHA256Digest { SHA256Digest(InlineArray(repeating: 0)) }
  }

  static func verifyEd25519(
    signature: Span<UInt8>, message: Span<UInt8>, publicKey: Ed25519PublicKey
  ) -> Bool { true }
}

/// The time, moved on by the input.
final class Clock {
  var now = Instant(milliseconds: 1000)
}

/// A board with a clock and a console that nobody watches.
struct FuzzBoard: Board {
  typealias Crypto = GullibleCryptography
  typealias Threads = CooperativeThreads

  static var name: StaticString { "fuzz" }
  let clock: Clock
  var peripherals = SimulatedPeripherals(course: .scripted)

  func makeThreads(count: Int) -> CooperativeThreads { CooperativeThreads(count: count) }

  var now: Instant { clock.now }
  var microseconds: UInt64 { clock.now.milliseconds * 1000 }

  static var canRestart: Bool { true }

  mutating func writeConsole(_ bytes: Span<UInt8>) {}
}

/// A device of RIOT's class `native`, for which the SUIT vectors are made, with one key.
enum Identity {
  static let vendorID = UUIDBytes([
    0x54, 0x7d, 0x0d, 0x74, 0x6d, 0x3a, 0x5a, 0x92, 0x96, 0x62, 0x48, 0x81, 0xaf, 0xd9, 0x40, 0x7b,
  ])
  static let classID = UUIDBytes([
    0xbc, 0xc9, 0x09, 0x84, 0xfe, 0x7d, 0x56, 0x2b, 0xb4, 0xc9, 0xa2, 0x4f, 0x26, 0xa3, 0xa9, 0xcd,
  ])

  static func provisioning() -> Provisioning {
    var provisioning = Provisioning(vendorID: vendorID, classID: classID, serialNumber: 1, seed: 1)
    do throws(ProvisioningError) {
      try provisioning.trust(Ed25519PublicKey(InlineArray(repeating: 1)))
    } catch {
      preconditionFailure("one key has room")
    }
    return provisioning
  }
}

/// Keeps the last request that was sent, so that an input can answer it.
struct Wire: DatagramSink {
  private(set) var peer = Peer(ipv4: 0x0a00_0003, port: 5683)
  private(set) var messageID: [UInt8] = [0, 0]
  private(set) var token: [UInt8] = []

  mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    guard let message = try? Message(datagram), message.code.isRequest else { return }
    self.peer = peer
    messageID = [datagram[2], datagram[3]]
    token = (0..<message.token.count).map { datagram[4 + $0] }
  }

  /// Makes a datagram an answer to the last request: message id, and the token if it has one of that length.
  func address(_ datagram: inout [UInt8]) {
    guard datagram.count >= 4 else { return }
    datagram.replaceSubrange(2..<4, with: messageID)
    let end = 4 + token.count
    if Int(datagram[0] & 0xf) == token.count, datagram.count >= end {
      datagram.replaceSubrange(4..<end, with: token)
    }
  }
}
