import Bytes
import CBOR

/// Where an image begins that is received behind its envelope, or as the envelope's last member.
struct PushedImage {
  /// Bytes of the buffer that are envelope: up to its end, or to the head of the image's byte string, that included.
  let envelopeByteCount: Int
  /// Where the image's first byte is.
  let imageOffset: Int
  /// Bytes of the image.
  let imageByteCount: UInt64
  /// Whether the image is a member of the envelope.
  let isIntegrated: Bool

  /// `nil` as long as too little has come to tell. Throws when no image can follow.
  init?(behind bytes: Span<UInt8>) throws(SUITError) {
    var reader = CBORReader(bytes)
    do throws(CBORError) {
      if try reader.peekType() == .tag { _ = try reader.readTag() }
      // The members are counted by hand: their bytes have not all come, which reading a map would refuse.
      let count = try reader.readMapHead()
      for index in 0..<count {
        guard try reader.peekType() == .text else {
          try reader.skip()
          try reader.skip()
          continue
        }
        let keyOffset = reader.offset
        _ = try reader.readText()
        imageByteCount = try reader.readBytesHead()
        guard index == count - 1 else { throw CBORError(.trailingBytes, at: keyOffset) }
        imageOffset = reader.offset
        envelopeByteCount = reader.offset
        isIntegrated = true
        return
      }
      envelopeByteCount = reader.offset
      imageByteCount = try reader.readBytesHead()
      imageOffset = reader.offset
      isIntegrated = false
    } catch {
      guard error.reason != .truncated else { return nil }
      throw SUITError(error)
    }
  }

  /// Refuses an image that is not the one which the manifest wants next.
  func check(against fetch: PayloadFetch) throws(SUITError) {
    guard isIntegrated == fetch.isIntegrated else { throw SUITError(.fetch, at: fetch.commandOffset) }
    guard imageByteCount == UInt64(fetch.byteCount) else {
      throw SUITError(
        .size, at: fetch.commandOffset, expected: Int64(fetch.byteCount),
        found: Int64(clamping: imageByteCount))
    }
  }
}
