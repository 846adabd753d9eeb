import COSE
import SUIT
import Testing
import Toolchain

/// A manifest of the current draft, good unless a test changes it.
private struct Draft {
  var install: [CBORItem] =
    [.integer(20), .map([(ParameterKey.uri, .text("coap://[fe80::1]/p"))])] + Recipe.fetch + Recipe.imageMatch
  var validate: [CBORItem] = Recipe.imageMatch
  var digest: [UInt8] = SUITTests.digest(of: Recipe.payload)
  var others: [(Int64, CBORItem)] = []

  var manifest: CBORItem {
    let parameters: [(Int64, CBORItem)] = [
      (ParameterKey.vendorID, .bytes(copy(of: Recipe.device.vendorID.bytes.span))),
      (ParameterKey.classID, .bytes(copy(of: Recipe.device.classID.bytes.span))),
      (ParameterKey.imageDigest, .wrapped(.array([.integer(-16), .bytes(digest)]))),
      (ParameterKey.imageSize, .integer(Int64(Recipe.payload.count))),
    ]
    let shared: [CBORItem] =
      [.integer(20), .map(parameters)] + Recipe.vendorIdentifier + Recipe.classIdentifier
    let common = CBORItem.map([
      (CommonKey.components, .array([.array([utf8("ram"), utf8("2")])])),
      (CommonKey.sequence, .wrapped(.array(shared))),
    ])
    let members: [(Int64, CBORItem)] = [
      (1, .integer(1)), (2, .integer(5)), (3, .wrapped(common)), (7, .wrapped(.array(validate))),
      (20, .wrapped(.array(install))),
    ]
    return .map(members + others)
  }

  func deploy(_ change: (inout Envelope) -> Void = { _ in }, payload: [UInt8]? = Recipe.payload) throws
    -> Outcome
  {
    var envelope = Envelope(manifest: manifest.encoded, form: .suit)
    change(&envelope)
    try envelope.sign(with: Recipe.key)
    return SUITTests.deploy(envelope.encoded, payload: payload, on: Recipe.device, capacity: 1024)
  }
}

@Suite struct CurrentForm {
  @Test func `install comes before validate, though it stands behind it`() throws {
    #expect(try Draft().deploy().error == nil)
  }

  @Test func `what a sequence changes is set again before the next`() throws {
    var draft = Draft()
    let other = CBORItem.wrapped(.array([.integer(-16), .bytes([UInt8](repeating: 0, count: 32))]))
    draft.install += Recipe.set(ParameterKey.imageDigest, other)
    #expect(try draft.deploy().error == nil)
  }

  @Test func `a null at the end of try-each is a success`() throws {
    var draft = Draft()
    let failing = CBORItem.wrapped(.array([.integer(5), .integer(0)]))
    draft.install += [.integer(15), .array([failing, .null])]
    #expect(try draft.deploy().error == nil)
    draft.install.removeLast()
    draft.install.append(.array([failing, failing]))
    #expect(try draft.deploy().error?.reason == .offset)
    draft.install.removeLast()
    draft.install.append(.array([failing, .null, failing]))
    #expect(try draft.deploy().error?.reason == .malformed)
  }

  @Test(arguments: [(Int64(19), SUITError.Reason.unsupported), (30, .unsupported), (14, .unsupported)])
  func `a command of the other form is not known`(number: Int64, reason: SUITError.Reason) throws {
    var draft = Draft()
    draft.install += [.integer(number), .map([])]
    #expect(try draft.deploy().error?.reason == reason)
  }

  @Test(
    arguments: [
      (Int64(4), CBORItem.integer(1), SUITError.Reason.malformed), (4, .text("x"), nil),
      (23, .bytes([0xa0]), nil), (23, .integer(1), .malformed), (9, .wrapped(.array([])), .unsupported),
      (10, .wrapped(.array([])), .unsupported), (5, .array([]), .unsupported),
    ] as [(Int64, CBORItem, SUITError.Reason?)])
  func `only text and reference may stand beside what is known`(
    key: Int64, value: CBORItem, reason: SUITError.Reason?
  ) throws {
    var draft = Draft()
    draft.others = [(key, value)]
    #expect(try draft.deploy().error?.reason == reason)
  }

  @Test func `text that came along is what was signed`() throws {
    var draft = Draft()
    let text = CBORItem.map([(1, .text("words"))]).encoded
    #expect(try draft.deploy({ $0.text = text }).error?.reason == .manifestDigest)
    draft.others = [
      (23, .array([.integer(-16), .bytes(SUITTests.digest(of: CBORItem.bytes(text).encoded))]))
    ]
    #expect(try draft.deploy({ $0.text = text }).error == nil)
    #expect(try draft.deploy().error == nil)
    #expect(try draft.deploy({ $0.text = text + [0] }).error?.reason == .manifestDigest)
  }

  @Test func `an image in the envelope is taken from there, if it is the one that is named`() throws {
    var draft = Draft()
    draft.install[1] = .map([(ParameterKey.uri, .text("#image"))])
    var envelope = Envelope(manifest: draft.manifest.encoded, form: .suit)
    try envelope.sign(with: Recipe.key)
    for (name, payload, reason) in [
      ("#image", Recipe.payload, nil), ("#other", Recipe.payload, .fetch),
      ("#image", Array(Recipe.payload.dropLast()), .size),
      ("#image", Recipe.payload.reversed(), .payloadDigest),
    ] as [(String, [UInt8], SUITError.Reason?)] {
      envelope.integrated = Envelope.Integrated(name: name, payload: payload)
      var processor = ManifestProcessor<HostCryptography>(envelopeCapacity: 1024)
      processor.begin()
      var found: SUITError.Reason?
      do throws(SUITError) {
        let bytes = envelope.encoded
        try processor.receiveEnvelope(bytes.span)
        try processor.authenticate(on: Recipe.device)
        guard case .fetch(let fetch) = try processor.process(on: Recipe.device) else {
          fatalError("no fetch")
        }
        #expect(fetch.isIntegrated)
        #expect(copy(of: processor.integratedPayload) == payload)
        try processor.receiveIntegratedPayload()
        guard case .accepted(let acceptance) = try processor.resume(on: Recipe.device) else {
          fatalError("neither fetch nor acceptance")
        }
        #expect(acceptance.slot == 2 && acceptance.byteCount == 100)
      } catch {
        found = error.reason
      }
      #expect(found == reason)
    }
    envelope.integrated = nil
    let outcome = deploy(envelope.encoded, payload: nil, on: Recipe.device, capacity: 1024)
    #expect(outcome.error?.reason == .fetch)
  }
}
