import Bytes
import CBOR
import COSE

/// A SUIT envelope, viewed in place. draft-ietf-suit-manifest-09 §8.2, -37 §8.2.
struct Envelope: ~Escapable {
  private let bytes: Span<UInt8>
  let layout: EnvelopeLayout

  /// Proves the structure of the envelope itself; nothing wrapped is opened.
  ///
  /// - Parameters:
  ///   - bytes: the envelope.
  ///   - isPushed: whether an image follows, as the envelope's last member or behind it, in a byte string of which the head
  ///     has to be there; what has come of its content is not looked at.
  /// - Throws: ``SUITError``, also when the bytes are only the beginning of one.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, isPushed: Bool) throws(SUITError) {
    layout = try Self.layout(of: bytes, isPushed)
    self.bytes = bytes
  }

  private static func layout(
    of bytes: Span<UInt8>, _ isPushed: Bool
  ) throws(SUITError) -> EnvelopeLayout {
    var reader = CBORReader(bytes)
    if !isPushed {
      do throws(CBORError) { try reader.checkWellFormed() } catch { throw SUITError(error) }
    }
    var layout = EnvelopeLayout()
    let isTagged = try reader.type() == .tag
    if isTagged { try reader.tag(EnvelopeKey.tag) }
    var form: ManifestForm? = isTagged ? .suit : nil
    let count = try reader.map()
    for index in 0..<count {
      let keyOffset = reader.offset
      guard try reader.type() != .text else {
        guard form == .suit, layout.image == nil, !isPushed || index == count - 1 else {
          throw SUITError(.unsupported, at: keyOffset)
        }
        let name = try reader.textString()
        layout.image = try readImage(&reader, name: reader.offset - name.count..<reader.offset, isPushed)
        continue
      }
      let key = try reader.key()
      let start = reader.offset
      switch Int64(key) {
      case EnvelopeKey.authentication where layout.authenticationOffset == 0:
        layout.authenticationOffset = start
        let wrapper = try reader.byteString()
        form = form ?? Self.form(of: wrapper)
      case EnvelopeKey.manifest where layout.manifest.isEmpty:
        _ = try reader.byteString()
        guard layout.authenticationOffset != 0 else { throw SUITError(.signature, at: keyOffset) }
        layout.manifest = start..<reader.offset
      case ManifestKey.text where form == .suit && layout.text.isEmpty:
        _ = try reader.byteString()
        layout.text = start..<reader.offset
      default: throw SUITError(.unsupported, at: keyOffset, found: key)
      }
    }
    guard layout.authenticationOffset != 0 else { throw SUITError(.signature, at: 0) }
    guard !layout.manifest.isEmpty else { throw SUITError(.malformed, at: 0) }
    layout.profile = Profile(form ?? .riot)
    if isPushed, layout.image == nil { layout.image = try readImage(&reader, name: nil, true) }
    return layout
  }

  @inline(never)
  private static func readImage(
    _ reader: inout CBORReader, name: Range<Int>?, _ isPushed: Bool
  ) throws(SUITError) -> EnvelopeLayout.Image {
    var content = reader
    let byteCount = try content.byteStringHead()
    let offset = content.offset
    if !isPushed { try reader.pass() }
    return EnvelopeLayout.Image(name: name, offset: offset, byteCount: byteCount)
  }

  /// An envelope without the tag is of the current form if the digest stands before the signatures, in a byte string of
  /// its own.
  private static func form(of wrapper: Span<UInt8>) -> ManifestForm {
    var entries = CBORReader(wrapper)
    guard let count = try? entries.readArray(), count > 0, let first = try? entries.readBytes(),
      !first.isEmpty
    else { return .riot }
    return first[0] == 0x82 ? .suit : .riot
  }

  /// Proves that one of `keys` signed the digest of the manifest.
  ///
  /// Every entry must have the structure of a COSE_Sign1; the first that verifies counts.
  func authenticate<C: Cryptography>(by keys: Span<Ed25519PublicKey>, using _: C.Type) throws(SUITError) {
    var wrapper = CBORReader(bytes, from: layout.authenticationOffset)
    var entries = try wrapper.wrapped()
    let entriesOffset = entries.offset
    var count = try entries.array()
    // In the current form the digest stands first, and the signatures cover it from outside.
    var digest: Span<UInt8>?
    if layout.profile.form == .suit {
      guard count > 0 else { throw SUITError(.malformed, at: entriesOffset) }
      count -= 1
      digest = try entries.byteString()
    }
    var signed: Span<UInt8>?
    for _ in 0..<count {
      var entry = try entries.wrapped()
      do throws(CBORError) {
        let message = try Sign1(&entry)
        let algorithm = try message.algorithm()
        let payload: Span<UInt8>
        if let attached = message.payload {
          guard layout.profile.form == .riot else { continue }
          payload = attached
        } else {
          guard let digest else { continue }
          payload = digest
        }
        guard signed == nil, layout.profile.isEd25519(algorithm) else { continue }
        for index in keys.indices where message.isSigned(by: keys[index], over: payload, using: C.self) {
          signed = payload
          break
        }
      } catch { throw SUITError(error) }
      guard entry.isAtEnd else { throw SUITError(.malformed, at: entry.offset) }
    }
    guard let signed else { throw SUITError(.signature, at: entriesOffset) }
    guard isDigest(signed, of: layout.manifest, using: C.self) else {
      throw SUITError(.manifestDigest, at: layout.manifestOffset)
    }
    if !layout.text.isEmpty { try checkText(layout.text, using: C.self) }
  }

  /// Text that came along must be what the manifest holds the digest of, though nothing rests on it.
  private func checkText<C: Cryptography>(_ text: Range<Int>, using _: C.Type) throws(SUITError) {
    var outer = CBORReader(bytes, from: layout.manifestOffset)
    var members = try outer.wrapped()
    for _ in 0..<(try members.map()) {
      let isText = Int64(try members.key()) == ManifestKey.text
      let start = members.offset
      try members.pass()
      guard isText else { continue }
      guard isDigest(bytes.extracting(start..<members.offset), of: text, using: C.self) else { break }
      return
    }
    throw SUITError(.manifestDigest, at: text.lowerBound)
  }

  /// Whether `signed` is the SUIT_Digest of these bytes of the envelope, as a signer encodes it: of a byte string with its
  /// head.
  private func isDigest<C: Cryptography>(
    _ signed: Span<UInt8>, of range: Range<Int>, using _: C.Type
  ) -> Bool {
    var hash = C.Hash()
    hash.update(bytes.extracting(range))
    let digest = hash.finish()
    var storage = InlineArray<48, UInt8>(repeating: 0)
    var writer = CBORWriter(storage.mutableSpan)
    do throws(OutOfBounds) {
      try writer.beginArray(2)
      try writer.writeInteger(layout.profile.sha256)
      try writer.writeBytes(digest.bytes.span)
    } catch {
      return false
    }
    return signed.holdsSameBytes(as: writer.written)
  }
}

/// Where the parts of an envelope stand in it. None of them begins at 0, where the envelope itself does.
struct EnvelopeLayout {
  var profile = Profile(.riot)
  /// Where the authentication wrapper's byte string begins.
  var authenticationOffset = 0
  /// The manifest's byte string.
  var manifest = 0..<0
  /// The byte string of the text that was severed from the manifest; empty if it did not come along.
  var text = 0..<0
  /// A payload that comes with the envelope or behind it.
  var image: Image?

  struct Image {
    /// Where the text of its key stands; `nil` for one behind the envelope.
    let name: Range<Int>?
    /// Where it begins, and how many bytes it has; at most the largest number there is.
    let offset: Int
    let byteCount: Int
  }

  /// Where the manifest's byte string begins.
  var manifestOffset: Int { manifest.lowerBound }
}
