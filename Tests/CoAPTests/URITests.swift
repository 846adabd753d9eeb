import Bytes
import CoAP
import TestSupport
import Testing

@Suite struct URIRules {
  /// The peer and the Uri-Path and Uri-Query options that a URI stands for.
  func parse(_ text: String) throws -> (peer: Peer, path: [String], query: [String]) {
    let bytes = Array(text.utf8)
    let uri = try URI(bytes.span)
    var storage = [UInt8](repeating: 0, count: 1024)
    var writer = try MessageWriter(storage.mutableSpan, type: .confirmable, code: .get, messageID: 0)
    try uri.writeOptions(into: &writer)
    let length = writer.count
    let message = try Parsed(Array(storage[..<length]))
    func texts(_ number: OptionNumber) -> [String] {
      message.values(of: number).map { String(decoding: $0, as: UTF8.self) }
    }
    return (uri.peer, texts(.uriPath), texts(.uriQuery))
  }

  @Test(arguments: [
    ("coap://127.0.0.1", Peer(ipv4: 0x7f00_0001, port: 5683)),
    ("coap://10.0.2.15:5684/", Peer(ipv4: 0x0a00_020f, port: 5684)),
    ("coap://255.255.255.255:65535", Peer(ipv4: .max, port: 65535)),
    ("coap://1.2.3.4:/a", Peer(ipv4: 0x0102_0304, port: 5683)),
    ("coap://[::1]", Peer(high: 0, low: 1, port: 5683)),
    ("coap://[::]:1", Peer(high: 0, low: 0, port: 1)),
    (
      "coap://[2001:db8::ff00:42:8329]/x",
      Peer(high: 0x2001_0db8_0000_0000, low: 0x0000_ff00_0042_8329, port: 5683)
    ),
    ("coap://[1:2:3:4:5:6:7:8]:99", Peer(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0008, port: 99)),
    ("coap://[1::]", Peer(high: 0x0001_0000_0000_0000, low: 0, port: 5683)),
    ("coap://[1:2:3:4:5:6:7::]", Peer(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0000, port: 5683)),
    ("coap://[::2:3:4:5:6:7:8]", Peer(high: 0x0000_0002_0003_0004, low: 0x0005_0006_0007_0008, port: 5683)),
    ("coap://[FE80::AbCd]", Peer(high: 0xfe80_0000_0000_0000, low: 0xabcd, port: 5683)),
    ("coap://[fe80::1%255]:7", Peer(high: 0xfe80_0000_0000_0000, low: 1, port: 7, zone: 5)),
    ("coap://[fe80::1%5]/m", Peer(high: 0xfe80_0000_0000_0000, low: 1, port: 5683, zone: 5)),
    ("coap://[::ffff:1.2.3.4]", Peer(ipv4: 0x0102_0304, port: 5683)),
    ("coap://[64:ff9b::192.0.2.33]", Peer(high: 0x0064_ff9b_0000_0000, low: 0xc000_0221, port: 5683)),
    (
      "coap://[1:2:3:4:5:6:7.8.9.10]",
      Peer(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0708_090a, port: 5683)
    ),
  ])
  func `the authority is read in all its forms`(text: String, peer: Peer) throws {
    #expect(try parse(text).peer == peer)
  }

  @Test(arguments: [
    ("coap://1.2.3.4", [], []), ("coap://1.2.3.4/", [], []), ("coap://1.2.3.4?", [], []),
    ("coap://1.2.3.4/a", ["a"], []), ("coap://1.2.3.4/a/b/c", ["a", "b", "c"], []),
    ("coap://1.2.3.4/a/", ["a", ""], []), ("coap://1.2.3.4//a", ["", "a"], []),
    ("coap://1.2.3.4?x=1", [], ["x=1"]), ("coap://1.2.3.4/?x=1&y", [], ["x=1", "y"]),
    ("coap://1.2.3.4/a?x=1&&y=/?", ["a"], ["x=1", "", "y=/?"]),
    ("coap://1.2.3.4/a%2Fb/%c3%A9?%26=%3D", ["a/b", "é"], ["&=="]),
    ("coap://[::1]:61616//%2F//?%2F%2F&?%26", ["", "/", "", ""], ["//", "?&"]),
    ("coap://1.2.3.4/.well-known/core?rt=temperature-c", [".well-known", "core"], ["rt=temperature-c"]),
  ])
  func `path and query become options`(text: String, path: [String], query: [String]) throws {
    let uri = try parse(text)
    #expect(uri.path == path)
    #expect(uri.query == query)
  }

  @Test(arguments: [
    ("", URIError.Rule.scheme, 0), ("coap:", .scheme, 0), ("coap://", .scheme, 0),
    ("http://1.2.3.4", .scheme, 0),
    ("coaps://1.2.3.4", .scheme, 0), (" coap://1.2.3.4", .scheme, 0),
    ("coap:///a", .host, 7), ("coap://host/a", .host, 7), ("coap://1.2.3/a", .host, 7),
    ("coap://1.2.3.256", .host, 7),
    ("coap://1.2.3.4.5", .host, 14), ("coap://1.2.3.4x", .host, 14), ("coap://user@1.2.3.4", .host, 7),
    ("coap://[", .host, 8), ("coap://[]", .host, 8), ("coap://[::1", .host, 11), ("coap://[:1]", .host, 9),
    ("coap://[1:2:3:4:5:6:7]", .host, 21), ("coap://[1:2:3:4:5:6:7:8:9]", .host, 24),
    ("coap://[1:2:3:4:5:6:7:8::]", .host, 25), ("coap://[1::2::3]", .host, 14),
    ("coap://[12345::]", .host, 12),
    ("coap://[::1%]", .host, 12), ("coap://[fe80::1%eth0]", .host, 16), ("coap://[::1]x", .host, 12),
    ("coap://[::1.2.3]", .host, 11), ("coap://[fe80::1%99999999]", .host, 23),
    ("coap://1.2.3.4:0", .port, 16), ("coap://1.2.3.4:65536", .port, 19), ("coap://1.2.3.4:a", .port, 15),
    ("coap://1.2.3.4:80a", .port, 17), ("coap://[::1]:-1", .port, 13),
    ("coap://1.2.3.4/%", .encoding, 15), ("coap://1.2.3.4/%4", .encoding, 15),
    ("coap://1.2.3.4/%4g", .encoding, 15),
    ("coap://1.2.3.4/a b", .encoding, 16), ("coap://1.2.3.4/\u{7f}", .encoding, 15),
    ("coap://1.2.3.4/é", .encoding, 15), ("coap://1.2.3.4/?\n", .encoding, 16),
    ("coap://1.2.3.4/a#b", .fragment, 16), ("coap://1.2.3.4/?#", .fragment, 16),
  ])
  func `a bad URI is refused with rule and place`(text: String, rule: URIError.Rule, offset: Int) {
    do {
      _ = try parse(text)
      Issue.record("accepted")
    } catch let error as URIError {
      #expect(error.rule == rule)
      #expect(error.offset == offset)
    } catch {
      Issue.record(error)
    }
  }

  @Test func `random text is read or refused, never more`() {
    var random = Repeatable(seed: 3)
    let alphabet = Array("0123456789abcf:.[]%/?#&= xé-~".utf8)
    for _ in 0..<100_000 {
      let tail = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        random.pick(alphabet)
      }
      let text = Array((Bool.random(using: &random) ? "coap://[" : "coap://").utf8) + tail
      _ = try? URI(text.span).peer
    }
  }

  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("255.0.10.200", "255.0.10.200"), ("[::]", "[::]"), ("[::1]", "[::1]"),
    ("[1::]", "[1::]"),
    ("[2001:DB8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"), ("[2001:db8:0:1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"),
    ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"), ("[1:0:0:2::3]", "[1:0:0:2::3]"),
    ("[fe80::1%7]", "[fe80::1%257]"),
    ("[::ffff:10.0.2.2]", "10.0.2.2"), ("[0:0:3::]", "[0:0:3::]"),
  ])
  func `an address is written in its shortest form`(host: String, text: String) throws {
    let peer = try parse("coap://\(host):1").peer
    var storage = [UInt8](repeating: 0, count: 64)
    var writer = ByteWriter(storage.mutableSpan)
    try peer.writeHost(into: &writer)
    let length = writer.count
    #expect(String(decoding: storage[..<length], as: UTF8.self) == text)
    #expect(try parse("coap://\(text):1").peer == peer)
  }

  @Test func `every address that is written is read back`() throws {
    var random = Repeatable(seed: 11)
    for _ in 0..<2000 {
      // Sparse words make runs of zeros.
      func half() -> UInt64 {
        (0..<4).reduce(0) { value, _ in
          value << 16 | (Bool.random(using: &random) ? 0 : UInt64.random(in: 0...0xffff, using: &random))
        }
      }
      let peer = Peer(high: half(), low: half(), port: 5683)
      var storage = [UInt8](repeating: 0, count: 64)
      var writer = ByteWriter(storage.mutableSpan)
      try peer.writeHost(into: &writer)
      let length = writer.count
      let text = "coap://" + String(decoding: storage[..<length], as: UTF8.self)
      #expect(try parse(text).peer == peer)
    }
  }
}

@Suite struct LinkFormatRules {
  @Test func `links are separated by commas`() throws {
    var storage = [UInt8](repeating: 0, count: 200)
    var links = LinkFormatWriter(ByteWriter(storage.mutableSpan))
    let first = Array("a/b".utf8)
    let second = Array("c".utf8)
    try links.link(
      path: first.span, LinkAttributes(resourceType: "x", contentFormat: .cbor, title: "One"))
    try links.link(
      path: second.span, LinkAttributes(resourceType: "y", contentFormat: .text, title: "Two"))
    let length = links.written.count
    #expect(
      String(decoding: storage[..<length], as: UTF8.self)
        == "</a/b>;rt=\"x\";ct=60;title=\"One\",</c>;rt=\"y\";ct=0;title=\"Two\"")
  }

  @Test func `a link that does not fit is refused`() {
    #expect(throws: OutOfBounds.self) {
      var storage = [UInt8](repeating: 0, count: 10)
      var links = LinkFormatWriter(ByteWriter(storage.mutableSpan))
      let path = Array("a/b".utf8)
      try links.link(
        path: path.span, LinkAttributes(resourceType: "x", contentFormat: .cbor, title: "One"))
    }
  }
}
