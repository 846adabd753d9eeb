import COSE
import Crypto

/// The primitives of manifests on a developer's machine.
public enum HostCryptography: Cryptography {
  public struct Hash: COSE.SHA256 {
    private var state = Crypto.SHA256()

    public init() {}

    public mutating func update(_ bytes: Span<UInt8>) {
      state.update(data: [UInt8](bytes))
    }

    public mutating func finish() -> COSE.SHA256Digest {
      let digest = Array(state.finalize())
      return COSE.SHA256Digest(InlineArray { digest[$0] })
    }
  }

  public static func verifyEd25519(
    signature: Span<UInt8>, message: Span<UInt8>, publicKey: Ed25519PublicKey
  ) -> Bool {
    guard
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: [UInt8](publicKey.bytes.span))
    else { return false }
    return key.isValidSignature([UInt8](signature), for: [UInt8](message))
  }
}

extension HostCryptography {
  /// SHA-256 in hexadecimal, as devices tell it of what they hold.
  public static func hexadecimalDigest(of bytes: [UInt8]) -> String {
    let digest = [UInt8](Hash.digest(of: bytes).bytes.span)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension COSE.SHA256 {
  /// The digest of `bytes`.
  static func digest(of bytes: [UInt8]) -> COSE.SHA256Digest {
    var hash = Self()
    hash.update(bytes.span)
    return hash.finish()
  }
}

extension Array<UInt8> {
  /// A copy of borrowed bytes.
  init(_ span: Span<UInt8>) {
    self = span.indices.map { span[$0] }
  }
}
