import Bytes
public import COSE
import Platform

extension SlotStorage {
  /// Makes `image` the slot's. Returns when that is durable.
  ///
  /// - Parameters:
  ///   - image: from 1 byte to ``imageLimit``.
  ///   - digest: SHA-256 of the image.
  ///   - sequenceNumber: has to exceed the slot's.
  ///   - settings: how the program is to be run.
  ///   - slot: which slot.
  /// - Throws: ``SlotStorageError``; the slot holds what it held then.
  public mutating func install(
    _ image: Span<UInt8>, digest: SHA256Digest, sequenceNumber: UInt32,
    settings: StartSettings = StartSettings(), in slot: Int
  ) throws(SlotStorageError) {
    guard (0..<slotCount).contains(slot) else { throw .noSuchSlot(slot) }
    guard image.count > 0, image.count <= imageLimit else {
      throw .imageSize(image.count, limit: imageLimit)
    }
    let stored = entries[slot].header.sequenceNumber
    guard sequenceNumber > stored else { throw .sequenceNumber(stored: stored, offered: sequenceNumber) }
    var header = RecordHeader(slot: slot)
    header.settings = settings
    header.sequenceNumber = sequenceNumber
    header.imageSize = image.count
    header.imageCRC = image.crc32
    header.digest = digest
    try replace(header, image)
  }

  /// Empties the slot; its sequence number stays. Returns when that is durable.
  ///
  /// - Throws: ``SlotStorageError``; the slot holds what it held then.
  public mutating func erase(_ slot: Int) throws(SlotStorageError) {
    guard (0..<slotCount).contains(slot) else { throw .noSuchSlot(slot) }
    guard entries[slot].header.imageSize > 0 else { return }
    try replace(emptied(entries[slot].header), Span())
  }

  /// Changes how the slot's program is to be run. Returns when that is durable.
  ///
  /// - Throws: ``SlotStorageError``: of an empty slot ``SlotStorageError/imageSize(_:limit:)``; everything is as it was then.
  public mutating func set(_ settings: StartSettings, of slot: Int) throws(SlotStorageError) {
    guard let stored = self[slot] else { throw .noSuchSlot(slot) }
    guard !stored.isDamaged else { throw .damaged(slot: slot) }
    guard !stored.isEmpty, let place = entries[slot].place else { throw .imageSize(0, limit: imageLimit) }
    guard stored.settings != settings else { return }
    var header = entries[slot].header
    header.settings = settings
    try replace(header, Span(), copiedFrom: place)
  }

  /// What a slot's record becomes when its image goes.
  private func emptied(_ header: RecordHeader) -> RecordHeader {
    var emptied = RecordHeader(slot: header.slot)
    emptied.sequenceNumber = header.sequenceNumber
    return emptied
  }

  /// Writes the next record of a slot. If another slot's record stands in the way it is moved on, so that no block is spared
  /// for long.
  ///
  /// - Parameters:
  ///   - header: of the record; it gets its generation here.
  ///   - image: what stands behind it, unless
  ///   - source: is the record that has it.
  /// - Throws: ``SlotStorageError``; the slot holds what it held then.
  private mutating func replace(
    _ header: RecordHeader, _ image: Span<UInt8>, copiedFrom source: Place? = nil
  ) throws(SlotStorageError) {
    if let other = slot(within: Place(block: head, count: blocks(forImageOf: header.imageSize))),
      other != header.slot
    {
      move(other)
    }
    try write(header, image, copiedFrom: source)
  }

  /// Copies a slot's record to behind where it stands. Should that fail it stays where it is.
  private mutating func move(_ slot: Int) {
    let entry = entries[slot]
    guard let place = entry.place else { return }
    head = block(place.block, after: place.count)
    let header = entry.isDamaged ? emptied(entry.header) : entry.header
    do throws(SlotStorageError) {
      try write(header, Span(), copiedFrom: header.imageSize == 0 ? nil : place)
    } catch {}
  }

  /// Writes a record to the next place that takes it, and makes it the slot's.
  private mutating func write(
    _ header: RecordHeader, _ image: Span<UInt8>, copiedFrom source: Place?
  ) throws(SlotStorageError) {
    let count = blocks(forImageOf: header.imageSize)
    var header = header
    for _ in 0..<flash.blockCount {
      guard generation < .max, let place = freePlace(of: count) else { break }
      generation += 1
      header.generation = generation
      switch put(header, image, copiedFrom: source, at: place) {
      case .written:
        entries[header.slot] = Entry(header: header, place: place)
        head = block(place.block, after: count)
        return
      case .refused:
        // One of its blocks is worn out: the first is left out in this round.
        head = block(place.block, after: 1)
      case .sourceDamaged:
        throw .damaged(slot: header.slot)
      }
    }
    throw .wornOut
  }
}
