public import COSE
import CSodium

/// Hashes and signatures by libsodium.
public enum Sodium: Cryptography {
  public struct Hash: SHA256 {
    private var state = sha256_state()

    public init() {
      sha256_start(&state)
    }

    public mutating func update(_ bytes: Span<UInt8>) {
      bytes.withUnsafeBufferPointer { sha256_update(&state, $0.baseAddress, UInt32($0.count)) }
    }

    public mutating func finish() -> SHA256Digest {
      var digest = InlineArray<32, UInt8>(repeating: 0)
      var span = digest.mutableSpan
      span.withUnsafeMutableBufferPointer { bytes in
        guard let start = bytes.baseAddress else { return }
        sha256_finish(&state, start)
      }
      return SHA256Digest(digest)
    }
  }

  public static func verifyEd25519(
    signature: Span<UInt8>, message: Span<UInt8>, publicKey: Ed25519PublicKey
  ) -> Bool {
    guard signature.count == Ed25519.signatureByteCount else { return false }
    return signature.withUnsafeBufferPointer { signature in
      message.withUnsafeBufferPointer { message in
        publicKey.bytes.span.withUnsafeBufferPointer { key in
          guard let signature = signature.baseAddress, let key = key.baseAddress else { return false }
          return ed25519_verify(signature, message.baseAddress, UInt32(message.count), key)
        }
      }
    }
  }
}
