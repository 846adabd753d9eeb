import COSE
import Crypto

/// An Ed25519 private key. Only the host has one.
public struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// A new key from the system's random numbers.
  public init() {
    key = Curve25519.Signing.PrivateKey()
  }

  /// The key made from a 32-byte seed (RFC 8032 §5.1.5); nil if there are not 32 bytes.
  public init?(seed: [UInt8]) {
    guard seed.count == 32, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
      return nil
    }
    self.key = key
  }

  public var seed: [UInt8] { Array(key.rawRepresentation) }

  public var publicKey: Ed25519PublicKey {
    let raw = Array(key.publicKey.rawRepresentation)
    return Ed25519PublicKey(InlineArray { raw[$0] })
  }

  /// 64 bytes. Throws only if the crypto library fails.
  public func signature(for message: [UInt8]) throws -> [UInt8] {
    Array(try key.signature(for: message))
  }
}
