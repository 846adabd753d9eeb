import Bytes
import COSE

/// Known answers that every implementation of the primitives has to give.
public func cryptographyChecks<Primitives: Cryptography>(_: Primitives.Type) -> [Check]
where Primitives: SendableMetatype, Primitives.Hash: SendableMetatype {
  [
    Check("SHA-256 of nothing, of three bytes and of a million is as FIPS 180-4 has it") {
      () throws(CheckFailure) in
      var hash = Primitives.Hash()
      try expect(
        hash.finish()
          == SHA256Digest(fromHex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")),
        "nothing")
      hash = Primitives.Hash()
      let abc: StaticString = "abc"
      hash.update(abc.bytes)
      try expect(
        hash.finish()
          == SHA256Digest(fromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        "abc")
      hash = Primitives.Hash()
      // 625 is no multiple of the block size, so pieces begin and end everywhere in a block.
      let piece = InlineArray<625, UInt8>(repeating: UInt8(ascii: "a"))
      for _ in 0..<1600 { hash.update(piece.span) }
      try expect(
        hash.finish()
          == SHA256Digest(fromHex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")),
        "a million times the letter a")
    },
    Check("Ed25519 accepts the signatures of RFC 8032 section 7.1") { () throws(CheckFailure) in
      let vector = Ed25519Vector.second
      try expect(vector.verifies(with: Primitives.self), "one byte")
      try expect(Ed25519Vector.third.verifies(with: Primitives.self), "two bytes")
    },
    Check("Ed25519 refuses a flipped bit wherever it is") { () throws(CheckFailure) in
      for index in [0, 31, 32, 63] {
        var vector = Ed25519Vector.third
        vector.signature[index] ^= 1
        try expect(!vector.verifies(with: Primitives.self), "in the signature")
      }
      var vector = Ed25519Vector.third
      vector.message[1] ^= 0x80
      try expect(!vector.verifies(with: Primitives.self), "in the message")
      vector = .third
      vector.publicKey[0] ^= 1
      try expect(!vector.verifies(with: Primitives.self), "in the key")
      vector = .third
      vector.messageCount = 1
      try expect(!vector.verifies(with: Primitives.self), "a shorter message")
    },
    Check("Ed25519 refuses signatures of other lengths") { () throws(CheckFailure) in
      let vector = Ed25519Vector.third
      let key = Ed25519PublicKey(vector.publicKey)
      for count in [0, 1, 63] {
        try expect(
          !Primitives.verifyEd25519(
            signature: vector.signature.span.extracting(0..<count), message: vector.message.span,
            publicKey: key),
          "too short")
      }
    },
  ]
}

/// A signature with all that belongs to it.
private struct Ed25519Vector {
  var publicKey: InlineArray<32, UInt8>
  var message: InlineArray<2, UInt8>
  var messageCount: Int
  var signature: InlineArray<64, UInt8>

  static var second: Ed25519Vector {
    Ed25519Vector(
      publicKey: fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
      message: [0x72, 0], messageCount: 1,
      signature: fromHex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ))
  }

  static var third: Ed25519Vector {
    Ed25519Vector(
      publicKey: fromHex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
      message: [0xaf, 0x82], messageCount: 2,
      signature: fromHex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
      ))
  }

  func verifies<Primitives: Cryptography>(with _: Primitives.Type) -> Bool {
    Primitives.verifyEd25519(
      signature: signature.span, message: message.span.extracting(0..<messageCount),
      publicKey: Ed25519PublicKey(publicKey))
  }
}

/// The bytes that pairs of hexadecimal digits stand for.
///
/// - Precondition: `text` has two lower-case digits for each byte.
public func fromHex<let count: Int>(_ text: StaticString) -> InlineArray<count, UInt8> {
  let digits = text.bytes
  precondition(digits.count == 2 * count)
  func value(_ digit: UInt8) -> UInt8 {
    digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
  }
  return InlineArray { value(digits[2 * $0]) << 4 | value(digits[2 * $0 + 1]) }
}
