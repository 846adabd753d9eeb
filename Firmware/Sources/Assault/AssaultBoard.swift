import CoAP
import CortexM
import Platform
import SimulatedPeripherals
import SodiumCryptography
import Threads

/// A board without network and storage, whose helpers do what they do on one with them.
struct AssaultBoard: Board {
  typealias Crypto = Sodium
  typealias Threads = ThumbThreads

  static var name: StaticString { "assault" }

  var peripherals = SimulatedPeripherals(course: .steady)
  var now: Instant { Instant(milliseconds: SysTick.milliseconds) }
  var microseconds: UInt64 { SysTick.microseconds }

  mutating func makeThreads(count: Int) -> ThumbThreads { ThumbThreads(count: count) }

  /// What forged code prints concerns nobody.
  mutating func writeConsole(_ bytes: Span<UInt8>) {}
}
