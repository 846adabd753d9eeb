import Bytes
import CBOR
import COSE

extension ManifestRun {
  /// The longest URI of a payload, in bytes.
  static var uriByteLimit: Int { 127 }

  /// Stops the run until the payload has been fetched.
  @inline(never)
  mutating func fetch<D: SUITDevice & ~Copyable>(
    at commandOffset: Int, on device: borrowing D
  ) throws(SUITError) {
    guard mayFetch, let slot else { throw SUITError(.policy, at: commandOffset) }
    let (uriOffset, sizeOffset) = (parameters.uri, parameters.imageSize)
    guard !isFetched, uriOffset != 0, sizeOffset != 0 else {
      throw SUITError(.malformed, at: commandOffset)
    }
    var reader = CBORReader(envelope, from: uriOffset)
    let uri = try reader.textString()
    let uriEnd = reader.offset
    reader = CBORReader(envelope, from: sizeOffset)
    let byteCount = try reader.unsigned()
    guard uri.count <= Self.uriByteLimit else {
      throw SUITError(
        .uriTooLong, at: uriOffset, expected: Self.uriByteLimit, found: uri.count)
    }
    guard byteCount <= device.slotByteCount else {
      throw SUITError(.storage, at: sizeOffset, expected: device.slotByteCount, found: byteCount)
    }
    let isIntegrated = try isIntegrated(uri, at: uriOffset)
    guard payload == nil else {
      isFetched = true
      return
    }
    pendingFetch = PayloadFetch(
      slot: slot, byteCount: byteCount, isIntegrated: isIntegrated, uri: uriEnd - uri.count..<uriEnd,
      commandOffset: commandOffset)
  }

  /// Whether the payload comes with the envelope, under the URI as its key (draft-ietf-suit-manifest-37 §8.5).
  private func isIntegrated(_ uri: Span<UInt8>, at offset: Int) throws(SUITError) -> Bool {
    guard profile.form == .suit, uri.begins(with: "#") else {
      guard uri.begins(with: "coap://") else { throw SUITError(.scheme, at: offset) }
      return false
    }
    guard let integratedName, envelope.extracting(integratedName).holdsSameBytes(as: uri) else {
      throw SUITError(.fetch, at: offset)
    }
    return true
  }

  /// Compares the payload with the digest that the manifest gives.
  @inline(never)
  mutating func matchImage(at commandOffset: Int) throws(SUITError) {
    let parameter = parameters.imageDigest
    guard isFetched, let payload, parameter != 0 else {
      throw SUITError(.malformed, at: commandOffset)
    }
    guard payload.digest == (try readDigest(at: parameter)) else {
      throw SUITError(.payloadDigest, at: parameter)
    }
    isVerified = true
  }

  /// The SUIT_Digest wrapped in the byte string at `offset`. draft-ietf-suit-manifest-09 §10.1.
  private func readDigest(at offset: Int) throws(SUITError) -> SHA256Digest {
    var outer = CBORReader(envelope, from: offset)
    var digest = try outer.wrapped()
    let arrayOffset = digest.offset
    guard try digest.array() == 2 else { throw SUITError(.malformed, at: arrayOffset) }
    let algorithmOffset = digest.offset
    let algorithm = try digest.integer()
    guard Int64(algorithm) == profile.sha256 else {
      throw SUITError(
        .unsupported, at: algorithmOffset, expected: Int(profile.sha256), found: algorithm)
    }
    let bytesOffset = digest.offset
    let bytes = try digest.byteString()
    guard let value = SHA256Digest(bytes) else {
      throw SUITError(
        .malformed, at: bytesOffset, expected: SHA256Digest.byteCount, found: bytes.count)
    }
    return value
  }
}

extension Span<UInt8> {
  func begins(with prefix: StaticString) -> Bool {
    let prefix = prefix.bytes
    return count >= prefix.count && extracting(0..<prefix.count).holdsSameBytes(as: prefix)
  }
}
