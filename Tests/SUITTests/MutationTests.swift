import COSE
import SUIT
import TestSupport
import Testing
import Toolchain

@Suite struct Mutations {
  static let good = VectorSet.all.filter { $0.expected.outcome == "accept" }

  @Test(arguments: good) func `every changed byte of a good envelope is refused`(vector: Vector) throws {
    let envelope = try vector.envelope
    let payload = try vector.image
    let device = try vector.device()
    for index in envelope.indices {
      for mask: UInt8 in [0x01, 0x20, 0xFF] {
        var changed = envelope
        changed[index] ^= mask
        let outcome = deploy(changed, payload: payload, on: device)
        if outcome.error == nil { #expect(isInsideASpareSignature(index, of: vector), "byte \(index)") }
      }
    }
  }

  /// One vector is signed twice, so either of its COSE messages, 113 bytes each, may be broken.
  func isInsideASpareSignature(_ index: Int, of vector: Vector) -> Bool {
    vector.name.hasSuffix("two-sig") && (5..<5 + 2 * 113).contains(index)
  }

  @Test(arguments: good) func `every beginning of a good envelope is malformed`(vector: Vector) throws {
    let envelope = try vector.envelope
    let device = try vector.device()
    for count in envelope.indices {
      let outcome = deploy(Array(envelope[..<count]), payload: nil, on: device)
      #expect(outcome.error?.reason == .malformed)
    }
  }

  @Test func `signed nonsense is judged without a trap, and only what was verified is accepted`() throws {
    var random = Repeatable(seed: 7)
    let manifest = CBORItem.map(Recipe().members).encoded
    let device = Recipe.device
    var accepted = 0
    for _ in 0..<5_000 {
      var changed = manifest
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed[index] = UInt8.random(in: 0...255, using: &random)
        case 1: changed[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: changed.remove(at: index)
        default: changed.insert(UInt8.random(in: 0...255, using: &random), at: index)
        }
      }
      var envelope = Envelope(manifest: changed)
      try envelope.sign(with: Recipe.key)
      let outcome = deploy(envelope.encoded, payload: Recipe.payload, on: device, pieceSize: 640)
      #expect(outcome.fetches <= 1)
      guard case .success(let acceptance) = outcome.result else { continue }
      accepted += 1
      #expect(outcome.fetches == 1)
      #expect(acceptance.byteCount == Recipe.payload.count)
      #expect(copy(of: acceptance.digest.bytes.span) == digest(of: Recipe.payload))
      #expect(acceptance.sequenceNumber > device.storedSequenceNumbers[acceptance.slot])
    }
    // Changes of policies, the URI's path, the number or the slot leave a good manifest: some must get through.
    #expect(accepted > 50)
  }

  @Test func `nonsense without a signature is judged without a trap`() {
    var random = Repeatable(seed: 8)
    for _ in 0..<5_000 {
      let envelope = (0..<Int.random(in: 0...100, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let outcome = deploy(envelope, payload: nil, on: Recipe.device)
      #expect(outcome.error != nil)
      #expect(outcome.fetches == 0)
    }
  }
}
