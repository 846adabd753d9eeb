import COSE
import SUIT
import Toolchain

struct TestDevice: SUITDevice {
  var vendorID: UUIDBytes
  var classID: UUIDBytes
  var keys: [Ed25519PublicKey] = []
  var slotCount: Int
  var slotByteCount: Int
  var storedSequenceNumbers: [UInt32]

  var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    get { keys.span }
  }

  func storedSequenceNumber(ofSlot slot: Int) -> UInt32 { storedSequenceNumbers[slot] }

  init(model: VectorFile.DeviceModel, storedSequenceNumber: UInt32) {
    vendorID = uuid(model.vendorId)
    classID = uuid(model.classId)
    slotCount = model.ramSlots
    slotByteCount = model.slotSize
    storedSequenceNumbers = Array(repeating: storedSequenceNumber, count: slotCount)
  }

  /// A device of RIOT's class `native` that trusts `keys` and has five slots of 4 KiB.
  init(trusting keys: [Ed25519PublicKey], storedSequenceNumber: UInt32 = 0) {
    vendorID = UUIDv5.vendorID(domain: "riot-os.org")
    classID = UUIDv5.classID(vendorID: vendorID, name: "native")
    slotCount = 5
    slotByteCount = 4096
    storedSequenceNumbers = Array(repeating: storedSequenceNumber, count: slotCount)
    self.keys = keys
  }
}

/// The UUID of 32 hexadecimal digits.
func uuid(_ digits: String) -> UUIDBytes {
  let nibbles = digits.compactMap(\.hexDigitValue)
  return UUIDBytes(InlineArray { UInt8(nibbles[2 * $0] << 4 | nibbles[2 * $0 + 1]) })
}

func copy(of span: Span<UInt8>) -> [UInt8] {
  span.indices.map { span[$0] }
}

/// How a deployment ended, and how many transfers it asked for.
struct Outcome: Equatable {
  let result: Result<Acceptance, SUITError>
  let fetches: Int
  let uri: String

  var error: SUITError? {
    if case .failure(let error) = result { error } else { nil }
  }
}

/// Plays server and device for one deployment: hands over envelope and payload in pieces of `pieceSize` bytes. Without
/// payload the transfer fails.
func deploy(
  _ envelope: [UInt8], payload: [UInt8]?, on device: TestDevice, pieceSize: Int = 64, capacity: Int = 640
) -> Outcome {
  var processor = ManifestProcessor<HostCryptography>(envelopeCapacity: capacity)
  return deploy(envelope, payload: payload, on: device, pieceSize: pieceSize, with: &processor)
}

func deploy(
  _ envelope: [UInt8], payload: [UInt8]?, on device: TestDevice, pieceSize: Int = 64,
  with processor: inout ManifestProcessor<HostCryptography>
) -> Outcome {
  var fetches = 0
  var uri = ""
  processor.begin()
  do throws(SUITError) {
    for start in stride(from: 0, to: envelope.count, by: pieceSize) {
      let piece = Array(envelope[start..<min(start + pieceSize, envelope.count)])
      try processor.receiveEnvelope(piece.span)
    }
    try processor.authenticate(on: device)
    var step = try processor.process(on: device)
    while case .fetch = step {
      fetches += 1
      uri = String(decoding: copy(of: processor.uri), as: UTF8.self)
      guard let payload else { throw processor.fetchFailed() }
      for start in stride(from: 0, to: payload.count, by: pieceSize) {
        let piece = Array(payload[start..<min(start + pieceSize, payload.count)])
        try processor.receivePayload(piece.span)
      }
      step = try processor.resume(on: device)
    }
    guard case .accepted(let acceptance) = step else { fatalError("neither fetch nor acceptance") }
    return Outcome(result: .success(acceptance), fetches: fetches, uri: uri)
  } catch {
    return Outcome(result: .failure(error), fetches: fetches, uri: uri)
  }
}
