import Bytes
import CBOR
import COSE

/// A SUIT envelope, viewed in place. draft-ietf-suit-manifest-09 §8.2.
struct Envelope: ~Escapable {
  private let bytes: Span<UInt8>
  /// Where the authentication wrapper's byte string begins.
  private let authenticationOffset: Int
  /// Where the manifest's byte string begins, and where it ends.
  private let manifest: Range<Int>

  /// Where the manifest's byte string begins.
  var manifestOffset: Int { manifest.lowerBound }

  /// Proves the structure of the envelope itself; nothing wrapped is opened.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) throws(SUITError) {
    var reader = CBORReader(bytes)
    do throws(CBORError) { try reader.checkWellFormed() } catch { throw SUITError(error) }
    var authenticationOffset: Int?
    var manifest: Range<Int>?
    for _ in 0..<(try reader.map()) {
      let keyOffset = reader.offset
      let key = try reader.key()
      let valueOffset = reader.offset
      switch key {
      case EnvelopeKey.authentication:
        _ = try reader.byteString()
        authenticationOffset = valueOffset
      case EnvelopeKey.manifest:
        _ = try reader.byteString()
        guard authenticationOffset != nil else { throw SUITError(.signature, at: keyOffset) }
        manifest = valueOffset..<reader.offset
      default: throw SUITError(.unsupported, at: keyOffset, found: key)
      }
    }
    guard let authenticationOffset else { throw SUITError(.signature, at: 0) }
    guard let manifest else { throw SUITError(.malformed, at: 0) }
    self.bytes = bytes
    self.authenticationOffset = authenticationOffset
    self.manifest = manifest
  }

  /// Proves that one of `keys` signed the digest of the manifest.
  ///
  /// Every entry must have the structure of a COSE_Sign1; the first that verifies counts.
  func authenticate<C: Cryptography>(
    by keys: Span<Ed25519PublicKey>, profile: Profile, using _: C.Type
  ) throws(SUITError) {
    var wrapper = CBORReader(bytes, from: authenticationOffset)
    var entries = try wrapper.wrapped()
    let entriesOffset = entries.offset
    var signed: Span<UInt8>?
    for _ in 0..<(try entries.array()) {
      var entry = try entries.wrapped()
      do throws(CBORError) {
        let message = try Sign1(&entry)
        let algorithm = try message.algorithm()
        guard signed == nil, algorithm == profile.signatureAlgorithm, let payload = message.payload else {
          continue
        }
        for index in keys.indices where message.isSigned(by: keys[index], over: payload, using: C.self) {
          signed = payload
          break
        }
      } catch { throw SUITError(error) }
      guard entry.isAtEnd else { throw SUITError(.malformed, at: entry.offset) }
    }
    guard let signed else { throw SUITError(.signature, at: entriesOffset) }
    guard holdsManifestDigest(signed, profile: profile, using: C.self) else {
      throw SUITError(.manifestDigest, at: manifestOffset)
    }
  }

  /// Whether `payload` is the SUIT_Digest of the manifest's byte string, its head included, as a signer encodes it.
  private func holdsManifestDigest<C: Cryptography>(
    _ payload: Span<UInt8>, profile: Profile, using _: C.Type
  ) -> Bool {
    var hash = C.Hash()
    hash.update(bytes.extracting(manifest))
    let digest = hash.finish()
    var storage = InlineArray<48, UInt8>(repeating: 0)
    var writer = CBORWriter(storage.mutableSpan)
    do throws(OutOfBounds) {
      try writer.beginArray(2)
      try writer.writeInteger(profile.sha256)
      try writer.writeBytes(digest.bytes.span)
    } catch {
      return false
    }
    return payload.holdsSameBytes(as: writer.written)
  }
}

extension CBORReader {
  /// A reader of the item that begins at `offset` of `envelope`.
  @_lifetime(copy envelope)
  init(_ envelope: Span<UInt8>, from offset: Int) {
    self.init(envelope.extracting(offset..<envelope.count), base: offset)
  }
}
