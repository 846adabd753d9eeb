import COSE
import SUIT
import Testing
import Toolchain

@Suite struct CommandRules {
  let good = Recipe()

  func installing(_ commands: [CBORItem]) -> Recipe {
    good.with(\.install, commands + Recipe.fetch + Recipe.imageMatch)
  }

  @Test func `a sequence alternates numbers and arguments`() throws {
    try expectRefusal(.malformed, of: good.with(\.install, [.integer(21)]))
    try expectRefusal(.malformed, of: good.with(\.install, [.text("fetch"), .integer(2)]))
    var members = good.members
    members[3].1 = .wrapped(.map([(21, .integer(2))]))
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
  }

  @Test(arguments: [0, 4, 13, 14, 18, 22, 23, 24, 31, 32, -1, .max] as [Int64])
  func `an unknown command is named`(number: Int64) throws {
    let outcome = try installing([.integer(number), .integer(2)]).deploy()
    #expect(outcome.error?.reason == .unsupported)
    #expect(outcome.error?.found == Int(number))
    #expect(outcome.fetches == 0)
  }

  @Test func `vendor and class are those of the device and sixteen bytes long`() throws {
    let stranger = CBORItem.bytes([UInt8](repeating: 7, count: 16))
    try expectRefusal(.vendor, of: good.with(ParameterKey.vendorID, stranger))
    try expectRefusal(.classID, of: good.with(ParameterKey.classID, stranger))
    for key in [ParameterKey.vendorID, ParameterKey.classID] {
      try expectRefusal(.malformed, of: good.with(key, nil))
      try expectRefusal(.malformed, of: good.with(key, .text("0123456789abcdef")))
      let own = key == ParameterKey.vendorID ? Recipe.device.vendorID : Recipe.device.classID
      let bytes = copy(of: own.bytes.span)
      try expectRefusal(.malformed, of: good.with(key, .bytes(bytes + [0])))
      try expectRefusal(.malformed, of: good.with(key, .bytes(Array(bytes.dropLast()))))
    }
  }

  @Test func `parameters have values of three types and known keys`() throws {
    for value in [CBORItem.bool(false), .null, .array([]), .map([]), .tagged(37, .bytes([]))] {
      try expectRefusal(.malformed, of: installing(Recipe.set(12, value)))
    }
    for key: Int64 in [0, 4, 12, 18, 22, -1] {
      try expectRefusal(.unsupported, of: installing(Recipe.set(key, .integer(0))))
    }
    try expectRefusal(.malformed, of: installing([.integer(20), .array([])]))
    try expectAcceptance(of: installing(Recipe.set(ParameterKey.componentOffset, .integer(0))))
  }

  @Test func `the later value of a parameter stands, whichever directive set it`() throws {
    for directive: Int64 in [19, 20] {
      let recipe = installing([.integer(directive), .map([(ParameterKey.uri, .text("coap://new/p"))])])
      let outcome = try recipe.deploy()
      #expect(outcome.error == nil)
      #expect(outcome.uri == "coap://new/p")
    }
  }

  @Test func `a component offset never matches a slot`() throws {
    let outcome = try installing([.integer(5), .integer(4096)]).deploy()
    #expect(outcome.error?.reason == .offset)
    #expect(outcome.error?.found == 4096)
    try expectRefusal(.malformed, of: installing([.integer(5), .text("")]))
  }

  @Test func `the one component has index zero`() throws {
    try expectAcceptance(of: installing([.integer(12), .integer(0)]))
    try expectRefusal(.malformed, of: installing([.integer(12), .integer(1)]))
    try expectRefusal(.malformed, of: installing([.integer(12), .integer(.max)]))
    try expectRefusal(.malformed, of: installing([.integer(12), .integer(-1)]))
    try expectRefusal(.malformed, of: installing([.integer(12), .null]))
    try expectRefusal(.unsupported, of: installing([.integer(12), .bool(true)]))
    try expectRefusal(.unsupported, of: installing([.integer(12), .array([.integer(0)])]))
  }

  @Test func `try-each takes the first branch whose conditions hold`() throws {
    let fails = CBORItem.wrapped(.array([.integer(5), .integer(0)]))
    let sets = CBORItem.wrapped(.array(Recipe.set(ParameterKey.uri, .text("coap://b/p"))))
    let later = CBORItem.wrapped(.array(Recipe.set(ParameterKey.uri, .text("coap://c/p"))))
    let outcome = try installing([.integer(15), .array([fails, sets, later])]).deploy()
    #expect(outcome.error == nil)
    #expect(outcome.uri == "coap://b/p")
    try expectRefusal(.offset, of: installing([.integer(15), .array([fails, fails])]))
    try expectRefusal(.malformed, of: installing([.integer(15), .array([])]))
    try expectRefusal(.malformed, of: installing([.integer(15), .array([fails, .null])]))
    try expectRefusal(.malformed, of: installing([.integer(15), sets]))
  }

  @Test func `a branch that fails for another reason than a condition ends the deployment`() throws {
    let good = CBORItem.wrapped(.array([]))
    let unknown = CBORItem.wrapped(.array([.integer(22), .integer(2)]))
    try expectRefusal(.unsupported, of: installing([.integer(15), .array([unknown, good])]))
    let early = CBORItem.wrapped(.array(Recipe.imageMatch))
    try expectRefusal(.malformed, of: installing([.integer(15), .array([early, good])]))
    try expectRefusal(.malformed, of: installing([.integer(15), .array([.bytes([0x82]), good])]))
  }

  @Test func `a fetch inside a branch is taken once and gone past afterwards`() throws {
    let fails = CBORItem.wrapped(.array([.integer(5), .integer(0)]))
    let fetches = CBORItem.wrapped(.array(Recipe.fetch + Recipe.imageMatch))
    try expectAcceptance(of: good.with(\.install, [.integer(15), .array([fails, fetches])]))
    try expectAcceptance(of: good.with(\.install, [.integer(30), fetches]))
  }

  @Test func `sequences nest four deep`() throws {
    func nested(_ levels: Int) -> [CBORItem] {
      levels == 0 ? Recipe.fetch : [.integer(30), .wrapped(.array(nested(levels - 1)))]
    }
    try expectAcceptance(of: good.with(\.install, nested(3)))
    try expectRefusal(.unsupported, of: good.with(\.install, nested(4)))
    try expectRefusal(.unsupported, of: good.with(\.install, nested(40)))
  }
}

@Suite struct PayloadRules {
  let good = Recipe()

  @Test func `nothing is fetched before vendor and class were checked`() throws {
    try expectRefusal(.policy, of: good.with(\.conditions, []))
    try expectRefusal(.policy, of: good.with(\.conditions, Recipe.vendorIdentifier))
    try expectRefusal(.policy, of: good.with(\.conditions, Recipe.classIdentifier))
    try expectAcceptance(
      of: good.with(\.conditions, []).with(
        \.install, Recipe.classIdentifier + Recipe.vendorIdentifier + Recipe.fetch))
  }

  @Test func `a payload is fetched once`() throws {
    try expectRefusal(.malformed, fetches: 1, of: good.with(\.install, Recipe.fetch + Recipe.fetch))
  }

  @Test func `a fetch needs a URI in text and a size`() throws {
    try expectRefusal(.malformed, of: good.with(ParameterKey.uri, nil))
    try expectRefusal(.malformed, of: good.with(ParameterKey.uri, utf8("coap://[fe80::1]/p")))
    try expectRefusal(.malformed, of: good.with(ParameterKey.imageSize, nil))
    try expectRefusal(.malformed, of: good.with(ParameterKey.imageSize, .integer(-1)))
    try expectRefusal(.malformed, of: good.with(ParameterKey.imageSize, .text("100")))
  }

  @Test func `a URI has up to 127 bytes and the scheme coap`() throws {
    let longest = "coap://" + String(repeating: "a", count: 120)
    #expect(try good.with(ParameterKey.uri, .text(longest)).deploy().uri == longest)
    let outcome = try good.with(ParameterKey.uri, .text(longest + "a")).deploy()
    #expect(outcome.error?.reason == .uriTooLong)
    #expect(outcome.error?.expected == 127)
    #expect(outcome.error?.found == 128)
    for uri in ["coaps://a/p", "http://a/p", "coap:/a", "", "/p"] {
      try expectRefusal(.scheme, of: good.with(ParameterKey.uri, .text(uri)))
    }
  }

  @Test func `an image fits the slot`() throws {
    let full = [UInt8](repeating: 1, count: 4096)
    let recipe = good.with(ParameterKey.imageSize, .integer(4096))
      .with(ParameterKey.imageDigest, .wrapped(.array([.integer(2), .bytes(digest(of: full))])))
    #expect(try recipe.deploy(payload: full).error == nil)
    let outcome = try good.with(ParameterKey.imageSize, .integer(4097)).deploy()
    #expect(outcome.error?.reason == .storage)
    #expect(outcome.error?.expected == 4096)
    #expect(outcome.error?.found == 4097)
    try expectRefusal(.storage, of: good.with(ParameterKey.imageSize, .integer(.max)))
  }

  @Test func `a payload of another size is refused with both sizes`() throws {
    let short = try good.deploy(payload: Array(Recipe.payload.dropLast()))
    #expect(short.error?.reason == .size)
    #expect(short.error?.expected == 100)
    #expect(short.error?.found == 99)
    let long = try good.deploy(payload: Recipe.payload + [0])
    #expect(long.error?.reason == .size)
    #expect(long.error?.found == 101)
    #expect(try good.deploy(payload: []).error?.reason == .size)
  }

  @Test func `a payload that cannot be had is a failed fetch`() throws {
    let outcome = try good.deploy(payload: nil)
    #expect(outcome.error?.reason == .fetch)
    #expect(outcome.fetches == 1)
  }

  @Test func `every changed byte of a payload is noticed`() throws {
    for index in Recipe.payload.indices {
      var payload = Recipe.payload
      payload[index] ^= 0x10
      #expect(try good.deploy(payload: payload).error?.reason == .payloadDigest)
    }
  }

  @Test func `an image digest is SHA-256 with 32 bytes, wrapped`() throws {
    let right = digest(of: Recipe.payload)
    func refusal(_ value: CBORItem?) throws -> SUITError.Reason? {
      let outcome = try good.with(ParameterKey.imageDigest, value).deploy()
      #expect(outcome.fetches == 1)
      return outcome.error?.reason
    }
    #expect(try refusal(nil) == .malformed)
    #expect(try refusal(.wrapped(.array([.integer(1), .bytes(right)]))) == .unsupported)
    #expect(try refusal(.wrapped(.array([.integer(-16), .bytes(right)]))) == .unsupported)
    #expect(try refusal(.wrapped(.array([.integer(2), .bytes(right + [0])]))) == .malformed)
    #expect(try refusal(.wrapped(.array([.integer(2), .bytes(Array(right.dropLast()))]))) == .malformed)
    #expect(try refusal(.wrapped(.array([.integer(2), .bytes(right), .null]))) == .malformed)
    #expect(try refusal(.wrapped(.array([.text("2"), .bytes(right)]))) == .malformed)
    #expect(try refusal(.wrapped(.bytes(right))) == .malformed)
    #expect(try refusal(.bytes(right)) == .malformed)
    #expect(try refusal(.integer(2)) == .malformed)
  }

  @Test func `an image is not compared before it was fetched`() throws {
    try expectRefusal(.malformed, of: good.with(\.install, Recipe.imageMatch + Recipe.fetch))
  }
}
