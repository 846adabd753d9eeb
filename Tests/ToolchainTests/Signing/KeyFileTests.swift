import COSE
import Foundation
import Testing
import Toolchain

@Suite struct KeyFiles {
  @Test(arguments: ["alpha", "beta", "mallory"]) func `a key written by RIOT's tools is read`(name: String)
    throws
  {
    let raw = try Vectors.bytes("keys/\(name).pub.bin")
    let expected = Ed25519PublicKey(InlineArray { raw[$0] })
    #expect(try KeyFile.readPrivateKey(at: Vectors.path("keys/\(name).pem")).publicKey == expected)
    #expect(try KeyFile.readPublicKey(at: Vectors.path("keys/\(name).pem.pub")) == expected)
    #expect(try KeyFile.readPublicKey(at: Vectors.path("keys/\(name).pub.bin")) == expected)
  }

  @Test func `what is written is what RIOT's tools write, byte for byte`() throws {
    let key = try KeyFile.readPrivateKey(at: Vectors.path("keys/alpha.pem"))
    try withTemporaryFolder { folder in
      try KeyFile.write(key, to: folder + "/key.pem")
      try KeyFile.write(key.publicKey, to: folder + "/key.pem.pub")
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/key.pem"))
          == Data(try Vectors.bytes("keys/alpha.pem")))
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/key.pem.pub"))
          == Data(try Vectors.bytes("keys/alpha.pem.pub")))
    }
  }

  @Test func `a private key is readable by its owner only`() throws {
    try withTemporaryFolder { folder in
      try KeyFile.write(SigningKey(), to: folder + "/key.pem")
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/key.pem")
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func `a key is never overwritten`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/key.pem"
      let key = SigningKey()
      try KeyFile.write(key, to: path)
      let error = #expect(throws: KeyFileError.self) { try KeyFile.write(SigningKey(), to: path) }
      #expect(error?.reason == .exists)
      #expect(error?.path == path)
      #expect(try KeyFile.readPrivateKey(at: path).seed == key.seed)
    }
  }

  @Test func `two generated keys differ`() {
    #expect(SigningKey().seed != SigningKey().seed)
  }

  @Test func `a seed of another length makes no key`() {
    #expect(SigningKey(seed: []) == nil)
    #expect(SigningKey(seed: [UInt8](repeating: 1, count: 33)) == nil)
  }

  @Test func `a file that is missing or cannot be written is named with the system's reason`() {
    let missing = #expect(throws: KeyFileError.self) { try KeyFile.readPrivateKey(at: "/nowhere/key.pem") }
    #expect(missing?.reason == .unreadable(errno: ENOENT))
    #expect(missing?.description == "/nowhere/key.pem: cannot be read: No such file or directory")
    let unwritable = #expect(throws: KeyFileError.self) {
      try KeyFile.write(SigningKey(), to: "/nowhere/key.pem")
    }
    #expect(unwritable?.reason == .unwritable(errno: ENOENT))
  }

  @Test(
    arguments: [
      ("", .notPEM), ("no key", .notPEM),
      ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n", .notPEM),
      ("-----BEGIN PRIVATE KEY-----\n****\n-----END PRIVATE KEY-----\n", .notPEM),
      ("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n", .notEd25519),
      ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4CAQAw\n-----END ENCRYPTED PRIVATE KEY-----\n", .encrypted),
      (
        "-----BEGIN PUBLIC KEY-----\nMC4CAQAw\n-----END PUBLIC KEY-----\n",
        .wrongLabel(expected: "PRIVATE KEY", found: "PUBLIC KEY")
      ),
      (
        "-----BEGIN EC PRIVATE KEY-----\nMC4CAQAw\n-----END EC PRIVATE KEY-----\n",
        .wrongLabel(expected: "PRIVATE KEY", found: "EC PRIVATE KEY")
      ),
    ] as [(String, KeyFileError.Reason)])
  func `a file that holds no Ed25519 private key is told apart`(
    content: String, reason: KeyFileError.Reason
  ) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/key.pem"
      try Data(content.utf8).write(to: URL(filePath: path))
      let error = #expect(throws: KeyFileError.self) { try KeyFile.readPrivateKey(at: path) }
      #expect(error?.reason == reason)
    }
  }

  @Test func `a key with line ends of another system and text around it is read`() throws {
    let pem = String(decoding: try Vectors.bytes("keys/alpha.pem"), as: UTF8.self)
    try withTemporaryFolder { folder in
      let path = folder + "/key.pem"
      try Data(("comment\n" + pem).replacingOccurrences(of: "\n", with: "\r\n").utf8)
        .write(to: URL(filePath: path))
      let key = try KeyFile.readPrivateKey(at: path)
      #expect(key.seed == (try KeyFile.readPrivateKey(at: Vectors.path("keys/alpha.pem")).seed))
    }
  }
}
