import COSE
import SUIT
import Testing
import Toolchain

@Suite struct ProcessorOrder {
  typealias Processor = ManifestProcessor<HostCryptography>

  let device = Recipe.device
  let envelope: [UInt8]

  init() throws {
    var envelope = Envelope(manifest: CBORItem.map(Recipe().members).encoded)
    try envelope.sign(with: Recipe.key)
    self.envelope = envelope.encoded
  }

  /// The processor after its payload was asked for.
  func fetching() throws -> Processor {
    var processor = Processor()
    processor.begin()
    try processor.receive(envelope: envelope)
    try processor.authenticate(on: device)
    _ = try processor.process(on: device)
    return processor
  }

  /// What a step throws.
  func refusal(_ step: () throws(SUITError) -> Void) -> SUITError? {
    do throws(SUITError) {
      try step()
      return nil
    } catch { return error }
  }

  let outOfTurn = SUITError(.policy, at: 0)

  @Test func `a step out of turn is refused`() throws {
    var processor = Processor()
    #expect(refusal { () throws(SUITError) in try processor.receive(envelope: envelope) } == outOfTurn)
    #expect(refusal { () throws(SUITError) in try processor.authenticate(on: device) } == outOfTurn)
    processor.begin()
    #expect(refusal { () throws(SUITError) in _ = try processor.process(on: device) } == outOfTurn)
    processor.begin()
    #expect(refusal { () throws(SUITError) in _ = try processor.resume(on: device) } == outOfTurn)
    processor.begin()
    #expect(
      refusal { () throws(SUITError) in try processor.receive(payload: Recipe.payload) } == outOfTurn)
    let failure = processor.fetchFailed()
    #expect(failure == outOfTurn)
  }

  @Test func `an authenticated envelope cannot be added to`() throws {
    var processor = Processor()
    processor.begin()
    try processor.receive(envelope: envelope)
    try processor.authenticate(on: device)
    #expect(refusal { () throws(SUITError) in try processor.receive(envelope: envelope) } == outOfTurn)
    #expect(refusal { () throws(SUITError) in _ = try processor.process(on: device) } == outOfTurn)
  }

  @Test func `a failed deployment stays failed until the next begins`() throws {
    var processor = try fetching()
    let tooLong = [UInt8](repeating: 0, count: 101)
    #expect(
      refusal { () throws(SUITError) in try processor.receive(payload: tooLong) }?.reason == .size)
    #expect(
      refusal { () throws(SUITError) in try processor.receive(payload: Recipe.payload) } == outOfTurn)
    #expect(refusal { () throws(SUITError) in _ = try processor.resume(on: device) } == outOfTurn)
    let outcome = deploy(envelope, payload: Recipe.payload, on: device, with: &processor)
    #expect(outcome.error == nil)
  }

  @Test func `an accepted deployment cannot be resumed again`() throws {
    var processor = try fetching()
    try processor.receive(payload: Recipe.payload)
    _ = try processor.resume(on: device)
    #expect(refusal { () throws(SUITError) in _ = try processor.resume(on: device) } == outOfTurn)
    let isEmpty = processor.uri.isEmpty
    #expect(isEmpty)
  }

  @Test func `a deployment that was cut off leaves nothing to the next`() throws {
    var processor = try fetching()
    try processor.receive(payload: Array(Recipe.payload[..<50]))
    let outcome = deploy(envelope, payload: Recipe.payload, on: device, with: &processor)
    #expect(outcome.error == nil)
  }

  @Test func `a number used up during the transfer is noticed at the end`() throws {
    var processor = try fetching()
    try processor.receive(payload: Recipe.payload)
    var device = device
    device.storedSequenceNumbers[2] = 5
    let error = refusal { () throws(SUITError) in _ = try processor.resume(on: device) }
    #expect(error?.reason == .sequence)
  }
}

extension ManifestProcessor {
  fileprivate mutating func receive(envelope: [UInt8]) throws(SUITError) {
    try receiveEnvelope(envelope.span)
  }

  fileprivate mutating func receive(payload: [UInt8]) throws(SUITError) {
    try receivePayload(payload.span)
  }
}
