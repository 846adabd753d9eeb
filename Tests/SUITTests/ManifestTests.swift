import COSE
import SUIT
import Testing
import Toolchain

/// Checks that a recipe is refused for `reason` after `fetches` transfers.
func expectRefusal(
  _ reason: SUITError.Reason, fetches: Int = 0, of recipe: Recipe,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let outcome = try recipe.deploy()
  #expect(outcome.error?.reason == reason, sourceLocation: sourceLocation)
  #expect(outcome.fetches == fetches, sourceLocation: sourceLocation)
}

func expectAcceptance(of recipe: Recipe, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let outcome = try recipe.deploy()
  #expect(outcome.error == nil, sourceLocation: sourceLocation)
  #expect(outcome.fetches == 1, sourceLocation: sourceLocation)
}

@Suite struct ManifestRules {
  let good = Recipe()

  @Test func `what was installed is told`() throws {
    let outcome = try good.deploy()
    let acceptance = try outcome.result.get()
    #expect(acceptance.slot == 2)
    #expect(acceptance.sequenceNumber == 5)
    #expect(acceptance.byteCount == 100)
    #expect(copy(of: acceptance.digest.bytes.span) == digest(of: Recipe.payload))
    #expect(outcome.uri == "coap://[fe80::1]/p")
  }

  @Test func `an unknown member is refused before anything is executed`() throws {
    for key: Int64 in [4, 7, 8, 11, 12, 13, 14, -1, .max] {
      try expectRefusal(.unsupported, of: good.with(\.others, [(key, .bytes([]))]))
    }
  }

  @Test func `a severed sequence is unsupported, any other type in its place malformed`() throws {
    var members = good.members
    members[3].1 = .array([.integer(2), .bytes(digest(of: []))])
    #expect(try Recipe.deploy(.map(members)).error?.reason == .unsupported)
    members[3].1 = .map([])
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
    members[3].1 = .bytes([])
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
    #expect(try Recipe.deploy(.array([])).error?.reason == .malformed)
  }

  @Test func `the version must be one`() throws {
    let outcome = try good.with(\.version, .integer(2)).deploy()
    #expect(outcome.error?.reason == .version)
    #expect(outcome.error?.expected == 1)
    #expect(outcome.error?.found == 2)
    try expectRefusal(.malformed, of: good.with(\.version, .integer(-1)))
    try expectRefusal(.malformed, of: good.with(\.version, .text("1")))
  }

  @Test func `the sequence number is an unsigned number of 32 bits`() throws {
    try expectAcceptance(of: good.with(\.sequenceNumber, .integer(0xFFFF_FFFF)))
    try expectRefusal(.malformed, of: good.with(\.sequenceNumber, .integer(0x1_0000_0000)))
    try expectRefusal(.malformed, of: good.with(\.sequenceNumber, .integer(-5)))
    try expectRefusal(.malformed, of: good.with(\.sequenceNumber, .bytes([5])))
  }

  @Test func `the sequence number must exceed the one stored for the same slot only`() throws {
    var device = Recipe.device
    device.storedSequenceNumbers = [9, 9, 4, 9, 9]
    #expect(try good.deploy(on: device).error == nil)
    device.storedSequenceNumbers = [0, 0, 5, 0, 0]
    let outcome = try good.deploy(on: device)
    #expect(outcome.error?.reason == .sequence)
    #expect(outcome.error?.expected == 5)
    #expect(outcome.error?.found == 5)
    #expect(outcome.fetches == 0)
  }

  @Test func `the sequence number is compared wherever it stands`() throws {
    var members = good.members
    members.swapAt(1, 2)
    var device = Recipe.device
    #expect(try Recipe.deploy(.map(members), on: device).error == nil)
    device.storedSequenceNumbers[2] = 5
    #expect(try Recipe.deploy(.map(members), on: device).error?.reason == .sequence)
  }

  @Test(arguments: ["0", "1", "4"]) func `a slot is named by its decimal number`(digits: String) throws {
    let recipe = good.with(\.components, .array([.array([utf8("ram"), utf8(digits)])]))
    let acceptance = try recipe.deploy().result.get()
    #expect(acceptance.slot == Int(digits))
  }

  @Test(arguments: ["", "5", "00", "02", "+1", "-1", "1 ", "x", "65536", "99999999999999999999999"])
  func `any other slot name is unsupported`(digits: String) throws {
    try expectRefusal(
      .unsupported, of: good.with(\.components, .array([.array([utf8("ram"), utf8(digits)])])))
  }

  @Test func `a component has the two segments of a slot`() throws {
    for segments in [[], [utf8("ram")], [utf8("ram.2")], [utf8("rom"), utf8("2")]] + [
      [utf8("ram"), utf8("2"), utf8("")]
    ] {
      try expectRefusal(.unsupported, of: good.with(\.components, .array([.array(segments)])))
    }
    try expectRefusal(.malformed, of: good.with(\.components, .array([.array([.text("ram"), .text("2")])])))
    try expectRefusal(.malformed, of: good.with(\.components, .array([.bytes([])])))
    try expectRefusal(.malformed, of: good.with(\.components, .array([])))
    try expectRefusal(.malformed, of: good.with(\.components, .map([])))
    let slot = CBORItem.array([utf8("ram"), utf8("2")])
    try expectRefusal(.unsupported, of: good.with(\.components, .array([slot, slot])))
    try expectRefusal(.malformed, of: good.with(\.components, .array([slot, .null])))
  }

  @Test func `common holds components and a sequence only`() throws {
    var members = good.members
    members[2].1 = .wrapped(.map([(1, .array([]))]))
    #expect(try Recipe.deploy(.map(members)).error?.reason == .unsupported)
    members[2].1 = .wrapped(.array([]))
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
    members[2].1 = .map([])
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
  }

  @Test func `a command without a declared component is malformed`() throws {
    var members = good.members
    members[2].1 = .wrapped(.map([]))
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
    members.remove(at: 2)
    #expect(try Recipe.deploy(.map(members)).error?.reason == .malformed)
  }

  @Test func `a manifest that installs nothing verified is incomplete`() throws {
    try expectRefusal(.incomplete, of: good.with(\.install, []).with(\.validate, []))
    try expectRefusal(.incomplete, fetches: 1, of: good.with(\.install, Recipe.fetch).with(\.validate, []))
    try expectAcceptance(of: good.with(\.validate, []))
    try expectAcceptance(of: good.with(\.install, Recipe.fetch))
    let empty = try Recipe.deploy(.map([]))
    #expect(empty.error?.reason == .incomplete)
    for index in good.members.indices.dropLast() {
      var members = good.members
      members.remove(at: index)
      let outcome = try Recipe.deploy(.map(members))
      // Without version or number the fetch is forbidden; without common there is no component; without install
      // there is nothing to match.
      let expected: [SUITError.Reason] = [.policy, .policy, .malformed, .malformed]
      #expect(outcome.error?.reason == expected[index])
      #expect(outcome.fetches == 0)
    }
  }
}
