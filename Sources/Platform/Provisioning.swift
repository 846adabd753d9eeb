public import Bytes
public import COSE
public import SUIT

/// Why a provisioning block cannot be used.
public enum ProvisioningError: Error, Equatable, Sendable {
  /// There is none: the magic number is missing.
  case absent
  /// A version this firmware does not know.
  case version(found: UInt16)
  case tooManyKeys(found: Int)
  /// It is cut off.
  case truncated(OutOfBounds)
  /// It was damaged on its way.
  case checksum(expected: UInt32, found: UInt32)
}

/// What makes a device this device: identity and the keys it trusts. Public facts only.
///
/// It is written once, apart from the firmware, to a place the board knows: a block of flash, or a file. Layout, little
/// endian: magic (4 bytes), version (2), number of keys (2), vendor id (16), class id (16), serial number (8), seed (8),
/// the keys (32 each), CRC-32 of all before (4).
public struct Provisioning: Sendable {
  /// "uBPF".
  public static let magic: UInt32 = 0x4650_4275
  public static let version: UInt16 = 1
  /// The most keys a device can be given.
  public static let keyLimit = 4
  /// Bytes of the largest block.
  public static let byteLimit = 56 + keyLimit * 32 + 4

  public var vendorID: UUIDBytes
  public var classID: UUIDBytes
  public var serialNumber: UInt64
  /// Differs between devices, and should between starts, so that message ids do not repeat. Not a secret.
  public var seed: UInt64
  private var keys = InlineArray<4, Ed25519PublicKey>(repeating: Ed25519PublicKey(.init(repeating: 0)))
  public private(set) var keyCount = 0

  public init(
    vendorID: UUIDBytes, classID: UUIDBytes, serialNumber: UInt64, seed: UInt64
  ) {
    self.vendorID = vendorID
    self.classID = classID
    self.serialNumber = serialNumber
    self.seed = seed
  }

  /// The keys whose signatures the device accepts.
  public var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    borrowing get { keys.span.extracting(0..<keyCount) }
  }

  public mutating func trust(_ key: Ed25519PublicKey) throws(ProvisioningError) {
    guard keyCount < Self.keyLimit else { throw .tooManyKeys(found: keyCount + 1) }
    keys[keyCount] = key
    keyCount += 1
  }

  /// Reads a block. What stands behind it, as in erased flash, is ignored.
  public init(_ block: Span<UInt8>) throws(ProvisioningError) {
    var reader = ByteReader(block)
    guard (try? reader.readLittleEndian(UInt32.self)) == Self.magic else { throw .absent }
    do throws(OutOfBounds) {
      try self.init(afterMagic: &reader, of: block)
    } catch {
      throw .truncated(error)
    }
    guard (try? block.loadLittleEndian(at: 4, as: UInt16.self)) == Self.version else {
      throw .version(found: (try? block.loadLittleEndian(at: 4)) ?? 0)
    }
    let count = Int((try? block.loadLittleEndian(at: 6, as: UInt16.self)) ?? 0)
    guard count <= Self.keyLimit else { throw .tooManyKeys(found: count) }
    let expected = block.extracting(0..<reader.offset).crc32
    let found = (try? reader.readLittleEndian(UInt32.self)) ?? ~expected
    guard expected == found else { throw .checksum(expected: expected, found: found) }
  }

  /// Reads the fields; of too many keys only the first.
  private init(afterMagic reader: inout ByteReader, of block: Span<UInt8>) throws(OutOfBounds) {
    _ = try reader.read(2)
    let count = Int(try reader.readLittleEndian(UInt16.self))
    let vendor = try reader.read(16)
    let classID = try reader.read(16)
    self.init(
      vendorID: UUIDBytes(InlineArray { vendor[$0] }), classID: UUIDBytes(InlineArray { classID[$0] }),
      serialNumber: try reader.readLittleEndian(), seed: try reader.readLittleEndian())
    while keyCount < min(count, Self.keyLimit) {
      let key = try reader.read(32)
      keys[keyCount] = Ed25519PublicKey(InlineArray { key[$0] })
      keyCount += 1
    }
  }

  /// Writes the block.
  public func write(into output: inout ByteWriter) throws(OutOfBounds) {
    try output.writeLittleEndian(Self.magic)
    try output.writeLittleEndian(Self.version)
    try output.writeLittleEndian(UInt16(keyCount))
    try output.write(vendorID.bytes.span)
    try output.write(classID.bytes.span)
    try output.writeLittleEndian(serialNumber)
    try output.writeLittleEndian(seed)
    for index in 0..<keyCount { try output.write(keys[index].bytes.span) }
    let checksum = output.written.crc32
    try output.writeLittleEndian(checksum)
  }
}
