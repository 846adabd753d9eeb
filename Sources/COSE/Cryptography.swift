import Bytes

/// The primitives that signed manifests rest on, as the world around provides them: one conformance per platform.
public protocol Cryptography {
  associatedtype Hash: SHA256

  /// Whether `signature` (64 bytes) is an Ed25519 signature of `message` under `publicKey`. RFC 8032 §5.1.7, pure
  /// Ed25519. Callers have made sure that S is below the group order.
  static func verifyEd25519(
    signature: Span<UInt8>, message: Span<UInt8>, publicKey: Ed25519PublicKey
  ) -> Bool
}

/// A running SHA-256. FIPS 180-4.
public protocol SHA256 {
  init()

  mutating func update(_ bytes: Span<UInt8>)

  /// The digest of everything given so far. Nothing may be added afterwards.
  mutating func finish() -> SHA256Digest
}

/// The 32 bytes of a SHA-256.
public struct SHA256Digest: Equatable, Sendable {
  public static var byteCount: Int { 32 }

  public let bytes: InlineArray<32, UInt8>

  public init(_ bytes: InlineArray<32, UInt8>) {
    self.bytes = bytes
  }

  /// Nil unless `bytes` are exactly 32.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = InlineArray { bytes[$0] }
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.span.holdsSameBytes(as: right.bytes.span)
  }
}

/// A public key as RFC 8032 §5.1.5 encodes it.
public struct Ed25519PublicKey: Equatable, Sendable {
  public static var byteCount: Int { 32 }

  public let bytes: InlineArray<32, UInt8>

  public init(_ bytes: InlineArray<32, UInt8>) {
    self.bytes = bytes
  }

  /// Nil unless `bytes` are exactly 32.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = InlineArray { bytes[$0] }
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.span.holdsSameBytes(as: right.bytes.span)
  }
}
