import COSE
import TestSupport
import Testing

@testable import SlotStorage

@Suite struct ForeignContents {
  /// Flash that holds whole headers with any values, wherever one can be.
  private func flash(_ headers: [RecordHeader], at blocks: [Int]) -> SimulatedFlash {
    let flash = SimulatedFlash()
    for (header, block) in zip(headers, blocks) {
      let bytes = header.bytes
      for index in bytes.indices { flash.contents[block * flash.blockSize + index] = bytes[index] }
    }
    return flash
  }

  @Test func `the last generation there is ends in a refusal`() throws {
    var header = RecordHeader(slot: 1)
    header.generation = .max
    header.sequenceNumber = 7
    var store = try Store(flash([header], at: [17]), imageLimit: 300)
    #expect(try store.contents(of: 1) == Expected(sequenceNumber: 7))
    #expect(throws: SlotStorageError.wornOut) {
      try store.install([1].span, digest: SHA256Digest(.init(repeating: 0)), sequenceNumber: 8, in: 1)
    }
  }

  @Test func `headers of other slots and larger images are none`() throws {
    var other = RecordHeader(slot: 3)
    other.sequenceNumber = 5
    var large = RecordHeader(slot: 2)
    large.sequenceNumber = 5
    large.imageSize = 301
    let store = try Store(flash([other, large], at: [0, 5]), imageLimit: 300)
    for slot in 0..<3 { #expect(try store.contents(of: slot) == Expected()) }
  }

  @Test(arguments: 0..<300)
  func `whatever stands in the flash, the store starts and takes what there is room for`(
    seed: UInt64
  ) throws {
    var chance = Repeatable(seed: seed)
    var headers: [RecordHeader] = []
    for _ in 0..<18 where Bool.random(using: &chance) {
      var header = RecordHeader(slot: Int.random(in: 0..<4, using: &chance))
      header.generation = UInt64.random(in: 0...30, using: &chance)
      header.sequenceNumber = UInt32.random(in: 0...9, using: &chance)
      header.imageSize = chance.pick([0, 1, 128, 129, 300, 301, 1 << 31])
      header.settings = StartSettings(startsAtBoot: true, isolation: .hardware)
      headers.append(header)
    }
    let flash = flash(headers, at: Array(0..<18).shuffled(using: &chance))
    var store = try Store(flash, imageLimit: 300)
    for slot in 0..<3 {
      let stored = try #require(store[slot])
      do {
        try store.install(
          [1].span, digest: SHA256Digest(.init(repeating: 0)), sequenceNumber: stored.sequenceNumber + 1,
          in: slot)
      } catch SlotStorageError.wornOut {}
    }
    _ = try Store(flash.restarted(), imageLimit: 300)
  }
}
