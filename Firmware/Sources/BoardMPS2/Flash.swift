import Platform
import _Volatile

/// Flash for program slots, played by the board's 16 MiB PSRAM: the board has none of its own that a processor can write.
///
/// The emulator keeps that memory in a file. It is read and written by the word, as flash is over its bus; what flash would
/// do to the bits happens here.
public struct SlotFlash: Storage {
  /// Of 4 KiB, as usual for NOR flash.
  public var blockSize: Int { 4096 }
  /// 256 KiB in all.
  public var blockCount: Int { 64 }
  public var programUnit: Int { 4 }

  /// Where the memory is depends on the processor in the board's FPGA.
  private let base: UInt

  public init() {
    base = Machine.isCortexM7 ? 0x6000_0000 : 0x2100_0000
  }

  public func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(StorageError) {
    let count = bytes.count
    try check(offset: offset, count: count)
    var raw = bytes.mutableBytes
    var index = 0
    while index < count {
      let place = offset + index
      if place & 3 == 0, count - index >= 4 {
        raw.storeBytes(of: word(at: place).load(), toByteOffset: index, as: UInt32.self)
        index += 4
      } else {
        let shift = UInt32(8 * (place & 3))
        raw.storeBytes(
          of: UInt8(truncatingIfNeeded: word(at: place & ~3).load() >> shift), toByteOffset: index,
          as: UInt8.self)
        index += 1
      }
    }
  }

  public func program(at offset: Int, _ bytes: Span<UInt8>) throws(StorageError) {
    try check(offset: offset, count: bytes.count, unit: programUnit)
    var index = 0
    while index < bytes.count {
      let value =
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
        | UInt32(bytes[index + 3]) << 24
      let target = word(at: offset + index)
      target.store(target.load() & value)
      index += 4
    }
  }

  public func erase(block: Int) throws(StorageError) {
    let start = block * blockSize
    try check(offset: start, count: blockSize, unit: blockSize)
    var offset = start
    while offset < start + blockSize {
      word(at: offset).store(.max)
      offset += 4
    }
  }

  private func word(at offset: Int) -> VolatileMappedRegister<UInt32> {
    VolatileMappedRegister(unsafeBitPattern: base + UInt(offset))
  }
}
