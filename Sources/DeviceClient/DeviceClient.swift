import CoAP
public import CoAPTransport
import DeviceConsole
import DeviceProtocol
public import Helpers
public import JIT

/// Why a device did not do what it was asked.
public enum DeviceError: Error, CustomStringConvertible {
  /// It could not be asked, or did not answer.
  case unreachable(CoAPClientError)
  /// It answered why not.
  case refused(Refusal)
  /// It answered something that this client does not understand.
  case notUnderstood(String)

  public var description: String {
    switch self {
    case .unreachable(let error): "\(error)"
    case .refused(let refusal): refusal.description
    case .notUnderstood(let text): "the device's answer is not understood: \(text)"
    }
  }
}

/// What runs a program.
public enum Engine: String, CaseIterable, Codable, Sendable {
  case interpreter, jit
}

/// A device, asked over CoAP.
public struct DeviceClient: Sendable {
  /// `coap://` with address and port, nothing behind.
  public let url: String
  private let client: CoAPClient

  /// - Parameters:
  ///   - url: where the device is, such as `coap://127.0.0.1:5683`.
  ///   - client: the socket to use; it stays open.
  public init(url: String, client: CoAPClient) {
    self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
    self.client = client
  }

  /// Identity, version and limits.
  public func description() async throws(DeviceError) -> DeviceDescription {
    try DeviceDescription(await ask(.get, Route(.device)))
  }

  /// What each slot holds.
  public func slots() async throws(DeviceError) -> [SlotDescription] {
    try Self.slots(from: try await ask(.get, Route(.slots)))
  }

  public func slot(_ number: Int) async throws(DeviceError) -> SlotDescription {
    try SlotDescription(await ask(.get, Route(.slot, parameter: number)))
  }

  /// - Parameters:
  ///   - slot: which slot to empty.
  ///   - keepingCode: whether the compiled program stays, which there has to be then.
  /// - Throws: ``DeviceError``.
  public func erase(_ slot: Int, keepingCode: Bool = false) async throws(DeviceError) {
    _ = try await answer(
      .delete, Route(.slot, parameter: slot), choosing: keepingCode ? ChoiceSet(.keepCode) : .none)
  }

  /// Runs a slot's program with `context` as its input and waits for the result.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - context: what r1 points to.
  ///   - engine: `.jit` runs the compiled program, which there has to be.
  ///   - conditions: what the run may take and call.
  /// - Returns: r0 and what the run took.
  /// - Throws: ``DeviceError``, also when the program was stopped.
  public func run(
    _ slot: Int, context: [UInt8] = [], engine: Engine = .interpreter, conditions: RunConditions = .usual
  ) async throws(DeviceError) -> ExecutionDescription {
    try ExecutionDescription(
      await ask(
        .post, Route(.run, parameter: slot), choosing: engine.choice, saying: conditions.query,
        payload: context))
  }

  /// Runs a slot's compiled program; compiles it first unless it is.
  public func runCompiled(
    _ slot: Int, context: [UInt8] = [], conditions: RunConditions = .usual
  ) async throws(DeviceError) -> ExecutionDescription {
    do throws(DeviceError) {
      return try await run(slot, context: context, engine: .jit, conditions: conditions)
    } catch .refused(let refusal) where refusal.isNotCompiled {
      _ = try await compile(slot)
      return try await run(slot, context: context, engine: .jit, conditions: conditions)
    }
  }

  // MARK: What runs in slots

  /// What runs in a slot, or ran there last.
  public func instance(_ slot: Int) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(await ask(.get, Route(.instance, parameter: slot)))
  }

  /// What runs in every slot, or ran there last.
  public func instances() async throws(DeviceError) -> [InstanceDescription] {
    guard case .array(let items) = try await ask(.get, Route(.instances)) else {
      throw .notUnderstood("no list of instances")
    }
    var instances: [InstanceDescription] = []
    for item in items { instances.append(try InstanceDescription(item)) }
    return instances
  }

  /// Starts a slot's program, to go on until it ends or is ended.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - context: what r1 points to.
  ///   - engine: `.jit` runs the compiled program, which there has to be.
  ///   - restart: when it is started again after it has ended.
  ///   - conditions: what a run may take and call; without limits unless they say so.
  ///   - atBoot: whether the device also starts it whenever it has started itself.
  /// - Returns: what runs now.
  /// - Throws: ``DeviceError``, also when a run of the program is under way.
  public func start(
    _ slot: Int, context: [UInt8] = [], engine: Engine = .interpreter, restart: Restart = .never,
    conditions: RunConditions = .usual, atBoot: Bool = false
  ) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(
      await ask(
        .post, Route(.instance, parameter: slot),
        choosing: engine.choice.union(restart.choice).union(boot(atBoot)),
        saying: conditions.query, payload: context))
  }

  /// Runs a slot's program every so many milliseconds, from now on.
  public func start(
    _ slot: Int, every milliseconds: UInt32, engine: Engine = .interpreter,
    conditions: RunConditions = .usual, atBoot: Bool = false
  ) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(
      await ask(
        .post, Route(.timer, parameter: slot), choosing: engine.choice.union(boot(atBoot)),
        saying: ["\(Parameter.every.text)\(milliseconds)"] + conditions.query))
  }

  /// Runs a slot's program at each event of the board from now on: it is given what the device measured.
  public func start(
    _ slot: Int, on event: DeviceEvent, engine: Engine = .interpreter,
    conditions: RunConditions = .usual, atBoot: Bool = false
  ) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(
      await ask(
        .post, Route(.event, parameter: slot), choosing: engine.choice.union(boot(atBoot)),
        saying: event.query + conditions.query))
  }

  /// Ends what runs in a slot, and what would run there later. A program that starts at boot will do so again.
  public func kill(_ slot: Int) async throws(DeviceError) {
    _ = try await answer(.delete, Route(.instance, parameter: slot))
  }

  /// The same for good: the program is not started at boot any more.
  public func stop(_ slot: Int) async throws(DeviceError) {
    _ = try await answer(.delete, Route(.instance, parameter: slot), choosing: ChoiceSet(.notAtBoot))
  }

  /// Takes a slot's program from the processor.
  public func pause(_ slot: Int) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(await ask(.post, Route(.pause, parameter: slot)))
  }

  /// Lets a paused program go on.
  public func resume(_ slot: Int) async throws(DeviceError) -> InstanceDescription {
    try InstanceDescription(await ask(.post, Route(.resume, parameter: slot)))
  }

  /// What a slot's program printed last.
  public func log(of slot: Int) async throws(DeviceError) -> [UInt8] {
    try await answer(.get, Route(.log, parameter: slot)).body
  }

  /// Has a slot's program answer a request.
  ///
  /// - Returns: its answer, whatever the code.
  /// - Throws: ``DeviceError`` when the device answers instead: the program gave no response, or was stopped.
  public func request(
    _ code: Code, _ slot: Int, payload: [UInt8] = [], engine: Engine = .interpreter,
    conditions: RunConditions = .usual
  ) async throws(DeviceError) -> CoAPResponse {
    try await answer(
      code, Route(.request, parameter: slot), choosing: engine.choice, saying: conditions.query,
      payload: payload)
  }

  // MARK: Stores

  /// What a slot's program keeps, or for `nil` what all programs share.
  public func store(of slot: Int?) async throws(DeviceError) -> [StoreEntryDescription] {
    let route = slot.map { Route(.programStore, parameter: $0) } ?? Route(.store)
    guard case .array(let items) = try await ask(.get, route) else {
      throw .notUnderstood("no list of entries")
    }
    var entries: [StoreEntryDescription] = []
    for item in items { entries.append(try StoreEntryDescription(item)) }
    return entries
  }

  /// What is stored under a key.
  public func value(of key: UInt32, in slot: Int?) async throws(DeviceError) -> StoreEntryDescription {
    try StoreEntryDescription(await ask(.get, entry(key, slot)))
  }

  /// Stores a value under a key.
  public func store(
    _ value: UInt32, under key: UInt32, in slot: Int?
  ) async throws(DeviceError) -> StoreEntryDescription {
    try StoreEntryDescription(await ask(.put, entry(key, slot), payload: Array("\(value)".utf8)))
  }

  /// Forgets what is stored under a key.
  public func removeValue(of key: UInt32, in slot: Int?) async throws(DeviceError) {
    _ = try await answer(.delete, entry(key, slot))
  }

  private func entry(_ key: UInt32, _ slot: Int?) -> Route {
    slot.map { Route(.programStoreEntry, parameter: $0, key: key) } ?? Route(.storeEntry, key: key)
  }

  // MARK: The board

  /// Sets an actuator, or what a simulated sensor measures from now on.
  public func set(
    _ value: Int16, device number: Int
  ) async throws(DeviceError) -> PeripheralDescription.Reading {
    try PeripheralDescription.Reading(
      await ask(.put, Route(.peripheral, parameter: number), payload: Array("\(value)".utf8)))
  }

  /// Has a simulated sensor measure again what it otherwise would.
  public func release(device number: Int) async throws(DeviceError) {
    _ = try await answer(.delete, Route(.peripheral, parameter: number))
  }

  /// Restarts the device.
  public func reboot() async throws(DeviceError) {
    _ = try await answer(.post, Route(.reboot))
  }

  /// What the device's sensors measure, its actuators are set to, and its display shows.
  public func peripherals() async throws(DeviceError) -> PeripheralDescription {
    try PeripheralDescription(await ask(.get, Route(.peripherals)))
  }

  /// Compiles a slot's program.
  public func compile(
    _ slot: Int, isolation: Isolation = .checked
  ) async throws(DeviceError) -> CodeDescription {
    try CodeDescription(
      await ask(
        .post, Route(.code, parameter: slot),
        choosing: isolation == .hardware ? ChoiceSet(.hardware) : .none))
  }

  /// Drops a slot's compiled program, if there is one.
  public func dropCode(of slot: Int) async throws(DeviceError) {
    _ = try await answer(.delete, Route(.code, parameter: slot))
  }

  /// Has the device install what the manifest at `manifest` describes, and waits until it has.
  public func install(manifest: String) async throws(DeviceError) -> InstallationDescription {
    try InstallationDescription(
      await ask(.post, Route(.trigger), payload: Array(manifest.utf8), contentFormat: .text))
  }

  /// Sends the device an envelope with its image, and waits until the image is installed.
  ///
  /// - Parameters:
  ///   - envelope: as `Envelope.encoded(pushing:)` makes it.
  ///   - progress: called with the bytes that have arrived.
  /// - Returns: what was installed.
  /// - Throws: ``DeviceError``.
  public func push(
    _ envelope: [UInt8], progress: (@Sendable (Int) -> Void)? = nil
  ) async throws(DeviceError) -> InstallationDescription {
    try InstallationDescription(
      await ask(
        .post, Route(.push), payload: envelope, contentFormat: .octetStream, progress: progress))
  }

  /// The state of every slot, and from then on whenever one has changed.
  public func followSlots() -> AsyncThrowingStream<[SlotDescription], any Error> {
    follow(Route(.slots)) { (value) throws(DeviceError) in try Self.slots(from: value) }
  }

  /// How far a deployment is, or how the last one ended, and from then on whenever that has changed.
  public func followDeployment() -> AsyncThrowingStream<ProgressDescription, any Error> {
    follow(Route(.deployment)) { (value) throws(DeviceError) in try ProgressDescription(value) }
  }

  /// What a slot's program printed last, and from then on whenever it has printed more.
  public func followLog(of slot: Int) -> AsyncThrowingStream<LogDescription, any Error> {
    follow(Route(.log, parameter: slot)) { (value) throws(DeviceError) in try LogDescription(value) }
  }

  /// What runs in a slot, and from then on whenever its state has changed.
  public func followInstance(_ slot: Int) -> AsyncThrowingStream<InstanceDescription, any Error> {
    follow(Route(.instance, parameter: slot)) { (value) throws(DeviceError) in
      try InstanceDescription(value)
    }
  }

  private func follow<State: Sendable>(
    _ route: Route, _ parse: @escaping @Sendable (Value) throws(DeviceError) -> State
  ) -> AsyncThrowingStream<State, any Error> {
    let answers = client.observe("\(url)/\(route.path)", accept: .cbor)
    return AsyncThrowingStream { continuation in
      let task = Task {
        do {
          for try await answer in answers {
            guard answer.code.isSuccess else { throw DeviceError.refused(Refusal(answer)) }
            continuation.yield(try parse(try Self.value(of: answer)))
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// Asks for what a line says that could be typed at the device's own console.
  ///
  /// - Returns: the answer, as that console would put it out.
  /// - Throws: ``DeviceError``, or ``NoCommand`` for a line that is none.
  public func console(_ line: String) async throws -> String {
    let bytes = Array(line.utf8)
    let request: ConsoleLine
    do throws(ConsoleError) { request = try ConsoleLine(bytes.span) } catch {
      switch error {
      case .help: return ConsoleLine.help
      case .empty: return ""
      case .unknown, .arguments, .number: throw NoCommand(error: error)
      }
    }
    let isListOfLinks = request.route.resource.row.contentFormat == .linkFormat
    let answer = try await answer(
      request.code, request.route, saying: request.queries, payload: request.body,
      accept: isListOfLinks ? nil : .text)
    return answer.body.isEmpty ? "done" : String(decoding: answer.body, as: UTF8.self)
  }

  private static func slots(from value: Value) throws(DeviceError) -> [SlotDescription] {
    guard case .array(let items) = value else { throw .notUnderstood("no list of slots") }
    var slots: [SlotDescription] = []
    for item in items { slots.append(try SlotDescription(item)) }
    return slots
  }

  private func ask(
    _ code: Code, _ route: Route, choosing choices: ChoiceSet = .none, saying others: [String] = [],
    payload: [UInt8] = [], contentFormat: ContentFormat? = nil, progress: (@Sendable (Int) -> Void)? = nil
  ) async throws(DeviceError) -> Value {
    try Self.value(
      of: try await answer(
        code, route, choosing: choices, saying: others, payload: payload, contentFormat: contentFormat,
        progress: progress))
  }

  private static func value(of response: CoAPResponse) throws(DeviceError) -> Value {
    guard let value = Value(response.body) else {
      throw .notUnderstood(
        "no CBOR, but \(response.body.count) bytes of content format \(response.contentFormat?.rawValue.description ?? "none")"
      )
    }
    return value
  }

  private func answer(
    _ code: Code, _ route: Route, choosing choices: ChoiceSet = .none, saying others: [String] = [],
    payload: [UInt8] = [], contentFormat: ContentFormat? = nil, accept: ContentFormat? = nil,
    progress: (@Sendable (Int) -> Void)? = nil
  ) async throws(DeviceError) -> CoAPResponse {
    let response: CoAPResponse
    do throws(CoAPClientError) {
      response = try await client.request(
        code, "\(url)/\(route.path)\(query(choices, others))", payload: payload, contentFormat: contentFormat,
        accept: accept, progress: progress)
    } catch {
      throw .unreachable(error)
    }
    guard response.code.isSuccess else { throw .refused(Refusal(response)) }
    return response
  }
}

/// As it stands behind a URL's path.
private func query(_ choices: ChoiceSet, _ others: [String]) -> String {
  let texts = Choice.allCases.filter { choices.contains($0) }.map { "\($0.text)" } + others
  return texts.isEmpty ? "" : "?" + texts.joined(separator: "&")
}

private func boot(_ isAtBoot: Bool) -> ChoiceSet { isAtBoot ? ChoiceSet(.atBoot) : .none }

/// An event that runs a program: the device comes to this value.
public struct DeviceEvent: Equatable, Sendable {
  public enum Condition: Equatable, Sendable {
    case above(Int16), below(Int16), pressed
  }

  /// The number of the device, counted from 0.
  public var device: Int
  public var condition: Condition

  public init(device: Int, _ condition: Condition) {
    self.device = device
    self.condition = condition
  }

  fileprivate var query: [String] {
    let condition =
      switch condition {
      case .above(let value): "\(Parameter.above.text)\(value)"
      case .below(let value): "\(Parameter.below.text)\(value)"
      case .pressed: "\(Choice.pressed.text)"
      }
    return ["\(Parameter.device.text)\(device)", condition]
  }
}

extension Engine {
  fileprivate var choice: ChoiceSet { self == .jit ? ChoiceSet(.jit) : .none }
}

/// When a long-running program that has ended is started again.
public enum Restart: String, CaseIterable, Sendable {
  case never
  case onFailure = "on-failure"
  case always

  fileprivate var choice: ChoiceSet {
    switch self {
    case .never: .none
    case .onFailure: ChoiceSet(.restartOnFailure)
    case .always: ChoiceSet(.restartAlways)
    }
  }
}

/// What a run may take and call, where that differs from the usual.
public struct RunConditions: Equatable, Sendable {
  /// Milliseconds of the processor's time, and counted instructions; 0 for as much as it likes.
  public var milliseconds: UInt32?
  public var instructions: UInt32?
  /// Bytes of its arena that it may use, and that it may print in one second; `nil` for all that the device gives.
  public var arena: UInt32?
  public var logRate: UInt32?
  /// The only helpers that it may call, of those that the program is granted.
  public var helpers: [Helper]?

  public init(
    milliseconds: UInt32? = nil, instructions: UInt32? = nil, arena: UInt32? = nil, logRate: UInt32? = nil,
    helpers: [Helper]? = nil
  ) {
    self.milliseconds = milliseconds
    self.instructions = instructions
    self.arena = arena
    self.logRate = logRate
    self.helpers = helpers
  }

  public static var usual: RunConditions { RunConditions() }

  fileprivate var query: [String] {
    [
      milliseconds.map { "\(Parameter.milliseconds.text)\($0)" },
      instructions.map { "\(Parameter.instructions.text)\($0)" },
      arena.map { "\(Parameter.arena.text)\($0)" },
      logRate.map { "\(Parameter.log.text)\($0)" },
      helpers.map { "\(Query.helpersName)\(hexadecimal($0.map(\.rawValue)))" },
    ].compactMap(\.self)
  }
}
