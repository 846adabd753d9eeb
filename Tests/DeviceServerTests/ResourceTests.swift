import CBOR
import CoAP
import DeviceProtocol
import TestSupport
import Testing

@testable import DeviceClient

@Suite struct ResourceRules {
  static let paths = [
    "device", "slots", "slots/0", "slots/4", "slots/0/run", "slots/0/code", "slots/1/instance",
    "slots/2/pause", "slots/3/resume", "slots/4/timer", "slots/0/request", "slots/1/log", "suit/trigger",
    "suit/push", "peripherals", ".well-known/core", "instances", "store", "slots/3/store", "slots/2/event",
    "reboot", "suit",
  ]

  /// The members of collections, which discovery leaves to those.
  static let members = ["store/7", "slots/1/store/4294967295", "peripherals/3", "pins/0/1"]

  @Test func `every link of the well-known core answers, and nothing answers without a link`() throws {
    var device = try Device()
    let core = try device.request(.get, ".well-known/core")
    #expect(core.values(of: .contentFormat) == [[40]])
    let text = String(decoding: try device.body(of: ".well-known/core", blockSize: 64), as: UTF8.self)
    let links = text.matches(of: /<\/([^>]+)>;rt="([^"]+)";ct=(\d+);title="([^"]+)"(?:;obs)?/).map {
      $0.output
    }
    #expect(links.map { String($0.0) }.joined(separator: ",") == text)
    // Eleven resources for each of five slots, and nine single ones.
    #expect(links.count == 64)
    // What a program answers is its own matter.
    for link in links where !link.1.hasSuffix("request") {
      let path = String(link.1)
      let answer = try device.request(.get, path)
      let isReadable = !["run", "code", "pause", "resume", "timer", "event", "trigger", "push", "reboot"]
        .contains { path.hasSuffix($0) }
      #expect(answer.code == (isReadable ? .content : .methodNotAllowed), "\(path)")
      // Zero is written without a byte.
      let format = UInt8(link.3).map { $0 == 0 ? [] : [$0] } ?? []
      if isReadable { #expect(answer.values(of: .contentFormat) == [format], "\(path)") }
    }
    for path in Self.paths where path != ".well-known/core" {
      #expect(links.contains { $0.1 == path }, "\(path)")
    }
  }

  @Test(arguments: [
    "", "devic", "device/", "devices", "slot", "slots/", "slots/x", "slots/01", "slots/-1", "slots/12345",
    "slots/1/", "slots/1/runs", "slots/1/run/2", "suit/", "suit/trigger/x", "well-known/core", "Device",
    "store/", "store/x", "store/-1", "store/01",
    "store/4294967296", "store/99999999999999999999", "slots/1/store/", "slots/x/store/1", "peripherals/x",
    "pins/1", "pins/1/2/3", "reboot/1",
  ])
  func `an unknown path is not found`(path: String) throws {
    var device = try Device()
    let refusal = Refusal(try device.request(.get, path))
    #expect(refusal.code == .notFound)
    #expect(refusal.stage == .request)
    #expect(refusal.rule == Int(RequestRule.unknownPath.rawValue))
  }

  @Test(arguments: ["slots/5", "slots/9999"], [Code.get, .delete])
  func `a slot that the device has not is not found`(path: String, code: Code) throws {
    var device = try Device()
    let refusal = Refusal(try device.request(code, path))
    #expect(refusal.code == .notFound)
    #expect(refusal.stage == .request)
    #expect(refusal.rule == Int(RequestRule.unknownSlot.rawValue))
    #expect(refusal.expected == 5)
  }

  @Test func `what has come is counted, but for those who ask how much`() throws {
    var device = try Device()
    _ = try device.receive([0x4f, 1, 0, 1])
    _ = try device.request(.get, "nothing")
    let request = device.message(.get, "slots")
    for _ in 0..<2 { _ = try device.receive(try request.encoded()) }
    for _ in 0..<2 {
      let told = try DeviceDescription(try device.value(.get, "device"))
      #expect(told.datagrams == 4 && told.malformed == 1 && told.requests == 2 && told.refused == 1)
    }
  }

  @Test func `the description is as the device was at its first block, however slowly it is read`() throws {
    var device = try Device()
    var description = try device.value(.get, "device")
    let whole = try DeviceDescription(description)
    description = try #require(Value(try device.body(of: "device", blockSize: 16, pause: 70)))
    let slow = try DeviceDescription(description)
    #expect(slow.uptime == whole.uptime && slow.datagrams == whole.datagrams)
    let later = try DeviceDescription(try device.value(.get, "device"))
    #expect(later.uptime > slow.uptime + 700)
  }

  @Test func `a method that a resource does not have is not allowed`() throws {
    var device = try Device()
    for resource in Resource.allCases {
      let path = String(describing: resource.path).replacing("+", with: "1")
        .replacing("*", with: "2")
      for detail: UInt8 in 1...31 {
        let code = Code(0, detail)
        guard !resource.row.methods.contains(code) else { continue }
        let refusal = Refusal(try device.request(code, path))
        #expect(refusal.code == .methodNotAllowed, "\(path) \(detail)")
        #expect(refusal.rule == Int(RequestRule.method.rawValue))
      }
    }
  }

  @Test func `what is not CBOR is text when asked for`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(5))
    for (path, text) in [
      (
        "slots/0",
        "slot: 0\nsize: 0\nsequence: 0\nruns: 0\nboot: no\ndigest: \(String(repeating: "0", count: 64))\ncodeBytes: 0\n"
      )
    ] {
      let answer = try device.request(.get, path, accept: 0)
      #expect(answer.values(of: .contentFormat) == [[]])
      #expect(String(decoding: answer.payload, as: UTF8.self) == text)
    }
    let run = try device.request(.post, "slots/1/run", accept: 0)
    #expect(String(decoding: run.payload, as: UTF8.self) == "result: 5\ninstructions: 2\nmicroseconds: 0\n")
    let slots = String(decoding: try device.body(of: "slots", blockSize: 1024, accept: 0), as: UTF8.self)
    #expect(slots.split(separator: "\n\n").count == 5)
    let description = String(decoding: try device.request(.get, "device", accept: 0).payload, as: UTF8.self)
    #expect(description.hasPrefix("board: fake\nversion: "))
    #expect(description.hasSuffix("you: 10.0.0.2\n"))
  }

  @Test(arguments: ["device", "slots", "slots/1"])
  func `CBOR is the default and what is asked for is the same`(path: String) throws {
    var device = try Device()
    let plain = try device.request(.get, path)
    let asked = try device.request(.get, path, accept: 60)
    #expect(plain.values(of: .contentFormat) == [[60]])
    #expect(plain.payload == asked.payload)
    let value = Value(plain.payload)
    #expect(value != nil)
  }

  @Test(arguments: [("device", UInt8(40)), ("slots/1/run", 42), (".well-known/core", 60), ("slots", 40)])
  func `a format that a resource is not given in is not acceptable`(path: String, accept: UInt8) throws {
    var device = try Device()
    let refusal = Refusal(
      try device.request(path.hasSuffix("run") ? .post : .get, path, accept: accept))
    #expect(refusal.code == .notAcceptable)
    #expect(refusal.rule == Int(RequestRule.format.rawValue))
    #expect(refusal.found == Int64(accept))
  }

  @Test(arguments: [16, 32, 64, 128, 256, 512, 1024], [".well-known/core", "slots", "device"])
  func `a body comes whole in blocks of any size`(blockSize: Int, path: String) throws {
    var device = try Device()
    let whole = try device.body(of: path, blockSize: 1024)
    let blocks = try device.body(of: path, blockSize: blockSize)
    #expect(blocks == whole)
    let beyond = try device.request(
      .get, path, block2: BlockOption(number: 200, more: false, sizeExponent: 4))
    #expect(beyond.code == .badOption)
  }

  @Test func `problem details are well formed and hold what the tools read`() throws {
    var device = try Device()
    for message in [
      try device.request(.get, "nowhere"), try device.request(.put, "device"),
      try device.request(.post, "slots/3/run"), try device.request(.get, "slots/7"),
      try device.request(.post, "suit/trigger", payload: Array("http://x".utf8)),
      try device.request(.post, "suit/trigger", payload: Array(repeating: 0x41, count: 200)),
    ] {
      #expect(message.values(of: .contentFormat) == [[1, 1]])
      #expect(throws: Never.self) { try CBORReader(message.payload.span).checkWellFormed() }
      let refusal = Refusal(message)
      #expect(refusal.code == message.code)
      #expect(refusal.stage != nil && refusal.rule != nil)
      #expect(!refusal.title.isEmpty && !refusal.detail.isEmpty)
      let value = Value(message.payload)
      #expect(value?[.integer(Problem.StandardKey.responseCode)]?.integer == Int64(message.code.rawValue))
    }
  }
}
