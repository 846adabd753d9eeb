import Bytes
public import COSE
public import Platform

/// Why the store did not do what it was asked. What it holds is as it was.
public enum SlotStorageError: Error, Equatable, Sendable {
  /// These blocks are of no use: too small for headers and a part of an image, or of odd units.
  case geometry(blockSize: Int, programUnit: Int)
  /// There are too few blocks for so many slots and such images.
  case tooFewBlocks(found: Int, needed: Int)
  case noSuchSlot(Int)
  /// An image has no bytes, or more than the store was made for.
  case imageSize(Int, limit: Int)
  /// The number does not exceed the slot's.
  case sequenceNumber(stored: UInt32, offered: UInt32)
  /// The slot's image is not what was written.
  case damaged(slot: Int)
  /// No place was found that takes and keeps a record.
  case wornOut
  /// The storage said so when an image was read.
  case storage(StorageError)
}

/// What the store knows of a slot.
public struct StoredSlot: Equatable, Sendable {
  /// Bytes of the image; 0 when the slot is empty.
  public let size: Int
  /// SHA-256 of the image, as given when it was installed.
  public let digest: SHA256Digest
  /// The highest that was installed in this slot, whatever happened to the image since.
  public let sequenceNumber: UInt32
  public let settings: StartSettings
  /// Whether the slot had an image which is not what was written. It counts as empty.
  public let isDamaged: Bool

  public var isEmpty: Bool { size == 0 }
}

/// Program slots that survive: images, their digests, sequence numbers and settings, in raw flash.
///
/// A record with everything about a slot is written to blocks that nothing needs, and holds from the moment its header is
/// complete; the slot's old record is left behind. So power may fail anywhere: a slot holds what it held before, or what it was to
/// hold. Records go round over all blocks. `docs/storage.md` has the layout.
///
/// Memory is taken for the facts of each slot, and none later.
public struct SlotStorage<let slotCount: Int, Flash: Storage>: ~Copyable {
  let flash: Flash
  /// The largest image, in bytes.
  public let imageLimit: Int
  var entries: InlineArray<slotCount, Entry>
  /// The block at which to look for room first: the one behind the newest record.
  var head = 0
  /// Of the newest record.
  var generation: UInt64 = 0

  /// The newest record of a slot, and where it stands.
  struct Entry {
    var header: RecordHeader
    /// `nil` when nothing was ever written.
    var place: Place?
    var isDamaged = false
  }

  /// Blocks that follow each other; after the last comes the first.
  struct Place: Equatable {
    var block: Int
    var count: Int
  }

  /// At the start of each record's first block stand two equal headers; that place stays erased in its other blocks, so
  /// that nothing in an image is ever taken for a header.
  static var reservedBytes: Int { 2 * RecordHeader.byteCount }

  /// Finds what is stored. Nothing is written.
  ///
  /// - Parameters:
  ///   - flash: all of it becomes the store's.
  ///   - imageLimit: bytes of the largest image.
  /// - Throws: ``SlotStorageError/geometry(blockSize:programUnit:)``,
  ///   ``SlotStorageError/tooFewBlocks(found:needed:)``. Whatever the blocks hold is no reason to throw.
  public init(_ flash: Flash, imageLimit: Int) throws(SlotStorageError) {
    try Self.check(flash, imageLimit: imageLimit)
    self.flash = flash
    self.imageLimit = imageLimit
    entries = InlineArray { Entry(header: RecordHeader(slot: $0)) }
    for block in 0..<flash.blockCount {
      if let header = header(in: block) { adopt(header, in: block) }
    }
    for slot in 0..<slotCount where entries[slot].header.imageSize > 0 {
      entries[slot].isDamaged = !holdsImage(of: entries[slot])
    }
  }

  private static func check(_ flash: Flash, imageLimit: Int) throws(SlotStorageError) {
    let unit = flash.programUnit
    guard unit > 0, RecordHeader.byteCount % unit == 0, flash.blockSize % RecordHeader.byteCount == 0,
      flash.blockSize > Self.reservedBytes
    else { throw .geometry(blockSize: flash.blockSize, programUnit: unit) }
    // However the records lie, one of the gaps between them has room for another one.
    let largest = blocks(forImageOf: imageLimit, on: flash)
    let needed = slotCount * (2 * largest - 1) + 1
    guard flash.blockCount >= needed else {
      throw .tooFewBlocks(found: flash.blockCount, needed: needed)
    }
  }

  // MARK: Reading

  /// What is known of a slot; `nil` when there is no such slot.
  public subscript(slot: Int) -> StoredSlot? {
    guard (0..<slotCount).contains(slot) else { return nil }
    let entry = entries[slot]
    let isEmpty = entry.header.imageSize == 0 || entry.isDamaged
    return StoredSlot(
      size: isEmpty ? 0 : entry.header.imageSize,
      digest: isEmpty ? SHA256Digest(.init(repeating: 0)) : entry.header.digest,
      sequenceNumber: entry.header.sequenceNumber,
      settings: isEmpty ? StartSettings() : entry.header.settings, isDamaged: entry.isDamaged)
  }

  /// Reads a slot's image, which `bytes` has to be as long as.
  ///
  /// - Throws: ``SlotStorageError``; `bytes` holds anything then.
  public func readImage(of slot: Int, into bytes: inout MutableSpan<UInt8>) throws(SlotStorageError) {
    guard let stored = self[slot], let place = entries[slot].place else { throw .noSuchSlot(slot) }
    guard !stored.isDamaged else { throw .damaged(slot: slot) }
    guard bytes.count == stored.size else { throw .imageSize(bytes.count, limit: stored.size) }
    var offset = 0
    do throws(StorageError) {
      while offset < bytes.count {
        let piece = piece(at: offset, of: bytes.count, in: place)
        let stored = try read(at: piece.address)
        for index in 0..<piece.count { bytes[offset + index] = stored[index] }
        offset += piece.count
      }
    } catch {
      throw .storage(error)
    }
    guard bytes.span.crc32 == entries[slot].header.imageCRC else { throw .damaged(slot: slot) }
  }

  // MARK: Layout

  private var imageBytesPerBlock: Int { flash.blockSize - Self.reservedBytes }

  /// How many blocks a record takes.
  func blocks(forImageOf size: Int) -> Int {
    Self.blocks(forImageOf: size, on: flash)
  }

  private static func blocks(forImageOf size: Int, on flash: Flash) -> Int {
    let perBlock = flash.blockSize - reservedBytes
    return max(1, (size + perBlock - 1) / perBlock)
  }

  func block(_ block: Int, after count: Int) -> Int {
    (block + count) % flash.blockCount
  }

  /// The next bytes of an image, as many as a header has unless they are the last.
  func piece(at offset: Int, of size: Int, in place: Place) -> (address: Int, count: Int) {
    let (index, start) = offset.quotientAndRemainder(dividingBy: imageBytesPerBlock)
    let address = block(place.block, after: index) * flash.blockSize + Self.reservedBytes + start
    return (address, min(RecordHeader.byteCount, size - offset))
  }

  /// As many bytes as a header has.
  func read(at address: Int) throws(StorageError) -> InlineArray<128, UInt8> {
    var bytes = InlineArray<128, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    try flash.read(at: address, into: &span)
    return bytes
  }

  // MARK: Finding records

  /// The header of the record that begins in this block, if one does: the second copy counts when the first is damaged.
  private func header(in block: Int) -> RecordHeader? {
    for copy in 0..<2 {
      guard let bytes = try? read(at: block * flash.blockSize + copy * RecordHeader.byteCount),
        let header = RecordHeader(bytes.span), header.slot < slotCount, header.imageSize <= imageLimit
      else { continue }
      return header
    }
    return nil
  }

  private mutating func adopt(_ header: RecordHeader, in block: Int) {
    let place = Place(block: block, count: blocks(forImageOf: header.imageSize))
    if header.generation >= generation {
      generation = header.generation
      head = self.block(block, after: place.count)
    }
    let known = entries[header.slot]
    guard known.place == nil || known.header.generation < header.generation else { return }
    entries[header.slot] = Entry(header: header, place: place)
  }

  private func holdsImage(of entry: Entry) -> Bool {
    guard let place = entry.place else { return false }
    var crc = CRC32()
    var offset = 0
    do throws(StorageError) {
      while offset < entry.header.imageSize {
        let piece = piece(at: offset, of: entry.header.imageSize, in: place)
        crc.update(try read(at: piece.address).span.extracting(0..<piece.count))
        offset += piece.count
      }
    } catch {
      return false
    }
    return crc.value == entry.header.imageCRC
  }
}
