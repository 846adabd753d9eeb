import Crypto
import SUIT
import Testing
import Toolchain

@Suite struct VectorVerdicts {
  /// The words of the vectors for the reasons.
  static let reasons: [String: SUITError.Reason] = [
    "too-large": .tooLarge, "malformed": .malformed, "unsupported": .unsupported, "signature": .signature,
    "manifest-digest": .manifestDigest, "version": .version, "sequence": .sequence, "vendor": .vendor,
    "class": .classID, "offset": .offset, "policy": .policy, "uri-too-long": .uriTooLong, "storage": .storage,
    "scheme": .scheme, "fetch": .fetch, "size": .size, "payload-digest": .payloadDigest,
    "incomplete": .incomplete,
  ]

  @Test func `all vectors are there`() {
    #expect(VectorSet.riot.file.vectors.count == 42)
    #expect(VectorSet.current.file.vectors.count == 15)
  }

  @Test(arguments: VectorSet.all) func `a deployment is judged as its vector says`(vector: Vector)
    throws
  {
    let payload = try vector.image
    let outcome = deploy(try vector.envelope, payload: payload, on: try vector.device())
    #expect(outcome.fetches <= vector.expected.maxFetches)
    switch outcome.result {
    case .success(let acceptance):
      #expect(vector.expected.outcome == "accept")
      #expect(acceptance.slot == vector.expected.slot)
      #expect(acceptance.sequenceNumber == vector.expected.sequenceAfter)
      #expect(acceptance.byteCount == payload?.count)
      #expect(payload.map { Array(SHA256.hash(data: $0)) } == copy(of: acceptance.digest.bytes.span))
    case .failure(let error):
      let words = [vector.expected.reason].compactMap(\.self) + (vector.expected.also ?? [])
      #expect(words.compactMap { Self.reasons[$0] }.contains(error.reason), "\(error)")
    }
  }

  @Test(arguments: [1, 2, 3, 7, 63, 1000, 5000])
  func `the size of the pieces changes nothing`(pieceSize: Int) throws {
    for vector in VectorSet.all {
      let envelope = try vector.envelope
      let payload = try vector.image
      let device = try vector.device()
      let whole = deploy(envelope, payload: payload, on: device)
      let pieces = deploy(envelope, payload: payload, on: device, pieceSize: pieceSize)
      // A payload or an envelope too long is noticed earlier in small pieces, so only the reason is the same.
      #expect(pieces.error?.reason == whole.error?.reason, "\(vector.name)")
      #expect((try? pieces.result.get()) == (try? whole.result.get()), "\(vector.name)")
    }
  }

  @Test func `a processor judges one deployment after another, whatever came before`() throws {
    var processor = ManifestProcessor<HostCryptography>()
    for vector in VectorSet.all + VectorSet.all.reversed() {
      let outcome = deploy(
        try vector.envelope, payload: try vector.image,
        on: try vector.device(), with: &processor)
      #expect((outcome.error == nil) == (vector.expected.outcome == "accept"), "\(vector.name)")
    }
  }
}
