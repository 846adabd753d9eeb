import Bytes
import CBOR
import COSE
import Crypto
import Testing
import Toolchain

@Suite struct Sign1Rules {
  let key = Curve25519.Signing.PrivateKey()
  let payload: [UInt8] = [1, 2, 3]
  /// `{1: -8}`, EdDSA.
  let header: [UInt8] = [0xA1, 0x01, 0x27]

  var publicKey: Ed25519PublicKey {
    let raw = Array(key.publicKey.rawRepresentation)
    return Ed25519PublicKey(InlineArray { raw[$0] })
  }

  func signedBytes(_ header: [UInt8], _ payload: [UInt8]) throws -> [UInt8] {
    try encoded { try $0.writeSignatureStructure(protectedHeader: header.span, payload: payload.span) }
  }

  /// A message with these parts, null for no payload.
  func message(_ header: [UInt8], _ payload: [UInt8]?, _ signature: [UInt8]) throws -> [UInt8] {
    try encoded { writer throws in
      try writer.writeTag(18)
      try writer.beginArray(4)
      try writer.writeBytes(header.span)
      try writer.beginMap(0)
      if let payload { try writer.writeBytes(payload.span) } else { try writer.writeNull() }
      try writer.writeBytes(signature.span)
    }
  }

  func signature(_ header: [UInt8], _ payload: [UInt8]) throws -> [UInt8] {
    Array(try key.signature(for: try signedBytes(header, payload)))
  }

  func isSigned(
    _ message: [UInt8], over payload: [UInt8], by key: Ed25519PublicKey
  ) throws -> Bool {
    var reader = CBORReader(message.span)
    return try Sign1(&reader).isSigned(by: key, over: payload.span, using: HostCryptography.self)
  }

  @Test func `the signed bytes are the array that the RFC lists`() throws {
    #expect(
      try signedBytes(header, payload)
        == [0x84, 0x6A] + Array("Signature1".utf8) + [0x43, 0xA1, 0x01, 0x27, 0x40, 0x43, 1, 2, 3])
  }

  @Test func `a signature by the key verifies, with the payload inside or apart`() throws {
    let signature = try signature(header, payload)
    #expect(try isSigned(message(header, payload, signature), over: payload, by: publicKey))
    #expect(try isSigned(message(header, nil, signature), over: payload, by: publicKey))
  }

  @Test func `a signature by another key, over another payload or another header is refused`() throws {
    let signature = try signature(header, payload)
    let other = Ed25519PublicKey(InlineArray(repeating: 7))
    #expect(try !isSigned(message(header, payload, signature), over: payload, by: other))
    #expect(try !isSigned(message(header, payload, signature), over: [1, 2, 4], by: publicKey))
    #expect(try !isSigned(message([0xA1, 0x01, 0x26], payload, signature), over: payload, by: publicKey))
  }

  @Test func `every flipped bit of a signature is refused`() throws {
    let signature = try signature(header, payload)
    for bit in 0..<signature.count * 8 {
      var flipped = signature
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(try !isSigned(message(header, payload, flipped), over: payload, by: publicKey))
    }
  }

  @Test(arguments: [0, 63, 65]) func `a signature of another length is refused`(count: Int) throws {
    let good = try signature(header, payload)
    let signature = Array((good + [0]).prefix(count))
    #expect(try !isSigned(message(header, payload, signature), over: payload, by: publicKey))
  }

  @Test func `S is below the group order or refused before the library is asked`() {
    let groupOrder: [UInt8] =
      [0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14]
      + [UInt8](repeating: 0, count: 15) + [0x10]
    var below = groupOrder
    below[0] -= 1
    var above = groupOrder
    above[0] += 1
    #expect(isCanonical(s: below))
    #expect(isCanonical(s: [UInt8](repeating: 0, count: 32)))
    #expect(!isCanonical(s: groupOrder))
    #expect(!isCanonical(s: above))
    #expect(!isCanonical(s: [UInt8](repeating: 0xFF, count: 32)))
  }

  func isCanonical(s: [UInt8]) -> Bool {
    let signature = [UInt8](repeating: 0xFF, count: 32) + s
    return Ed25519.isCanonical(signature.span)
  }

  @Test func `a header too long for the signed bytes counts as unsigned`() throws {
    let fits = [UInt8](repeating: 0, count: 180 - 12 - 2 - 1 - 4)
    let signature = try signature(fits, payload)
    #expect(try isSigned(message(fits, payload, signature), over: payload, by: publicKey))
    let long = fits + [0]
    let longSignature = try self.signature(long, payload)
    #expect(try !isSigned(message(long, payload, longSignature), over: payload, by: publicKey))
  }

  @Test(
    arguments: [
      ([0xA1, 0x01, 0x27], -8), ([0xA1, 0x01, 0x32], -19), ([0xA2, 0x01, 0x27, 0x04, 0x41, 0x31], -8),
      ([0xA2, 0x04, 0x41, 0x31, 0x01, 0x26], -7), ([], nil), ([0xA0], nil), ([0x80], nil), ([0x01], nil),
      ([0xA1, 0x04, 0x41, 0x31], nil), ([0xA1, 0x01, 0x61, 0x61], nil), ([0xA1, 0x61, 0x61, 0x01], nil),
      ([0xA2, 0x01, 0x27, 0x02, 0x81, 0x04], nil),
      ([0xA1, 0x01, 0x3B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], nil),
    ] as [([UInt8], Int64?)])
  func `the algorithm is taken from a header that holds nothing else but a key identifier`(
    header: [UInt8], expected: Int64?
  ) throws {
    let message = try message(header, payload, [])
    var reader = CBORReader(message.span)
    let algorithm = try Sign1(&reader).algorithm()
    #expect(algorithm == expected)
  }

  @Test(
    arguments: [
      ([0xA2, 0x01, 0x27, 0x01, 0x27], CBORError(.duplicateKey, at: 6)),
      ([0xA1, 0x01], CBORError(.truncated, at: 3, expected: 1, found: 1)),
      ([0xA0, 0xA0], CBORError(.trailingBytes, at: 4, found: 1)),
    ] as [([UInt8], CBORError)])
  func `a header that is not one well-formed item is refused at its place`(header: [UInt8], error: CBORError)
  {
    #expect(throws: error) {
      let message = try message(header, payload, [])
      var reader = CBORReader(message.span)
      _ = try Sign1(&reader).algorithm()
    }
  }

  @Test(
    arguments: [
      ([0x84, 0x40, 0xA0, 0x40, 0x40], CBORError(.wrongType, at: 0, expected: 6, found: 4)),
      ([0xD8, 0x62, 0x84, 0x40, 0xA0, 0x40, 0x40], CBORError(.wrongValue, at: 0, expected: 18, found: 98)),
      ([0xD2, 0x83, 0x40, 0xA0, 0x40], CBORError(.wrongValue, at: 1, expected: 4, found: 3)),
      ([0xD2, 0x84, 0xA0, 0xA0, 0x40, 0x40], CBORError(.wrongType, at: 2, expected: 2, found: 5)),
      ([0xD2, 0x84, 0x40, 0x40, 0x40, 0x40], CBORError(.wrongType, at: 3, expected: 5, found: 2)),
      ([0xD2, 0x84, 0x40, 0xA0, 0x60, 0x40], CBORError(.wrongType, at: 4, expected: 0xF6, found: 0x60)),
      ([0xD2, 0x84, 0x40, 0xA0, 0xF6, 0xF6], CBORError(.wrongType, at: 5, expected: 2, found: 7)),
    ] as [([UInt8], CBORError)])
  func `a message of another shape is refused at the part that differs`(bytes: [UInt8], error: CBORError) {
    #expect(throws: error) {
      var reader = CBORReader(bytes.span)
      _ = try Sign1(&reader)
    }
  }
}

/// What `body` writes.
func encoded(_ body: (inout CBORWriter) throws -> Void) throws -> [UInt8] {
  var storage = [UInt8](repeating: 0xA5, count: 512)
  var writer = CBORWriter(storage.mutableSpan)
  try body(&writer)
  let count = writer.count
  return Array(storage[..<count])
}
