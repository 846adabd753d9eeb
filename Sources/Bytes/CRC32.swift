/// The CRC of Ethernet and zip over bytes that come in pieces (polynomial 0x04C11DB7, reflected).
///
/// It finds accidents, such as flipped bits and writes that broke off; it is no protection against people.
public struct CRC32: Sendable {
  private var remainder: UInt32 = .max

  public init() {}

  /// Four bits at a time, with a table of 64 bytes.
  public mutating func update(_ bytes: Span<UInt8>) {
    let table: InlineArray<16, UInt32> = [
      0x0000_0000, 0x1db7_1064, 0x3b6e_20c8, 0x26d9_30ac, 0x76dc_4190, 0x6b6b_51f4, 0x4db2_6158, 0x5005_713c,
      0xedb8_8320, 0xf00f_9344, 0xd6d6_a3e8, 0xcb61_b38c, 0x9b64_c2b0, 0x86d3_d2d4, 0xa00a_e278, 0xbdbd_f21c,
    ]
    for index in bytes.indices {
      remainder ^= UInt32(bytes[index])
      remainder = remainder >> 4 ^ table[Int(remainder & 0xf)]
      remainder = remainder >> 4 ^ table[Int(remainder & 0xf)]
    }
  }

  /// The CRC of everything given so far.
  public var value: UInt32 { ~remainder }
}

extension Span<UInt8> {
  /// The ``CRC32`` of these bytes.
  public var crc32: UInt32 {
    var crc = CRC32()
    crc.update(self)
    return crc.value
  }
}
