import Crypto
import SUIT

/// UUIDs made from names: how devices and manifests agree on vendor and class. RFC 9562 §5.5.
public enum UUIDv5 {
  /// The name space of domain names. RFC 9562 §6.6.
  public static let domainNameSpace = UUIDBytes([
    0x6B, 0xA7, 0xB8, 0x10, 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8,
  ])

  /// The first 16 bytes of the SHA-1 of name space and name, marked with version and variant.
  public static func make(nameSpace: UUIDBytes, name: String) -> UUIDBytes {
    var hash = Array(Insecure.SHA1.hash(data: [UInt8](nameSpace.bytes.span) + Array(name.utf8)))
    hash[6] = hash[6] & 0x0F | 0x50
    hash[8] = hash[8] & 0x3F | 0x80
    return UUIDBytes(InlineArray { hash[$0] })
  }

  /// The vendor identifier of the owner of `domain`.
  public static func vendorID(domain: String) -> UUIDBytes {
    make(nameSpace: domainNameSpace, name: domain)
  }

  /// The class identifier that the vendor gives to devices called `name`.
  public static func classID(vendorID: UUIDBytes, name: String) -> UUIDBytes {
    make(nameSpace: vendorID, name: name)
  }
}
