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

/// What is well-formed can be walked through to its end, and written again it means the same.
func fuzzCBOR(_ bytes: Span<UInt8>) {
  let reader = CBORReader(bytes)
  guard (try? reader.checkWellFormed()) != nil else { return }
  var passing = reader
  precondition((try? passing.skip()) != nil && passing.isAtEnd, "a well-formed item has an end")
  // The head of an array of as many items as a map has may be longer than the map's.
  var copy = [UInt8](repeating: 0, count: 2 * bytes.count)
  var writer = CBORWriter(copy.mutableSpan)
  var walking = reader
  do {
    try walk(&walking, into: &writer)
  } catch {
    preconditionFailure("what is well-formed cannot be read, or is longer than it was")
  }
  precondition(walking.isAtEnd, "something is left")
  precondition((try? CBORReader(writer.written).checkWellFormed()) != nil, "a copy is not well-formed")
}

private func walk(_ reader: inout CBORReader, into writer: inout CBORWriter) throws {
  switch try reader.peekType() {
  case .unsigned: try writer.writeUnsigned(try reader.readUnsigned())
  case .negative:
    // Those beyond 64 bits with sign are only passed over.
    if let value = try? reader.readInteger() {
      try writer.writeInteger(value)
    } else {
      try replace(&reader, &writer)
    }
  case .bytes: try writer.writeBytes(try reader.readBytes())
  case .text: try writer.writeText(try reader.readText())
  case .array:
    let count = try reader.readArray()
    try writer.beginArray(count)
    for _ in 0..<count { try walk(&reader, into: &writer) }
  case .map:
    let count = try reader.readMap()
    // As an array: keys that are only passed over could become the same.
    try writer.beginArray(2 * count)
    for _ in 0..<2 * count { try walk(&reader, into: &writer) }
  case .tag:
    try writer.writeTag(try reader.readTag())
    try walk(&reader, into: &writer)
  case .simple:
    if let value = try? reader.readBool() {
      try writer.writeBool(value)
    } else {
      try replace(&reader, &writer)
    }
  }
}

private func replace(_ reader: inout CBORReader, _ writer: inout CBORWriter) throws {
  try reader.skip()
  try writer.writeNull()
}

func fuzzSignature(_ bytes: Span<UInt8>) {
  var reader = CBORReader(bytes)
  guard let message = try? Sign1(&reader) else { return }
  _ = try? message.algorithm()
  let key = Ed25519PublicKey(InlineArray(repeating: 1))
  _ = message.isSigned(by: key, over: bytes, using: GullibleCryptography.self)
  if let payload = message.payload {
    _ = message.isSigned(by: key, over: payload, using: GullibleCryptography.self)
  }
}

/// Two bytes of length, little endian, the envelope, and behind it the payload. All of it behind the length is also pushed,
/// in pieces whose size the length gives.
func fuzzManifest(_ bytes: Span<UInt8>) {
  guard bytes.count >= 2 else { return }
  let end = min(2 + Int(bytes[0]) + Int(bytes[1]) << 8, bytes.count)
  deploy(bytes.extracting(2..<end), payload: bytes.extracting(end...))
  push(bytes.extracting(2...), pieceSize: 16 << Int(bytes[0] % 7))
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
      check(fetch, on: device)
      precondition(!processor.uri.isEmpty, "a fetch from nowhere")
      if fetch.isIntegrated {
        precondition(processor.integratedPayload.count == fetch.byteCount, "another payload than is there")
        try processor.receiveIntegratedPayload()
      } else {
        try processor.receivePayload(payload)
      }
      step = try processor.resume(on: device)
    }
    preconditionFailure("the manifest never ends")
  } catch {}
}

private func push(_ body: Span<UInt8>, pieceSize: Int) {
  let device = Device()
  var processor = ManifestProcessor<GullibleCryptography>()
  processor.begin()
  var offset = 0
  do throws(SUITError) {
    while offset < body.count {
      let piece = body.extracting(offset..<min(offset + pieceSize, body.count))
      offset += piece.count
      guard let start = try processor.receivePushed(piece) else { continue }
      precondition((0...piece.count).contains(start), "an image outside its piece")
      try processor.authenticate(on: device)
      guard case .fetch(let fetch) = try processor.process(on: device) else {
        preconditionFailure("accepted without an image")
      }
      check(fetch, on: device)
      try processor.receivePayload(piece.extracting(start...))
      break
    }
    while offset < body.count {
      let piece = body.extracting(offset..<min(offset + pieceSize, body.count))
      offset += piece.count
      try processor.receivePayload(piece)
    }
    _ = try processor.resume(on: device)
  } catch {}
}

private func check(_ fetch: PayloadFetch, on device: Device) {
  precondition((0..<device.slotCount).contains(fetch.slot), "a fetch for a slot that is not there")
  precondition(fetch.byteCount <= device.slotByteCount, "a fetch of more than a slot holds")
}
