import SUIT
import Testing
import Toolchain

@Suite struct UUIDv5Rules {
  @Test func `the vendor of RIOT has the published identifier`() {
    #expect(text(UUIDv5.vendorID(domain: "riot-os.org")) == "547d0d746d3a5a9296624881afd9407b")
  }

  @Test(arguments: [
    ("native", "bcc90984fe7d562bb4c9a24f26a3a9cd"), ("nucleo-f439zi", "b45f54ed15c6536a9d529915cccfef6f"),
    ("native32", "0ffca4c1b94a5018be657c6d63e56021"), ("native64", "9251dc23fd9d503f94c4bfb95f3167b1"),
    ("nucleo-f446re", "5526a061b6c75848a018774d773483ac"),
    ("samr21-xpro", "8818989ea2575994ac9a554b77898083"),
  ])
  func `classes of RIOT have the published identifiers`(name: String, expected: String) {
    let vendor = UUIDv5.vendorID(domain: "riot-os.org")
    #expect(text(UUIDv5.classID(vendorID: vendor, name: name)) == expected)
  }

  func text(_ uuid: UUIDBytes) -> String {
    let digits = Array("0123456789abcdef")
    let bytes = uuid.bytes
    return String(bytes.indices.flatMap { [digits[Int(bytes[$0] >> 4)], digits[Int(bytes[$0] & 15)]] })
  }
}
