import Bytes
import CBOR
import COSE

/// A SUIT envelope, viewed in place. draft-ietf-suit-manifest-09 §8.2, -37 §8.2.
struct Envelope: ~Escapable {
  private let bytes: Span<UInt8>
  let profile: Profile
  /// Where the authentication wrapper's byte string begins.
  private let authenticationOffset: Int
  /// Where the manifest's byte string begins, and where it ends.
  private let manifest: Range<Int>
  /// The byte string of the text that was severed from the manifest, if it came along.
  private let text: Range<Int>?
  /// A payload that comes with the envelope or behind it.
  let image: Image?

  struct Image {
    /// Where the text of its key stands; `nil` for one behind the envelope.
    let name: Range<Int>?
    /// Where it begins, and how many bytes it has.
    let offset: Int
    let byteCount: UInt64
  }

  /// Where the manifest's byte string begins.
  var manifestOffset: Int { manifest.lowerBound }

  /// Proves the structure of the envelope itself; nothing wrapped is opened.
  ///
  /// - Parameters:
  ///   - bytes: the envelope.
  ///   - isPushed: whether an image follows, as the envelope's last member or behind it, in a byte string of which the head
  ///     has to be there; what has come of its content is not looked at.
  /// - Throws: ``SUITError``, also when the bytes are only the beginning of one.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, isPushed: Bool) throws(SUITError) {
    var reader = CBORReader(bytes)
    if !isPushed {
      do throws(CBORError) { try reader.checkWellFormed() } catch { throw SUITError(error) }
    }
    let isTagged = try reader.type() == .tag
    if isTagged { try reader.tag(EnvelopeKey.tag) }
    var form: ManifestForm? = isTagged ? .suit : nil
    var authenticationOffset: Int?
    var manifest: Range<Int>?
    var image: Image?
    var text: Range<Int>?
    let count = try reader.map()
    for index in 0..<count {
      let keyOffset = reader.offset
      guard try reader.type() != .text else {
        guard form == .suit, image == nil, !isPushed || index == count - 1 else {
          throw SUITError(.unsupported, at: keyOffset)
        }
        let name = try reader.textString()
        image = try Self.readImage(&reader, name: reader.offset - name.count..<reader.offset, isPushed)
        continue
      }
      let key = try reader.key()
      let valueOffset = reader.offset
      switch key {
      case EnvelopeKey.authentication where authenticationOffset == nil:
        let wrapper = try reader.byteString()
        authenticationOffset = valueOffset
        form = form ?? Self.form(of: wrapper)
      case EnvelopeKey.manifest where manifest == nil:
        _ = try reader.byteString()
        guard authenticationOffset != nil else { throw SUITError(.signature, at: keyOffset) }
        manifest = valueOffset..<reader.offset
      case ManifestKey.text where form == .suit && text == nil:
        _ = try reader.byteString()
        text = valueOffset..<reader.offset
      default: throw SUITError(.unsupported, at: keyOffset, found: Int(clamping: key))
      }
    }
    guard let authenticationOffset else { throw SUITError(.signature, at: 0) }
    guard let manifest else { throw SUITError(.malformed, at: 0) }
    self.bytes = bytes
    profile = Profile(form ?? .riot)
    self.authenticationOffset = authenticationOffset
    self.manifest = manifest
    self.image = isPushed && image == nil ? try Self.readImage(&reader, name: nil, true) : image
    self.text = text
  }

  @inline(never)
  private static func readImage(
    _ reader: inout CBORReader, name: Range<Int>?, _ isPushed: Bool
  ) throws(SUITError) -> Image {
    var content = reader
    let byteCount = try content.byteStringHead()
    let offset = content.offset
    if !isPushed { try reader.pass() }
    return Image(name: name, offset: offset, byteCount: byteCount)
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
    var wrapper = CBORReader(bytes, from: authenticationOffset)
    var entries = try wrapper.wrapped()
    let entriesOffset = entries.offset
    var count = try entries.array()
    // In the current form the digest stands first, and the signatures cover it from outside.
    var digest: Span<UInt8>?
    if profile.form == .suit {
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
          guard profile.form == .riot else { continue }
          payload = attached
        } else {
          guard let digest else { continue }
          payload = digest
        }
        guard signed == nil, profile.isEd25519(algorithm) else { continue }
        for index in keys.indices where message.isSigned(by: keys[index], over: payload, using: C.self) {
          signed = payload
          break
        }
      } catch { throw SUITError(error) }
      guard entry.isAtEnd else { throw SUITError(.malformed, at: entry.offset) }
    }
    guard let signed else { throw SUITError(.signature, at: entriesOffset) }
    guard isDigest(signed, of: manifest, using: C.self) else {
      throw SUITError(.manifestDigest, at: manifestOffset)
    }
    if let text { try checkText(text, using: C.self) }
  }

  /// Text that came along must be what the manifest holds the digest of, though nothing rests on it.
  private func checkText<C: Cryptography>(_ text: Range<Int>, using _: C.Type) throws(SUITError) {
    var outer = CBORReader(bytes, from: manifestOffset)
    var members = try outer.wrapped()
    for _ in 0..<(try members.map()) {
      let isText = try members.key() == ManifestKey.text
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
      try writer.writeInteger(profile.sha256)
      try writer.writeBytes(digest.bytes.span)
    } catch {
      return false
    }
    return signed.holdsSameBytes(as: writer.written)
  }
}

extension CBORReader {
  /// A reader of the item that begins at `offset` of `envelope`.
  @_lifetime(copy envelope)
  init(_ envelope: Span<UInt8>, from offset: Int) {
    self.init(envelope.extracting(offset..<envelope.count), base: offset)
  }
}
