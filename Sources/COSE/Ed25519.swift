/// The layout of Ed25519 signatures. RFC 8032 §5.1.
public enum Ed25519 {
  /// R (32 bytes), then S (32 bytes, least significant first).
  public static var signatureByteCount: Int { 64 }

  /// Whether `signature` has 64 bytes and S is below the group order.
  ///
  /// Without this check S plus the group order would be a second signature of the same message. RFC 8032 §5.1.7
  /// demands it, but not every library obeys.
  public static func isCanonical(_ signature: Span<UInt8>) -> Bool {
    guard signature.count == signatureByteCount else { return false }
    for index in groupOrder.indices.reversed() {
      let digit = signature[32 + index]
      if digit != groupOrder[index] { return digit < groupOrder[index] }
    }
    return false
  }

  /// L = 2^252 + 27742317777372353535851937790883648493, least significant byte first. RFC 8032 §5.1.
  private static let groupOrder: InlineArray<32, UInt8> = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
  ]
}
