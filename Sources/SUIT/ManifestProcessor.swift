import Bytes
import CBOR
import COSE

/// A payload that a manifest wants fetched.
public struct PayloadFetch: Equatable, Sendable {
  /// The slot that the payload is meant for. What the slot holds stays until the manifest is accepted.
  public let slot: Int
  /// How many bytes the payload must have.
  public let byteCount: Int
  /// Whether it came with the envelope, so that there is nothing to fetch: ``ManifestProcessor/integratedPayload``.
  public let isIntegrated: Bool
  /// Where the URI stands in the envelope.
  let uri: Range<Int>
  /// Where the directive stands in the envelope.
  let commandOffset: Int
}

/// A payload that passed every check. Only the manifest processor makes one.
///
/// The holder commits it: slot content and sequence number change together or not at all.
public struct Acceptance: Equatable, Sendable {
  public let slot: Int
  /// To be stored for the slot.
  public let sequenceNumber: UInt32
  /// SHA-256 of the payload.
  public let digest: SHA256Digest
  /// Bytes of the payload.
  public let byteCount: Int

  init(slot: Int, sequenceNumber: UInt32, digest: SHA256Digest, byteCount: Int) {
    self.slot = slot
    self.sequenceNumber = sequenceNumber
    self.digest = digest
    self.byteCount = byteCount
  }
}

/// Judges one deployment at a time: an envelope, then the payload that it names.
///
/// Without clock, socket or storage. In order: `begin`, `receiveEnvelope` for each piece, `authenticate`, `process`;
/// then while `.fetch` is returned: `receivePayload` for each piece of `uri`'s content, and `resume` (or `fetchFailed`).
/// What is pushed, envelope and image in one, comes through `receivePushed` instead of `receiveEnvelope`.
/// Whatever throws ends the deployment; so does any call out of turn, with `.policy`. Nothing is committed here.
public struct ManifestProcessor<Primitives: Cryptography>: ~Copyable {
  public enum Step: Equatable, Sendable {
    case fetch(PayloadFetch)
    case accepted(Acceptance)
  }

  private enum Phase {
    case idle, receiving, authenticated, fetching
  }

  private var phase = Phase.idle
  /// What is fetched; of meaning only while that phase lasts.
  private var fetch = PayloadFetch(slot: 0, byteCount: 0, isIntegrated: false, uri: 0..<0, commandOffset: 0)
  private var buffer: Buffer
  private var envelopeByteCount = 0
  /// Of the envelope, once it is authenticated.
  private var layout = EnvelopeLayout()
  /// Whether an image follows the envelope, or is its last member.
  private var isPushed = false
  private var payloadHash = Primitives.Hash()
  private var payloadByteCount = 0

  /// Takes a buffer for envelopes of up to `envelopeCapacity` bytes.
  public init(envelopeCapacity: Int = 640) {
    buffer = Buffer(count: envelopeCapacity)
  }

  /// Forgets any deployment under way and waits for an envelope.
  public mutating func begin() {
    phase = .receiving
    envelopeByteCount = 0
    isPushed = false
  }

  /// Appends the next piece of the envelope. Throws `.tooLarge` if it does not fit.
  public mutating func receiveEnvelope(_ piece: Span<UInt8>) throws(SUITError) {
    try take(.receiving)
    guard piece.count <= buffer.count - envelopeByteCount else {
      throw SUITError(
        .tooLarge, at: envelopeByteCount, expected: buffer.count,
        found: envelopeByteCount + piece.count)
    }
    let start = envelopeByteCount
    var bytes = buffer.mutableSpan
    for index in piece.indices { bytes[start + index] = piece[index] }
    envelopeByteCount += piece.count
    phase = .receiving
  }

  /// Takes the next piece of what is pushed: an envelope of the current form whose last member is the image, or any
  /// envelope and behind it, as the next item of a CBOR sequence (RFC 8742), the image in a byte string.
  ///
  /// - Returns: where the image begins in the piece, once it does; `nil` while the envelope comes. Then `authenticate` and
  ///   `process` are due, and the rest of the piece is for `receivePayload`.
  public mutating func receivePushed(_ piece: Span<UInt8>) throws(SUITError) -> Int? {
    let start = envelopeByteCount
    let room = min(piece.count, buffer.count - start)
    try receiveEnvelope(piece.extracting(0..<room))
    guard let image = pushedImage else {
      // Whatever is wrong with it may be that not all has come; in a full buffer nothing more can.
      guard room == piece.count else {
        phase = .idle
        throw SUITError(
          .tooLarge, at: start, expected: buffer.count, found: start + piece.count)
      }
      return nil
    }
    isPushed = true
    envelopeByteCount = image.offset
    return image.offset - start
  }

  /// The image behind what has been received of an envelope, if that is all of it.
  private var pushedImage: EnvelopeLayout.Image? {
    mutating get {
      (try? Envelope(buffer.span.extracting(0..<envelopeByteCount), isPushed: true))?.layout.image
    }
  }

  /// Checks, once the envelope is complete, that a trusted key signed its manifest.
  public mutating func authenticate<D: SUITDevice & ~Copyable>(on device: borrowing D) throws(SUITError) {
    try take(.receiving)
    layout = try authenticated(by: device.trustedKeys)
    phase = .authenticated
  }

  /// Executes the authenticated manifest up to its fetch.
  public mutating func process<D: SUITDevice & ~Copyable>(on device: borrowing D) throws(SUITError) -> Step {
    try take(.authenticated)
    return try run(payload: nil, on: device)
  }

  /// The URI to fetch from; empty while there is nothing to fetch.
  public var uri: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      buffer.span.extracting(phase == .fetching ? fetch.uri : 0..<0)
    }
  }

  /// Counts and hashes the next piece of the payload. Throws `.size` at the first byte too many; a caller that writes
  /// a piece only after it was taken never writes beyond the image size.
  public mutating func receivePayload(_ piece: Span<UInt8>) throws(SUITError) {
    try take(.fetching)
    guard piece.count <= fetch.byteCount - payloadByteCount else {
      throw SUITError(
        .size, at: fetch.commandOffset, expected: fetch.byteCount,
        found: payloadByteCount + piece.count)
    }
    payloadHash.update(piece)
    payloadByteCount += piece.count
    phase = .fetching
  }

  /// Goes on after the whole payload was received.
  public mutating func resume<D: SUITDevice & ~Copyable>(on device: borrowing D) throws(SUITError) -> Step {
    try take(.fetching)
    guard payloadByteCount == fetch.byteCount else {
      throw SUITError(
        .size, at: fetch.commandOffset, expected: fetch.byteCount, found: payloadByteCount)
    }
    return try run(
      payload: ManifestRun.Payload(digest: payloadHash.finish(), byteCount: payloadByteCount), on: device)
  }

  /// Ends a deployment whose payload could not be had. Returns the reason to report.
  public mutating func fetchFailed() -> SUITError {
    do throws(SUITError) {
      try take(.fetching)
      return SUITError(.fetch, at: fetch.commandOffset)
    } catch {
      return error
    }
  }

  /// The payload that came with the envelope; empty unless that is to be received now.
  public var integratedPayload: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      guard phase == .fetching, !isPushed, fetch.isIntegrated, let image = layout.image else {
        return buffer.span.extracting(0..<0)
      }
      return buffer.span.extracting(image.offset..<image.offset + fetch.byteCount)
    }
  }

  /// Counts and hashes ``integratedPayload``, in place of `receivePayload`.
  public mutating func receiveIntegratedPayload() throws(SUITError) {
    let byteCount = integratedPayload.count
    try take(.fetching)
    var hash = payloadHash
    let start = layout.image?.offset ?? 0
    hash.update(buffer.span.extracting(start..<start + byteCount))
    payloadHash = hash
    payloadByteCount = byteCount
    phase = .fetching
  }

  /// What the envelope is, once one of `keys` proved to have signed it.
  private mutating func authenticated(by keys: Span<Ed25519PublicKey>) throws(SUITError) -> EnvelopeLayout {
    let envelope = try Envelope(
      buffer.span.extracting(0..<envelopeByteCount), isPushed: isPushed)
    try envelope.authenticate(by: keys, using: Primitives.self)
    return envelope.layout
  }

  private mutating func run<D: SUITDevice & ~Copyable>(
    payload: ManifestRun.Payload?, on device: borrowing D
  ) throws(SUITError) -> Step {
    var run = ManifestRun(
      buffer.span.extracting(0..<envelopeByteCount), profile: layout.profile,
      integratedName: layout.image?.name,
      payload: payload)
    try run.run(from: layout.manifestOffset, on: device)
    guard let fetch = run.pendingFetch else {
      return .accepted(try run.acceptance(manifestOffset: layout.manifestOffset))
    }
    if isPushed || fetch.isIntegrated { try check(fetch) }
    self.fetch = fetch
    phase = .fetching
    payloadHash = Primitives.Hash()
    payloadByteCount = 0
    return .fetch(fetch)
  }

  /// Refuses an image that came along but is not the one which the manifest wants.
  private mutating func check(_ fetch: PayloadFetch) throws(SUITError) {
    guard let image = layout.image, fetch.isIntegrated == (image.name != nil) else {
      throw SUITError(.fetch, at: fetch.commandOffset)
    }
    guard image.byteCount == fetch.byteCount else {
      throw SUITError(.size, at: fetch.commandOffset, expected: fetch.byteCount, found: image.byteCount)
    }
  }

  /// Enters a step that is allowed in `expected` only. The deployment is over unless the step sets a phase at its end.
  @inline(never)
  private mutating func take(_ expected: Phase) throws(SUITError) {
    let current = phase
    phase = .idle
    guard current == expected else { throw SUITError(.policy, at: 0) }
  }
}
