import Bytes
import CBOR
import COSE
import SUIT

private struct Device: SUITDevice {
  private let keys = [Ed25519PublicKey(InlineArray(repeating: 1))]

  var vendorID: UUIDBytes { Identity.vendorID }
  var classID: UUIDBytes { Identity.classID }
  var slotCount: Int { 5 }
  var slotByteCount: Int { 4096 }
  var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    get { keys.span }
  }

  func storedSequenceNumber(ofSlot slot: Int) -> UInt32 { 0 }
}

/// Two bytes of length, little endian, the envelope, and behind it the payload.
func fuzzManifest(_ bytes: Span<UInt8>) {
  guard bytes.count >= 2 else { return }
  let end = min(2 + Int(bytes[0]) + Int(bytes[1]) << 8, bytes.count)
  let envelope = bytes.extracting(2..<end)
  try? CBORReader(envelope).checkWellFormed()
  fuzzSignature(envelope)
  deploy(envelope, payload: bytes.extracting(end...))
}

private func fuzzSignature(_ bytes: Span<UInt8>) {
  var reader = CBORReader(bytes)
  guard let message = try? Sign1(&reader) else { return }
  _ = try? message.algorithm()
}

private func deploy(_ envelope: Span<UInt8>, payload: Span<UInt8>) {
  let device = Device()
  var processor = ManifestProcessor<GullibleCryptography>()
  processor.begin()
  do throws(SUITError) {
    try processor.receiveEnvelope(envelope)
    try processor.authenticate(on: device)
    var step = try processor.process(on: device)
    // More fetches than a manifest can have commands would be a hang.
    for _ in 0...envelope.count {
      guard case .fetch(let fetch) = step else { return }
      precondition((0..<device.slotCount).contains(fetch.slot), "a fetch for a slot that is not there")
      precondition(fetch.byteCount <= device.slotByteCount, "a fetch of more than a slot holds")
      precondition(!processor.uri.isEmpty, "a fetch from nowhere")
      try processor.receivePayload(payload)
      step = try processor.resume(on: device)
    }
    preconditionFailure("the manifest never ends")
  } catch {}
}
