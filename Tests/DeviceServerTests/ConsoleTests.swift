import Bytes
import CoAP
import DeviceConsole
import DeviceProtocol
import TestSupport
import Testing

@testable import DeviceClient
@testable import DeviceServer

/// What was put out, for tests to read.
private final class Screen {
  var text: [UInt8] = []

  /// What has been put out since the last time.
  func take() -> String {
    defer { text = [] }
    return String(decoding: text, as: UTF8.self)
  }
}

private struct ScreenOutput: ConsoleOutput {
  let screen: Screen

  mutating func write(_ bytes: Span<UInt8>) { screen.text += Array(copying: bytes) }
}

/// A device with somebody at its console.
private struct Desk: ~Copyable {
  var device: Device
  var console: Console<Wire, ScreenOutput>
  let screen = Screen()

  init(_ device: consuming Device) {
    self.device = device
    console = Console(network: Wire(), output: ScreenOutput(screen: screen))
  }

  /// Types, and returns what is put out until nothing more happens by itself.
  mutating func type(_ text: String) -> String {
    for byte in text.utf8 {
      console.type(byte)
      settle()
    }
    return screen.take()
  }

  /// What a line is answered, without its echo.
  mutating func answer(_ line: String) -> String {
    let said = type(line + "\n")
    return String(said.dropFirst(line.count + 1).dropLast(2))
  }

  mutating func settle() {
    var storage = [UInt8](repeating: 0, count: 1152)
    for _ in 0..<100 {
      while true {
        var span = storage.mutableSpan
        guard let length = console.nextDatagram(into: &span) else { break }
        device.server.receive(
          storage.span.extracting(0..<length), from: Console<Wire, ScreenOutput>.peer, sink: &console)
      }
      guard device.server.runPrograms(sink: &console) else { return }
    }
  }

  mutating func wait(_ milliseconds: UInt64) {
    device.world.now = device.world.now + milliseconds
    device.server.poll(sink: &console)
    settle()
  }
}

@Suite struct ConsoleRules {
  // MARK: Lines

  private func path(_ line: String) throws -> String {
    let request = try ConsoleLine(Array(line.utf8).span)
    let method =
      switch request.code {
      case .get: "GET"
      case .post: "POST"
      case .put: "PUT"
      default: "DELETE"
      }
    let query = request.queries.isEmpty ? "" : "?" + request.queries.joined(separator: "&")
    let body = request.body.isEmpty ? "" : " " + String(decoding: request.body, as: UTF8.self)
    return "\(method) \(request.route.path)\(query)\(body)"
  }

  @Test(arguments: [
    ("info", "GET device"), ("  slots  ", "GET slots"), ("list", "GET slots"), ("slot 3", "GET slots/3"),
    ("ps", "GET instances"), ("run 2", "POST slots/2/run"),
    ("run 2 engine=jit milliseconds=5", "POST slots/2/run?engine=jit&milliseconds=5"),
    ("start 1 restart=always", "POST slots/1/instance?restart=always"),
    ("start 1 every=50 boot=start", "POST slots/1/timer?every=50&boot=start"),
    ("start boot=start 1 every=50", "POST slots/1/timer?boot=start&every=50"),
    ("start 1 device=0 pressed", "POST slots/1/event?device=0&pressed"),
    ("start 1 pressed device=0", "POST slots/1/event?pressed&device=0"),
    ("start 1 device=1 below=-5", "POST slots/1/event?device=1&below=-5"),
    ("stop 4", "DELETE slots/4/instance?boot=no"), ("kill 4", "DELETE slots/4/instance"),
    ("pause 0", "POST slots/0/pause"), ("resume 0", "POST slots/0/resume"), ("log 0", "GET slots/0/log"),
    ("compile 1 isolation=hardware", "POST slots/1/code?isolation=hardware"), ("erase 2", "DELETE slots/2"),
    ("install coap://10.0.2.2/m?x=1", "POST suit/trigger coap://10.0.2.2/m?x=1"), ("store", "GET store"),
    ("store 4294967295", "GET store/4294967295"), ("store 7 42", "PUT store/7 42"),
    ("forget 7", "DELETE store/7"), ("local 1", "GET slots/1/store"), ("local 1 2", "GET slots/1/store/2"),
    ("local 1 2 3", "PUT slots/1/store/2 3"), ("forget 1 2", "DELETE slots/1/store/2"),
    ("sensors", "GET peripherals"), ("sensor 1", "GET peripherals/1"), ("set 1 -5", "PUT peripherals/1 -5"),
    ("release 1", "DELETE peripherals/1"), ("gpio 0 5", "GET pins/0/5"), ("gpio 0 5 1", "PUT pins/0/5 1"),
    ("reboot", "POST reboot"), ("resources", "GET .well-known/core"),
  ])
  func `each command is a request`(line: String, request: String) throws {
    #expect(try path(line) == request)
  }

  @Test(arguments: [
    ("", ConsoleError.empty), ("   \t ", .empty), ("help", .help), ("help me", .help), ("Slots", .unknown),
    ("slotss", .unknown), ("=", .unknown), ("every=5", .unknown), ("run", .arguments),
    ("run 1 2", .arguments),
    ("slots 1", .arguments), ("slots every=5", .arguments), ("kill 1 x=y", .arguments),
    ("store 1 2 3", .arguments),
    ("run x", .number(word: 1)), ("run -1", .number(word: 1)), ("run 10000", .number(word: 1)),
    ("run 01", .number(word: 1)), ("store 4294967296", .number(word: 1)), ("local 1 x", .number(word: 2)),
    ("gpio 0 99999999999999999999", .number(word: 2)),
  ])
  func `what is no command is refused`(line: String, expected: ConsoleError) throws {
    #expect(throws: expected) { try path(line) }
  }

  @Test func `every command has its place in the help, and every other name is unknown`() throws {
    let names = Set((0..<ConsoleCommand.count).map { "\(ConsoleCommand.at($0).name)" })
    #expect(names.count > 20)
    for name in names { #expect(ConsoleLine.help.contains("  \(name)"), "\(name)") }
    for index in 0..<ConsoleCommand.count {
      let command = ConsoleCommand.at(index)
      // As many words as it names, and each of its resources takes the method.
      #expect("\(command.arguments)".split(separator: " ").count == command.wordCount, "\(command.name)")
    }
  }

  // MARK: At the console

  @Test func `what is typed is echoed, and what was asked is answered`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(42))
    var desk = Desk(device)
    let run = desk.type("run 1\r\n")
    #expect(run == "run 1\nresult: 42\ninstructions: 2\nmicroseconds: 0\n> ")
    let corrected = desk.type("xy\u{7f}\u{8}\u{8}store\n")
    #expect(corrected.hasSuffix("store\ndone\n> "))
    let empty = desk.type("\n\r\n")
    #expect(empty == "\n> \n> ")
    let ignored = desk.type("\u{1b}\u{0}\u{ff}")
    #expect(ignored == "")
  }

  @Test func `a long answer comes whole`() throws {
    var device = try Device()
    let whole = try device.body(of: "slots", blockSize: 1024, accept: 0)
    #expect(whole.count < 1024)
    let links = try device.body(of: ".well-known/core", blockSize: 1024)
    #expect(links.count > 4096)
    var desk = Desk(device)
    #expect(desk.answer("slots") == String(decoding: whole, as: UTF8.self))
    #expect(desk.answer("resources") == String(decoding: links, as: UTF8.self) + "\n")
  }

  @Test func `whatever a resource refuses is told with its reason`() throws {
    var desk = Desk(try Device())
    #expect(desk.answer("run 1") == "4.04 Slot is empty: nothing is installed in this slot\n")
    #expect(desk.answer("kill 9").hasPrefix("4.04 No such slot"))
    #expect(desk.answer("start 1 what=ever").hasPrefix("4.00 Query not understood"))
    #expect(desk.answer("fly") == "no such command; type help\n")
    #expect(desk.answer("run") == "other words belong there; type help\n")
    #expect(desk.answer("run x") == "a number belongs there that is not too large\n")
    #expect(desk.answer("help").contains("  kill SLOT: end a program now\n"))
  }

  @Test func `programs are started, watched, paused and ended`() throws {
    var device = try Device()
    _ = try device.install(Assembly.move(1, 7) + Assembly.call(3) + Assembly.returning(7))
    var desk = Desk(device)
    #expect(desk.answer("start 1 every=1000").contains("every: 1000\n"))
    desk.wait(1000)
    #expect(desk.answer("log 1") == "[DEBUG]: 7\n[DEBUG]: 7\n")
    #expect(desk.answer("ps").contains("slot: 1\nstate: waiting\nmodel: triggered\n"))
    #expect(desk.answer("kill 1") == "done\n")
    #expect(desk.answer("kill 1").hasPrefix("4.09 Program is not running"))
    #expect(desk.answer("store 5 77") == "key: 5\nvalue: 77\n")
    #expect(desk.answer("store") == "key: 5\nvalue: 77\n")
    #expect(desk.answer("forget 5") == "done\n")
    #expect(desk.answer("local 1 2 3") == "key: 2\nvalue: 3\n")
    #expect(desk.answer("gpio 1 2 1") == "port: 1\npin: 2\nvalue: 1\n")
    #expect(desk.answer("set 0 1").hasSuffix("first: 1\n"))
    #expect(desk.answer("reboot") == "done\n")
    desk.wait(1000)
    #expect(desk.device.world.restarts == 1)
  }

  @Test func `an answer that takes long comes later, and who does not wait for it hears the next`() throws {
    var device = try Device()
    // Sleeps for two seconds.
    let sleeper =
      Assembly.call(0x60) + Assembly.instruction(0x63, destination: 10, source: 0, offset: -8)
      + Assembly.copy(1, from: 10) + Assembly.add(1, -8) + Assembly.move(2, 2_000_000) + Assembly.call(0x61)
      + Assembly.returning(9)
    _ = try device.install(sleeper)
    var desk = Desk(device)
    #expect(desk.type("run 1\n") == "run 1\n")
    desk.wait(600)
    #expect(desk.screen.take() == "")
    desk.wait(1500)
    #expect(desk.screen.take().hasPrefix("result: 9\n"))
    #expect(desk.type("run 1\n") == "run 1\n")
    #expect(desk.answer("forget 1").hasPrefix("4.04 No such key"))
    desk.wait(600)
    desk.wait(1500)
    #expect(desk.screen.take() == "")
    // Nothing is left that would be sent again.
    desk.wait(300_000)
    #expect(desk.device.server.nextDeadline == nil)
  }

  @Test func `datagrams for others go to the network, and nobody there is taken for the console`() throws {
    var desk = Desk(try Device())
    var message = desk.device.message(.get, "slots")
    message.token = Token(value: 1, count: 1)
    let bytes = try message.encoded()
    desk.device.server.receive(bytes.span, from: Device.client, sink: &desk.console)
    #expect(desk.console.network.datagrams.map(\.peer) == [Device.client])
    #expect(desk.screen.take() == "")
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `whatever is typed, the console goes on`(seed: UInt64) throws {
    var random = Repeatable(seed: seed)
    var device = try Device()
    _ = try device.install(Assembly.returning(42))
    var desk = Desk(device)
    let words = (0..<ConsoleCommand.count).map { "\(ConsoleCommand.at($0).name)" }.filter { $0 != "install" }
    for _ in 0..<300 {
      var line = random.pick(words)
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        line += random.pick([" ", "  ", "\t", ""])
        line += random.pick([
          "0", "1", "-1", "4294967295", "every=1", "=", "device=0", "pressed", "x", "99999",
        ])
      }
      var bytes = Array(line.utf8)
      if Bool.random(using: &random) {
        bytes.insert(
          UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
      }
      if Int.random(in: 0..<20, using: &random) == 0 { bytes += Array(repeating: 0x61, count: 200) }
      for byte in bytes + [0x0a] { desk.console.type(byte) }
      desk.settle()
      desk.wait(UInt64.random(in: 0...100, using: &random))
    }
    desk.wait(300_000)
    _ = desk.screen.take()
    #expect(desk.answer("fly") == "no such command; type help\n")
  }
}
