import Bytes
import CoAP

/// An input as a sequence of datagrams. Each has a head of three bytes: a control byte and its length, little
/// endian.
///
/// Of the control byte, bits 0 to 2 are the sender (or what else the target makes of them), bits 3 to 6 the
/// time that passes before it in steps of a quarter of a second, doubled each; bit 7 makes it an answer to
/// the last request.
struct Conversation: ~Escapable {
  struct Turn {
    let control: UInt8
    var datagram: [UInt8]

    /// Milliseconds.
    var pause: UInt64 {
      let exponent = control >> 3 & 0xf
      return exponent == 0 ? 0 : 125 << UInt64(exponent)
    }

    var isAnswer: Bool { control & 0x80 != 0 }
  }

  private var reader: ByteReader

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    reader = ByteReader(bytes)
  }

  /// The last datagram may be cut off.
  mutating func next() -> Turn? {
    guard reader.remaining >= 3, let control = try? reader.readByte(),
      let length = try? reader.readLittleEndian(UInt16.self),
      let bytes = try? reader.read(min(Int(length), reader.remaining))
    else { return nil }
    return Turn(control: control, datagram: bytes.indices.map { bytes[$0] })
  }
}
