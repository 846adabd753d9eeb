import COSE
import JIT
import SlotStorage
import TestSupport

typealias Store = SlotStorage<3, SimulatedFlash>

/// What a slot of the tests holds: all of it follows from the number of its installation.
struct Expected: Equatable {
  var sequenceNumber: UInt32 = 0
  var image: [UInt8] = []
  var digest: UInt8 = 0
  var settings = StartSettings()

  /// The image with this sequence number: `size` bytes that are like no other's.
  static func program(_ sequenceNumber: UInt32, size: Int) -> Expected {
    Expected(
      sequenceNumber: sequenceNumber,
      image: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(sequenceNumber) &* 31 &+ $0 >> 8) },
      digest: UInt8(truncatingIfNeeded: sequenceNumber))
  }

  var emptied: Expected { Expected(sequenceNumber: sequenceNumber) }
}

/// One change of a slot.
enum Change {
  case install(slot: Int, size: Int)
  case erase(slot: Int)
  case set(slot: Int, StartSettings)

  var slot: Int {
    switch self {
    case .install(let slot, _), .erase(let slot), .set(let slot, _): slot
    }
  }

  /// What the slot holds afterwards.
  func result(after old: Expected) -> Expected {
    var new = old
    switch self {
    case .install(_, let size): new = .program(old.sequenceNumber + 1, size: size)
    case .erase: new = old.emptied
    case .set(_, let settings): new.settings = settings
    }
    return new
  }

  /// Makes the change in a store.
  func make(in store: inout Store, after old: Expected) throws(SlotStorageError) {
    switch self {
    case .install(let slot, _):
      let program = result(after: old)
      try store.install(
        program.image.span, digest: SHA256Digest(.init(repeating: program.digest)),
        sequenceNumber: program.sequenceNumber, in: slot)
    case .erase(let slot): try store.erase(slot)
    case .set(let slot, let settings): try store.set(settings, of: slot)
    }
  }
}

extension SlotStorage where slotCount == 3, Flash == SimulatedFlash {
  /// What the store says a slot holds.
  borrowing func contents(of slot: Int) throws -> Expected? {
    guard let stored = self[slot] else { return nil }
    var image = [UInt8](repeating: 0, count: stored.size)
    if !stored.isEmpty {
      var bytes = image.mutableSpan
      try readImage(of: slot, into: &bytes)
    }
    return Expected(
      sequenceNumber: stored.sequenceNumber, image: image, digest: stored.digest.bytes[0],
      settings: stored.settings)
  }
}

/// Changes of every kind, so many that every block has been used several times.
let scenario: [Change] = [
  .install(slot: 0, size: 100), .install(slot: 1, size: 300), .install(slot: 0, size: 150), .erase(slot: 1),
  .set(slot: 0, StartSettings(startsAtBoot: true, isolation: .checked)), .install(slot: 2, size: 1),
  .install(slot: 1, size: 129), .erase(slot: 2), .install(slot: 2, size: 128), .install(slot: 2, size: 256),
  .set(slot: 2, StartSettings(startsAtBoot: true, restart: .always, trigger: .every(milliseconds: 1000))),
  .erase(slot: 0), .install(slot: 0, size: 300),
  .install(slot: 0, size: 50), .install(slot: 0, size: 50), .install(slot: 0, size: 250),
  .set(
    slot: 1,
    StartSettings(
      isolation: .hardware, restart: .onFailure,
      trigger: .event(BoardEvent(device: 200, .below, -5)), milliseconds: 7, instructions: 0,
      helpers: .empty)),
  .install(slot: 1, size: 300), .erase(slot: 1),
  .install(slot: 1, size: 10), .install(slot: 2, size: 300), .install(slot: 2, size: 20),
]
