import Bytes
import COSE

/// What stands before a slot's image in storage. Fields are little endian:
///
///     0   magic, "uSLT"        16  sequence number (4)
///     4   version (2)          20  bytes of the image (4), 0 when the slot is empty
///     6   slot (1)             24  CRC-32 of the image (4)
///     7   settings (1)         28  SHA-256 of the image (32)
///     8   generation (8)       60  more settings (56)
///                              116 erased (8)
///                              124 CRC-32 of all before (4)
struct RecordHeader: Equatable, Sendable {
  static let magic: UInt32 = 0x544c_5375
  static let version: UInt16 = 1
  /// A multiple of what any flash programs at once.
  static var byteCount: Int { 128 }
  private static var checkedCount: Int { byteCount - 4 }

  var slot: Int
  var settings: StartSettings
  /// Rises with each record that is written, of whatever slot: the highest is the newest.
  var generation: UInt64
  var sequenceNumber: UInt32
  var imageSize: Int
  var imageCRC: UInt32
  var digest: SHA256Digest

  /// The header of a slot that never held anything.
  init(slot: Int) {
    self.slot = slot
    settings = StartSettings()
    generation = 0
    sequenceNumber = 0
    imageSize = 0
    imageCRC = 0
    digest = SHA256Digest(.init(repeating: 0))
  }

  /// Reads one; `nil` unless these bytes were written as one, and wholly.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count == Self.byteCount, bytes.littleEndian(at: 0, as: UInt32.self) == Self.magic,
      bytes.littleEndian(at: 4, as: UInt16.self) == Self.version,
      bytes.littleEndian(at: Self.checkedCount, as: UInt32.self)
        == bytes.extracting(0..<Self.checkedCount).crc32,
      let settings = StartSettings(flags: bytes[7], details: bytes.extracting(60..<116)),
      let digest = SHA256Digest(bytes.extracting(28..<60)),
      let imageSize = Int(exactly: bytes.littleEndian(at: 20, as: UInt32.self))
    else { return nil }
    slot = Int(bytes[6])
    self.settings = settings
    generation = bytes.littleEndian(at: 8)
    sequenceNumber = bytes.littleEndian(at: 16)
    self.imageSize = imageSize
    imageCRC = bytes.littleEndian(at: 24)
    self.digest = digest
  }

  /// The bytes of the header.
  var bytes: InlineArray<128, UInt8> {
    var result = InlineArray<128, UInt8>(repeating: 0xff)
    var writer = ByteWriter(result.mutableSpan)
    do throws(OutOfBounds) {
      try writer.writeLittleEndian(Self.magic)
      try writer.writeLittleEndian(Self.version)
      try writer.write(UInt8(slot))
      try writer.write(settings.flags)
      try writer.writeLittleEndian(generation)
      try writer.writeLittleEndian(sequenceNumber)
      try writer.writeLittleEndian(UInt32(imageSize))
      try writer.writeLittleEndian(imageCRC)
      try writer.write(digest.bytes.span)
      try settings.writeDetails(into: &writer)
    } catch {
      preconditionFailure("the fields take 116 bytes")
    }
    let crc = result.span.extracting(0..<Self.checkedCount).crc32
    for index in 0..<4 {
      result[Self.checkedCount + index] = UInt8(truncatingIfNeeded: crc >> (8 * UInt32(index)))
    }
    return result
  }
}
