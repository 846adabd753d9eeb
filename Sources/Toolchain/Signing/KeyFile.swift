import COSE
import Foundation

/// Keys as files: PKCS#8 for private keys, SubjectPublicKeyInfo for public keys, both PEM (RFC 7468, RFC 8410), as
/// OpenSSL and RIOT's tools write and read them. A public key may also be a file of its 32 bytes.
public enum KeyFile {
  /// A PEM block and the DER that stands before the 32 bytes of a key. RFC 8410 §4, §7.
  private struct Format {
    let label: String
    let prefix: [UInt8]

    static let privateKey = Format(
      label: "PRIVATE KEY",
      prefix: [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
      ])
    static let publicKey = Format(
      label: "PUBLIC KEY",
      prefix: [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00])
  }

  private static let keyByteCount = 32
  /// Larger files are no keys.
  private static let fileByteLimit = 64 * 1024

  public static func readPrivateKey(at path: String) throws(KeyFileError) -> SigningKey {
    let seed = try decode(try read(path), as: .privateKey, path: path)
    guard let key = SigningKey(seed: seed) else { throw KeyFileError(.notEd25519, path: path) }
    return key
  }

  /// Reads PEM or 32 raw bytes.
  public static func readPublicKey(at path: String) throws(KeyFileError) -> Ed25519PublicKey {
    let content = try read(path)
    let raw = content.count == keyByteCount ? content : try decode(content, as: .publicKey, path: path)
    return Ed25519PublicKey(InlineArray { raw[$0] })
  }

  /// Creates the file, readable by its owner only. Never overwrites: a lost private key cannot be had back.
  public static func write(_ key: SigningKey, to path: String) throws(KeyFileError) {
    try create(path, mode: 0o600, content: encode(key.seed, as: .privateKey))
  }

  /// Creates the file as PEM. Never overwrites.
  public static func write(_ key: Ed25519PublicKey, to path: String) throws(KeyFileError) {
    try create(path, mode: 0o644, content: encode([UInt8](key.bytes.span), as: .publicKey))
  }

  private static func encode(_ key: [UInt8], as format: Format) -> String {
    """
    -----BEGIN \(format.label)-----
    \(Data(format.prefix + key).base64EncodedString())
    -----END \(format.label)-----

    """
  }

  /// The 32 bytes inside the file's one PEM block.
  private static func decode(
    _ content: [UInt8], as format: Format, path: String
  ) throws(KeyFileError) -> [UInt8] {
    let lines = String(decoding: content, as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    let begin = "-----BEGIN "
    guard let first = lines.firstIndex(where: { $0.hasPrefix(begin) && $0.hasSuffix("-----") }) else {
      throw KeyFileError(.notPEM, path: path)
    }
    let label = String(lines[first].dropFirst(begin.count).dropLast(5))
    guard label != "ENCRYPTED PRIVATE KEY" else { throw KeyFileError(.encrypted, path: path) }
    guard label == format.label else {
      throw KeyFileError(.wrongLabel(expected: format.label, found: label), path: path)
    }
    guard let last = lines[first...].firstIndex(of: "-----END \(label)-----"),
      let der = Data(base64Encoded: lines[(first + 1)..<last].joined())
    else { throw KeyFileError(.notPEM, path: path) }
    guard der.starts(with: format.prefix), der.count == format.prefix.count + keyByteCount else {
      throw KeyFileError(.notEd25519, path: path)
    }
    return Array(der.dropFirst(format.prefix.count))
  }

  private static func read(_ path: String) throws(KeyFileError) -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw KeyFileError(.unreadable(errno: errno), path: path) }
    defer { fclose(file) }
    var content = [UInt8](repeating: 0, count: fileByteLimit + 1)
    let count = fread(&content, 1, content.count, file)
    guard ferror(file) == 0 else { throw KeyFileError(.unreadable(errno: errno), path: path) }
    guard count <= fileByteLimit else { throw KeyFileError(.notPEM, path: path) }
    return Array(content[..<count])
  }

  private static func create(_ path: String, mode: mode_t, content: String) throws(KeyFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, mode)
    guard descriptor >= 0 else {
      throw KeyFileError(errno == EEXIST ? .exists : .unwritable(errno: errno), path: path)
    }
    let bytes = Array(content.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else {
        let number = errno
        close(descriptor)
        unlink(path)
        throw KeyFileError(.unwritable(errno: number), path: path)
      }
      written += count
    }
    guard close(descriptor) == 0 else { throw KeyFileError(.unwritable(errno: errno), path: path) }
  }
}

/// What is wrong with a key file.
public struct KeyFileError: Error, Equatable, CustomStringConvertible {
  public enum Reason: Equatable, Sendable {
    case unreadable(errno: Int32)
    case unwritable(errno: Int32)
    case exists
    case notPEM
    case wrongLabel(expected: String, found: String)
    case encrypted
    case notEd25519
  }

  public let reason: Reason
  public let path: String

  init(_ reason: Reason, path: String) {
    self.reason = reason
    self.path = path
  }

  public var description: String {
    switch reason {
    case .unreadable(let number): "\(path): cannot be read: \(String(cString: strerror(number)))"
    case .unwritable(let number): "\(path): cannot be written: \(String(cString: strerror(number)))"
    case .exists: "\(path): exists already and is kept; choose another name or remove it first"
    case .notPEM: "\(path): is not a key in PEM form"
    case .wrongLabel(let expected, let found): "\(path): holds a \(found), expected a \(expected)"
    case .encrypted:
      "\(path): is encrypted with a password; decrypt a copy with `openssl pkey -in \(path) -out COPY`"
    case .notEd25519: "\(path): is not an Ed25519 key"
    }
  }
}
