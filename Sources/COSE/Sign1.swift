import Bytes
import CBOR

/// A COSE_Sign1 message, viewed in place. RFC 9052 §4.2.
///
/// Signed manifests carry no external data, so the Sig_structure always has it empty.
public struct Sign1: ~Escapable {
  /// CBOR tag of a COSE_Sign1. RFC 9052 §2.
  public static var tag: UInt64 { 18 }

  /// Label of the header parameter alg. RFC 9052 §3.1.
  public static var algorithmHeader: Int64 { 1 }
  /// Label of the header parameter kid. RFC 9052 §3.1.
  public static var keyIdentifierHeader: Int64 { 4 }

  /// At the start of the encoded protected header.
  private let header: CBORReader
  /// Nil when the payload travels apart (null in the message).
  public let payload: Span<UInt8>?
  public let signature: Span<UInt8>

  /// The encoded protected header, as it stands in the message.
  public var protectedHeader: Span<UInt8> {
    @_lifetime(copy self)
    get { header.rest }
  }

  /// Reads the tagged message that stands next. The unprotected header is passed over: nothing rests on it.
  @_lifetime(copy reader)
  public init(_ reader: inout CBORReader) throws(CBORError) {
    try reader.readTag(Self.tag)
    try reader.readArray(of: 4)
    header = try reader.enterBytes()
    let unprotectedType = try reader.peekType()
    guard unprotectedType == .map else {
      throw CBORError(
        .wrongType, at: reader.offset, expected: Int(CBORType.map.rawValue),
        found: Int(unprotectedType.rawValue))
    }
    try reader.skip()
    if try reader.peekType() == .bytes {
      payload = try reader.readBytes()
    } else {
      try reader.readNull()
      payload = nil
    }
    signature = try reader.readBytes()
  }

  /// The signature algorithm that the protected header names, nil if it names none or holds anything else than an
  /// algorithm and a key identifier: what is not understood cannot be relied upon.
  ///
  /// Throws when the header is neither empty nor one well-formed item.
  public func algorithm() throws(CBORError) -> Int64? {
    guard !header.isAtEnd else { return nil }
    var header = header
    try header.checkWellFormed()
    guard try header.peekType() == .map else { return nil }
    var algorithm: Int64?
    for _ in 0..<(try header.readMap()) {
      guard let label = try header.readLabel() else { return nil }
      switch label {
      case Self.algorithmHeader:
        guard let value = try header.readLabel() else { return nil }
        algorithm = value
      case Self.keyIdentifierHeader: try header.skip()
      default: return nil
      }
    }
    return algorithm
  }

  /// Whether the signature is a canonical Ed25519 signature by `key` over the protected header and `payload`, which
  /// is the message's own or the one that travelled apart. A Sig_structure of more than 180 bytes counts as unsigned.
  public func isSigned<C: Cryptography>(
    by key: Ed25519PublicKey, over payload: Span<UInt8>, using _: C.Type
  ) -> Bool {
    guard Ed25519.isCanonical(signature) else { return false }
    var storage = InlineArray<180, UInt8>(repeating: 0)
    var writer = CBORWriter(storage.mutableSpan)
    do throws(OutOfBounds) {
      try writer.writeSignatureStructure(protectedHeader: protectedHeader, payload: payload)
    } catch {
      return false
    }
    return C.verifyEd25519(signature: signature, message: writer.written, publicKey: key)
  }
}

extension CBORReader {
  /// The next item if it is an integer of up to 64 bits with sign; any other is passed over.
  @inline(never)
  fileprivate mutating func readLabel() throws(CBORError) -> Int64? {
    if let label = try? readInteger() { return label }
    try skip()
    return nil
  }
}

extension CBORWriter {
  /// The bytes that a COSE_Sign1 signature covers, with empty external data. RFC 9052 §4.4, Sig_structure.
  public mutating func writeSignatureStructure(
    protectedHeader: Span<UInt8>, payload: Span<UInt8>
  ) throws(OutOfBounds) {
    try beginArray(4)
    try writeText("Signature1")
    try writeBytes(protectedHeader)
    try writeBytes(Span())
    try writeBytes(payload)
  }
}
