import Bytes
import Platform

extension SlotStorage {
  /// What became of an attempt to write a record.
  enum Attempt {
    case written
    /// The storage does not take or does not keep it.
    case refused
    /// What was to be copied is not what was written once.
    case sourceDamaged
  }

  // MARK: Where

  /// The first slot, from the place's first block on, whose record stands in one of its blocks.
  func slot(within place: Place) -> Int? {
    for index in 0..<place.count {
      if let slot = slot(at: block(place.block, after: index)) { return slot }
    }
    return nil
  }

  /// The first blocks from ``head`` on that no slot's record stands in.
  func freePlace(of count: Int) -> Place? {
    for index in 0..<flash.blockCount {
      let place = Place(block: block(head, after: index), count: count)
      if slot(within: place) == nil { return place }
    }
    return nil
  }

  private func slot(at block: Int) -> Int? {
    for slot in 0..<slotCount {
      guard let place = entries[slot].place else { continue }
      let distance = block - place.block
      if (distance < 0 ? distance + flash.blockCount : distance) < place.count { return slot }
    }
    return nil
  }

  // MARK: Writing

  /// Writes image and header to blocks that nothing needs. The record is the slot's from the moment its first header is complete,
  /// which is the last thing but one that is written; the second one is for the case that the first is damaged one day.
  func put(
    _ header: RecordHeader, _ image: Span<UInt8>, copiedFrom source: Place?, at place: Place
  ) -> Attempt {
    do throws(StorageError) {
      for index in 0..<place.count { try flash.erase(block: block(place.block, after: index)) }
      var crc = CRC32()
      var offset = 0
      while offset < header.imageSize {
        let target = piece(at: offset, of: header.imageSize, in: place)
        var bytes = InlineArray<128, UInt8>(repeating: 0xff)
        if let source {
          bytes = try read(at: piece(at: offset, of: header.imageSize, in: source).address)
        } else {
          for index in 0..<target.count { bytes[index] = image[offset + index] }
        }
        crc.update(bytes.span.extracting(0..<target.count))
        guard try program(bytes, at: target.address) else { return .refused }
        offset += target.count
      }
      guard header.imageSize == 0 || crc.value == header.imageCRC else { return .sourceDamaged }
      let address = place.block * flash.blockSize
      for copy in 0..<2 {
        guard try program(header.bytes, at: address + copy * RecordHeader.byteCount) else { return .refused }
      }
      return .written
    } catch {
      return .refused
    }
  }

  /// Programs bytes and reads them again.
  ///
  /// - Returns: whether they are there.
  private func program(_ bytes: InlineArray<128, UInt8>, at address: Int) throws(StorageError) -> Bool {
    try flash.program(at: address, bytes.span)
    return try read(at: address).span.holdsSameBytes(as: bytes.span)
  }
}
