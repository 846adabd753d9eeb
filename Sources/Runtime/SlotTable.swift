import Bytes
import Compartment
public import COSE
import SUIT
public import SlotStorage

/// The number of a program slot that exists.
public struct SlotNumber: Equatable, Sendable {
  public let index: Int

  /// `nil` when the device has no such slot.
  public init?(_ index: Int) {
    guard (0..<Limits.slots).contains(index) else { return nil }
    self.index = index
  }
}

/// What a slot holds, apart from the bytes.
public struct SlotRecord: Sendable {
  /// Bytes of the installed image; 0 when the slot is empty.
  public fileprivate(set) var size = 0
  /// Digest of the installed image, as the signed manifest gives it.
  public fileprivate(set) var digest = SHA256Digest(.init(repeating: 0))
  /// The highest sequence number ever installed here; it outlives an erasure, so that an old image cannot return.
  public fileprivate(set) var sequenceNumber: UInt32 = 0
  /// Changes with each installation and erasure: whoever kept something made from the image compares it.
  public fileprivate(set) var generation: UInt32 = 0
  /// Finished executions since the image was installed.
  public internal(set) var runs: UInt32 = 0

  /// How the program is to be run as long as nobody asks for something else.
  public fileprivate(set) var settings = StartSettings()
  /// Whether the slot came up empty because its stored image had been damaged.
  public fileprivate(set) var isDamaged = false

  public var isEmpty: Bool { size == 0 }
}

/// The installed images, and one spare region in which the next one is gathered.
///
/// A slot changes in one step: `install` makes the spare region the slot's and the
/// slot's old one the spare. Until then whatever happens to a transfer leaves the slot alone.
public struct SlotTable: ~Copyable {
  private var memory: Buffer
  /// The memory region of each slot, and that of none.
  private var regions: PerSlot<Int>
  private var spare = Limits.slots
  /// What each slot holds.
  public private(set) var records: PerSlot<SlotRecord>

  public init() {
    memory = Buffer(count: (Limits.slots + 1) * Limits.imageBytes, alignment: Limits.imageBytes)
    regions = InlineArray { $0 }
    records = InlineArray(repeating: SlotRecord())
  }

  // Reading an element of an array copies the whole array, unless the value it is in may change: so what only looks is `mutating`.

  public subscript(slot: SlotNumber) -> SlotRecord {
    mutating get { records[slot.index] }
  }

  mutating func isEmpty(_ slot: SlotNumber) -> Bool { records[slot.index].isEmpty }

  mutating func generation(of slot: SlotNumber) -> UInt32 { records[slot.index].generation }

  /// The installed image; empty when the slot is.
  @_lifetime(&self)
  public mutating func image(of slot: SlotNumber) -> Span<UInt8> {
    let range = range(ofRegion: regions[slot.index], count: records[slot.index].size)
    return memory.span.extracting(range)
  }

  /// The memory of the slot's image.
  mutating func region(of slot: SlotNumber) -> MemoryRegion {
    MemoryRegion(
      address: memory.address + UInt(regions[slot.index] * Limits.imageBytes), size: UInt(Limits.imageBytes))
  }

  /// The first `count` bytes of the spare region.
  @_lifetime(&self)
  mutating func candidate(count: Int) -> Span<UInt8> {
    let range = range(ofRegion: spare, count: count)
    return memory.span.extracting(range)
  }

  /// Puts `bytes` of the next image at `offset` of the spare region.
  mutating func writeCandidate(_ bytes: Span<UInt8>, at offset: Int) throws(OutOfBounds) {
    guard offset >= 0, offset <= Limits.imageBytes, bytes.count <= Limits.imageBytes - offset else {
      throw OutOfBounds(offset: offset, count: bytes.count, available: Limits.imageBytes)
    }
    let start = spare * Limits.imageBytes + offset
    var target = memory.mutableSpan
    for index in bytes.indices { target[start + index] = bytes[index] }
  }

  /// Makes the accepted image in the spare region the slot's.
  mutating func install(_ acceptance: Acceptance, settings: StartSettings, in slot: SlotNumber) {
    let freed = regions[slot.index]
    regions[slot.index] = spare
    spare = freed
    records[slot.index].size = acceptance.byteCount
    records[slot.index].digest = acceptance.digest
    records[slot.index].sequenceNumber = acceptance.sequenceNumber
    records[slot.index].settings = settings
    records[slot.index].isDamaged = false
    records[slot.index].generation &+= 1
    records[slot.index].runs = 0
  }

  /// Empties the slot. Its sequence number stays.
  mutating func erase(_ slot: SlotNumber) {
    records[slot.index].size = 0
    records[slot.index].digest = SHA256Digest(.init(repeating: 0))
    records[slot.index].generation &+= 1
    records[slot.index].runs = 0
    records[slot.index].settings = StartSettings()
    records[slot.index].isDamaged = false
  }

  mutating func set(_ settings: StartSettings, of slot: SlotNumber) {
    records[slot.index].settings = settings
  }

  /// Makes the slot what was stored of it; its image still has to be put into ``mutableRegion(of:)``.
  mutating func restore(_ stored: StoredSlot, in slot: SlotNumber) {
    records[slot.index].size = stored.size
    records[slot.index].digest = stored.digest
    records[slot.index].sequenceNumber = stored.sequenceNumber
    records[slot.index].settings = stored.settings
    records[slot.index].isDamaged = stored.isDamaged
  }

  /// Empties the slot because its image is not what was stored.
  mutating func dropDamaged(_ slot: SlotNumber) {
    erase(slot)
    records[slot.index].isDamaged = true
  }

  /// As many bytes as the slot's image has, for writing.
  @_lifetime(&self)
  mutating func mutableRegion(of slot: SlotNumber) -> MutableSpan<UInt8> {
    let range = range(ofRegion: regions[slot.index], count: records[slot.index].size)
    return memory.mutableSlice(range)
  }

  mutating func countRun(of slot: SlotNumber) {
    records[slot.index].runs &+= 1
  }

  private func range(ofRegion region: Int, count: Int) -> Range<Int> {
    let start = region * Limits.imageBytes
    return start..<start + count
  }
}
