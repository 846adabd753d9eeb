import Bytes
public import CoAP
public import DeviceProtocol

/// What can be typed at a device's console. Each is a request for a resource: the console grants nothing that those do not, and
/// whoever serves them decides.
public struct ConsoleCommand: Sendable {
  public let name: StaticString
  /// What has to follow the name, in the words of the help: a number for each `+` and `*` of the resource's path, then the body.
  public let arguments: StaticString
  /// What the request says besides, if it says something.
  let query: StaticString
  let code: Code
  let resource: Resource
  let hasBody: Bool
  /// Whether words of the form `name=value` may follow, which go into the request's query.
  public let hasOptions: Bool
  public let summary: StaticString

  private init(
    _ name: StaticString, _ arguments: StaticString, _ code: Code, _ resource: Resource,
    query: StaticString = "", hasBody: Bool = false, hasOptions: Bool = false, _ summary: StaticString
  ) {
    self.name = name
    self.arguments = arguments
    self.query = query
    self.code = code
    self.resource = resource
    self.hasBody = hasBody
    self.hasOptions = hasOptions
    self.summary = summary
  }

  public static let count = 32

  /// The commands, in the order in which the help tells them.
  ///
  /// - Precondition: `index` is below ``count``.
  public static func at(_ index: Int) -> ConsoleCommand {
    switch index {
    case 0: ConsoleCommand("info", "", .get, .device, "who this is, and what it has room for")
    case 1: ConsoleCommand("slots", "", .get, .slots, "what the slots hold")
    case 2: ConsoleCommand("list", "", .get, .slots, "the same")
    case 3: ConsoleCommand("slot", "SLOT", .get, .slot, "what one holds")
    case 4: ConsoleCommand("ps", "", .get, .instances, "what runs, and how what ran ended")
    case 5:
      ConsoleCommand("run", "SLOT", .post, .run, hasOptions: true, "run a program, wait for its result")
    case 6:
      ConsoleCommand(
        "start", "SLOT", .post, .instance, hasOptions: true,
        "leave a program to itself: boot=start, restart=always, every=MS, device=N above=N")
    case 7:
      ConsoleCommand(
        "stop", "SLOT", .delete, .instance, query: Choice.notAtBoot.text, "end a program, at boot as well")
    case 8: ConsoleCommand("kill", "SLOT", .delete, .instance, "end a program now")
    case 9: ConsoleCommand("pause", "SLOT", .post, .pause, "take a program from the processor")
    case 10: ConsoleCommand("resume", "SLOT", .post, .resume, "let it go on")
    case 11: ConsoleCommand("log", "SLOT", .get, .log, "what a program printed last")
    case 12:
      ConsoleCommand("compile", "SLOT", .post, .code, hasOptions: true, "compile a program")
    case 13: ConsoleCommand("erase", "SLOT", .delete, .slot, "empty a slot")
    case 14:
      ConsoleCommand("install", "URL", .post, .trigger, hasBody: true, "install what a manifest describes")
    case 15: ConsoleCommand("store", "", .get, .store, "what programs share")
    case 16: ConsoleCommand("store", "KEY", .get, .storeEntry, "one value of that")
    case 17: ConsoleCommand("store", "KEY VALUE", .put, .storeEntry, hasBody: true, "change it")
    case 18: ConsoleCommand("forget", "KEY", .delete, .storeEntry, "forget it")
    case 19: ConsoleCommand("local", "SLOT", .get, .programStore, "what a program keeps for itself")
    case 20: ConsoleCommand("local", "SLOT KEY", .get, .programStoreEntry, "one value of that")
    case 21:
      ConsoleCommand("local", "SLOT KEY VALUE", .put, .programStoreEntry, hasBody: true, "change it")
    case 22: ConsoleCommand("forget", "SLOT KEY", .delete, .programStoreEntry, "forget it")
    case 23: ConsoleCommand("sensors", "", .get, .peripherals, "display, sensors and actuators")
    case 24: ConsoleCommand("sensor", "DEVICE", .get, .peripheral, "one of them")
    case 25:
      ConsoleCommand(
        "set", "DEVICE VALUE", .put, .peripheral, hasBody: true, "set an actuator, simulate a sensor")
    case 26: ConsoleCommand("release", "DEVICE", .delete, .peripheral, "simulate it no longer")
    case 27: ConsoleCommand("gpio", "PORT PIN", .get, .pin, "whether a pin is high")
    case 28: ConsoleCommand("gpio", "PORT PIN LEVEL", .put, .pin, hasBody: true, "make it an output")
    case 29: ConsoleCommand("reboot", "", .post, .reboot, "restart the device")
    case 30: ConsoleCommand("resources", "", .get, .wellKnownCore, "what can be asked for over the network")
    default: ConsoleCommand("help", "", .get, .wellKnownCore, "this")
    }
  }

  /// How many words follow the name, those of the query apart.
  public var wordCount: Int {
    let path = resource.path.bytes
    var count = hasBody ? 1 : 0
    for index in path.indices where path[index] == UInt8(ascii: "+") || path[index] == UInt8(ascii: "*") {
      count += 1
    }
    return count
  }

  /// Writes a line of help.
  public func writeHelp(into output: inout ByteWriter) throws(OutOfBounds) {
    try output.write("  ")
    try output.write(name)
    if !arguments.bytes.isEmpty {
      try output.write(" ")
      try output.write(arguments)
    }
    if hasOptions { try output.write(" [NAME=VALUE ...]") }
    try output.write(": ")
    try output.write(summary)
    try output.write("\n")
  }
}

/// Why a line is no command.
public enum ConsoleError: Error, Equatable, Sendable {
  /// There is nothing in it.
  case empty
  /// It asks for help.
  case help
  /// No command has this name.
  case unknown
  /// The command takes other words.
  case arguments
  /// The word with this index, counted from 0, is no number that fits.
  case number(word: Int)
}

/// A line that was typed at a console, as the request that it stands for.
public struct ConsoleRequest: ~Escapable {
  public let code: Code
  public let route: Route
  private let fixedQuery: StaticString
  private let hasOptions: Bool
  private let line: Span<UInt8>
  /// Where in the line the body stands.
  private let bodyRange: Range<Int>

  /// - Throws: ``ConsoleError``.
  @_lifetime(copy line)
  public init(_ line: Span<UInt8>) throws(ConsoleError) {
    var words = Words(line)
    guard let name = words.next() else { throw .empty }
    let nameBytes = line.extracting(name)
    if nameBytes.holdsSameBytes(as: "help") { throw .help }
    var count = 0
    var optionCount = 0
    while let word = words.next() {
      count += 1
      if Self.isOption(line.extracting(word)) { optionCount += 1 }
    }
    var isKnown = false
    for index in 0..<ConsoleCommand.count {
      let command = ConsoleCommand.at(index)
      guard nameBytes.holdsSameBytes(as: command.name) else { continue }
      isKnown = true
      guard command.wordCount == count - (command.hasOptions ? optionCount : 0) else { continue }
      (route, bodyRange) = try Self.route(of: command, in: line)
      code = command.code
      fixedQuery = command.query
      hasOptions = command.hasOptions
      self.line = line
      return
    }
    throw isKnown ? .arguments : .unknown
  }

  /// The body of the request; empty if it has none.
  public var body: Span<UInt8> {
    @_lifetime(copy self)
    get { line.extracting(bodyRange) }
  }

  /// Calls `body` with each option of the query.
  public func forEachQuery<Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    if !fixedQuery.bytes.isEmpty { try body(fixedQuery.bytes) }
    guard hasOptions else { return }
    var words = Words(line)
    while let word = words.next() {
      let text = line.extracting(word)
      if Self.isOption(text) { try body(text) }
    }
  }

  private static func isOption(_ word: Span<UInt8>) -> Bool {
    for index in word.indices where word[index] == UInt8(ascii: "=") { return true }
    return word.holdsSameBytes(as: Choice.pressed.text)
  }

  /// Finds the numbers of the path, and the body.
  private static func route(
    of command: ConsoleCommand, in line: Span<UInt8>
  ) throws(ConsoleError) -> (Route, Range<Int>) {
    var parameter: Int?
    var key: UInt32?
    var body = 0..<0
    var resource = command.resource
    let path = resource.path.bytes
    var words = Words(line)
    _ = words.next()
    var word = 0
    var position = 0
    while let range = words.next() {
      word += 1
      let text = line.extracting(range)
      if command.hasOptions, isOption(text) {
        if resource == .instance { resource = started(by: text) ?? resource }
        continue
      }
      while position < path.count, path[position] != UInt8(ascii: "+"), path[position] != UInt8(ascii: "*") {
        position += 1
      }
      guard position < path.count else {
        body = range
        continue
      }
      guard let number = decimalNumber(text).flatMap(UInt32.init(exactly:)) else { throw .number(word: word) }
      if path[position] == UInt8(ascii: "+") {
        guard number <= 9999 else { throw .number(word: word) }
        parameter = Int(number)
      } else {
        key = number
      }
      position += 1
    }
    return (Route(resource, parameter: parameter, key: key), body)
  }

  /// What a program is started by that has this option.
  private static func started(by option: Span<UInt8>) -> Resource? {
    if option.begins(with: Parameter.every.text) { return .timer }
    return option.begins(with: Parameter.device.text) || option.begins(with: Choice.pressed.text)
      ? .event : nil
  }
}

extension Span<UInt8> {
  fileprivate func begins(with text: StaticString) -> Bool {
    count >= text.bytes.count && extracting(0..<text.bytes.count).holdsSameBytes(as: text)
  }
}

/// Divides a line at its spaces.
private struct Words: ~Escapable {
  private let line: Span<UInt8>
  private var position = 0

  @_lifetime(copy line)
  init(_ line: Span<UInt8>) {
    self.line = line
  }

  mutating func next() -> Range<Int>? {
    while position < line.count, line[position] <= UInt8(ascii: " ") { position += 1 }
    guard position < line.count else { return nil }
    let start = position
    while position < line.count, line[position] > UInt8(ascii: " ") { position += 1 }
    return start..<position
  }
}
