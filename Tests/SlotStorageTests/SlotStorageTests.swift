import COSE
import Platform
import SlotStorage
import TestSupport
import Testing

@Suite struct Slots {
  @Test func `a slot that never held anything is empty, whatever the flash holds`() throws {
    for byte: UInt8 in [0x00, 0xff, 0x5a] {
      let flash = SimulatedFlash()
      flash.contents = Array(repeating: byte, count: flash.byteCount)
      let store = try Store(flash, imageLimit: 300)
      for slot in 0..<3 { #expect(try store.contents(of: slot) == Expected()) }
      let noSlot = store[3] == nil && store[-1] == nil
      #expect(noSlot)
    }
  }

  @Test func `everything is there after a restart`() throws {
    let flash = SimulatedFlash()
    var expected = [Expected](repeating: Expected(), count: 3)
    for change in scenario + scenario + scenario {
      var store = try Store(flash, imageLimit: 300)
      try change.make(in: &store, after: expected[change.slot])
      expected[change.slot] = change.result(after: expected[change.slot])
      let again = try Store(flash.restarted(), imageLimit: 300)
      for slot in 0..<3 {
        #expect(try store.contents(of: slot) == expected[slot])
        #expect(try again.contents(of: slot) == expected[slot])
      }
    }
  }

  @Test func `a number that does not exceed the slot's is refused, also after an erasure`() throws {
    var store = try Store(SimulatedFlash(), imageLimit: 300)
    let digest = SHA256Digest(.init(repeating: 1))
    try store.install([1, 2, 3].span, digest: digest, sequenceNumber: 7, in: 1)
    try store.erase(1)
    for number: UInt32 in [0, 6, 7] {
      #expect(throws: SlotStorageError.sequenceNumber(stored: 7, offered: number)) {
        try store.install([1].span, digest: digest, sequenceNumber: number, in: 1)
      }
    }
    try store.install([1].span, digest: digest, sequenceNumber: .max, in: 1)
    try store.install([1].span, digest: digest, sequenceNumber: 1, in: 0)
  }

  @Test func `what cannot be stored is refused`() throws {
    var store = try Store(SimulatedFlash(), imageLimit: 300)
    let digest = SHA256Digest(.init(repeating: 1))
    #expect(throws: SlotStorageError.imageSize(301, limit: 300)) {
      try store.install([UInt8](repeating: 0, count: 301).span, digest: digest, sequenceNumber: 1, in: 0)
    }
    #expect(throws: SlotStorageError.imageSize(0, limit: 300)) {
      try store.install([UInt8]().span, digest: digest, sequenceNumber: 1, in: 0)
    }
    #expect(throws: SlotStorageError.imageSize(0, limit: 300)) {
      try store.set(StartSettings(startsAtBoot: true), of: 0)
    }
    for slot in [-1, 3] {
      #expect(throws: SlotStorageError.noSuchSlot(slot)) {
        try store.install([1].span, digest: digest, sequenceNumber: 1, in: slot)
      }
      #expect(throws: SlotStorageError.noSuchSlot(slot)) { try store.erase(slot) }
      #expect(throws: SlotStorageError.noSuchSlot(slot)) { try store.set(StartSettings(), of: slot) }
    }
  }

  @Test func `flash of a shape that does not do is refused`() {
    #expect(throws: SlotStorageError.geometry(blockSize: 256, programUnit: 1)) {
      _ = try Store(SimulatedFlash(blockSize: 256), imageLimit: 300)
    }
    #expect(throws: SlotStorageError.geometry(blockSize: 400, programUnit: 1)) {
      _ = try Store(SimulatedFlash(blockSize: 400), imageLimit: 300)
    }
    #expect(throws: SlotStorageError.geometry(blockSize: 384, programUnit: 3)) {
      _ = try Store(SimulatedFlash(programUnit: 3), imageLimit: 300)
    }
    #expect(throws: SlotStorageError.tooFewBlocks(found: 15, needed: 16)) {
      _ = try Store(SimulatedFlash(blockCount: 15), imageLimit: 300)
    }
  }

  @Test(arguments: 0..<10) func `the smallest flash takes any order of changes`(seed: UInt64) throws {
    var chance = Repeatable(seed: seed)
    var store = try Store(SimulatedFlash(blockCount: 16, programUnit: 16), imageLimit: 300)
    var expected = [Expected](repeating: Expected(), count: 3)
    for _ in 0..<200 {
      let change = Change.install(
        slot: Int.random(in: 0..<3, using: &chance), size: Int.random(in: 1...300, using: &chance))
      try change.make(in: &store, after: expected[change.slot])
      expected[change.slot] = change.result(after: expected[change.slot])
    }
    for slot in 0..<3 { #expect(try store.contents(of: slot) == expected[slot]) }
  }
}

@Suite struct Wear {
  /// Installs again and again in one slot of a device's flash while the other slots stay as they are.
  private func installations(_ count: Int, size: Int) throws -> SimulatedFlash {
    let flash = SimulatedFlash(blockSize: 4096, blockCount: 64)
    var store = try SlotStorage<5, SimulatedFlash>(flash, imageLimit: 4096)
    let digest = SHA256Digest(.init(repeating: 1))
    let image = [UInt8](repeating: 0x5a, count: size)
    for slot in 1..<5 { try store.install(image.span, digest: digest, sequenceNumber: 1, in: slot) }
    flash.programmed = 0
    flash.erasures = Array(repeating: 0, count: 64)
    for number in 1...count {
      try store.install(image.span, digest: digest, sequenceNumber: UInt32(number), in: 0)
    }
    return flash
  }

  @Test(arguments: [(1024, 1.05), (4096, 1.05)])
  func `every block is worn alike, and little more is written than what is stored`(size: Int, most: Double)
    throws
  {
    let count = 1200
    let flash = try installations(count, size: size)
    let least = try #require(flash.erasures.min())
    let highest = try #require(flash.erasures.max())
    #expect(Double(least) > 0.75 * Double(highest), "\(least) to \(highest) erasures")
    let amplification = Double(flash.programmed) / Double(count * (size + 256))
    #expect(amplification < most, "\(amplification) bytes for each one, \(least) to \(highest) erasures")
  }
}

@Suite struct Damage {
  private func filled() throws -> (flash: SimulatedFlash, slots: [Expected]) {
    let flash = SimulatedFlash()
    var store = try Store(flash, imageLimit: 300)
    var slots = [Expected](repeating: Expected(), count: 3)
    for change in scenario {
      try change.make(in: &store, after: slots[change.slot])
      slots[change.slot] = change.result(after: slots[change.slot])
    }
    return (flash, slots)
  }

  @Test func `one flipped bit is found, costs at most the program it is in, and never the sequence number`()
    throws
  {
    let (flash, slots) = try filled()
    var damagedBits = 0
    for bit in 0..<flash.byteCount * 8 where bit % 8 == bit / 8 % 8 {
      let other = flash.restarted()
      other.contents[bit / 8] ^= 1 << (bit % 8)
      var store = try Store(other, imageLimit: 300)
      var damaged = 0
      for slot in 0..<3 {
        let stored = try #require(store[slot])
        try #require(stored.sequenceNumber == slots[slot].sequenceNumber, "bit \(bit)")
        if stored.isDamaged {
          damaged += 1
          try #require(stored.isEmpty)
        } else {
          try #require(try store.contents(of: slot) == slots[slot], "bit \(bit)")
        }
      }
      try #require(damaged <= 1)
      damagedBits += damaged
      guard damaged == 1, bit % 64 == 0, let slot = (0..<3).first(where: { store[$0]?.isDamaged == true })
      else {
        continue
      }
      // The slot takes the next program.
      try Change.install(slot: slot, size: 100).make(in: &store, after: slots[slot])
      #expect(try store.contents(of: slot) == .program(slots[slot].sequenceNumber + 1, size: 100))
    }
    #expect(damagedBits == slots.reduce(0) { $0 + $1.image.count })
  }

  @Test func `an image that is damaged after the start is not handed out`() throws {
    let (flash, slots) = try filled()
    let store = try Store(flash, imageLimit: 300)
    let copies = flash.contents.ranges(of: slots[2].image)
    #expect(!copies.isEmpty)
    for copy in copies { flash.contents[copy.lowerBound] ^= 1 }
    #expect(throws: SlotStorageError.damaged(slot: 2)) { _ = try store.contents(of: 2) }
  }

  @Test func `blocks that are worn out are passed over until none are left`() throws {
    let flash = SimulatedFlash(blockCount: 24)
    var store = try Store(flash, imageLimit: 300)
    var expected = Expected()
    for block in stride(from: 0, to: 24, by: 5) { flash.wornBlocks.insert(block) }
    for _ in 0..<30 {
      try Change.install(slot: 0, size: 300).make(in: &store, after: expected)
      expected = Change.install(slot: 0, size: 300).result(after: expected)
    }
    flash.wornBlocks = Set(0..<24)
    #expect(throws: SlotStorageError.wornOut) {
      try Change.install(slot: 0, size: 300).make(in: &store, after: expected)
    }
    #expect(try store.contents(of: 0) == expected)
    let again = try Store(flash.restarted(), imageLimit: 300)
    #expect(try again.contents(of: 0) == expected)
  }
}
