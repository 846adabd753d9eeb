import Bytes
import CBOR
public import CoAP
import DeviceProtocol
import JIT
public import Platform
import Runtime
import SlotStorage

/// A device as its network sees it: resources over CoAP, joined to the deployment of programs and their execution.
///
/// The same on every board and on Linux. Whoever owns the socket calls `receive(_:from:sink:)` with each datagram and
/// ``poll(sink:)`` when ``nextDeadline`` has come.
public struct DeviceServer<B: Board & ~Copyable>: ~Copyable {
  let provisioning: Provisioning
  var runtime: Runtime<B>
  var endpoint: Endpoint<8>
  var deployment: Deployment<B.Crypto>
  /// Who waits for the end of a short run, by slot.
  var waiting = PerSlot<WaitingRequest?>(repeating: nil)
  /// Requests that wait for a program to be free: as many as there are exchanges.
  var queue = InlineArray<8, QueuedRequest?>(repeating: nil)
  var queueNumber: UInt32 = 0
  /// Where response bodies are written.
  var body: Buffer
  var traffic = TrafficCounters()
  /// What whoever read the device's description last was told.
  var readings = DeviceReadings()
  /// When the board is to restart; `nil` unless somebody has asked for it.
  var restartTime: Instant?

  /// The longest body of a response, in bytes; it may take several blocks.
  static var bodyBytes: Int { 8192 }

  /// - Parameters:
  ///   - board: the machine.
  ///   - provisioning: its identity and the keys it trusts.
  ///   - policy: what it grants to programs and to those who ask it.
  public init(
    board: consuming B, provisioning: Provisioning, policy: consuming AccessPolicy = AccessPolicy()
  ) {
    endpoint = Endpoint(
      seed: provisioning.seed ^ board.now.milliseconds, taking: [.bodiesInBlocks, .conditions])
    runtime = Runtime(board: board)
    runtime.policy = policy
    self.provisioning = provisioning
    deployment = Deployment()
    body = Buffer(count: Self.bodyBytes)
  }

  /// When something is due even if no datagram comes; `nil` if nothing is.
  public var nextDeadline: Instant? {
    mutating get {
      var deadline = endpoint.nextDeadline
      if let restartTime { deadline = deadline.map { min($0, restartTime) } ?? restartTime }
      if let wake = runtime.nextWake { deadline = deadline.map { min($0, wake) } ?? wake }
      for index in waiting.indices {
        guard let due = waiting[index]?.acknowledgement else { continue }
        deadline = deadline.map { min($0, due) } ?? due
      }
      for index in queue.indices {
        guard let due = queue[index]?.acknowledgement else { continue }
        deadline = deadline.map { min($0, due) } ?? due
      }
      return deadline
    }
  }

  public var now: Instant { mutating get { runtime.services.board.now } }

  /// Takes in a datagram from the network, whatever it holds.
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: Peer, isMulticast: Bool = false,
    sink: inout some DatagramSink & ~Copyable
  ) {
    traffic.datagrams &+= 1
    guard let message = try? Message(datagram) else {
      traffic.malformed &+= 1
      if !isMulticast { endpoint.rejectMalformed(datagram, from: peer, sink: &sink) }
      return
    }
    switch endpoint.receive(message, from: peer, isMulticast: isMulticast, at: now, sink: &sink) {
    case .request(let request):
      traffic.requests &+= 1
      handle(message, in: datagram, request, from: peer, sink: &sink)
    case .response(let exchange):
      continueDeployment(with: message, of: exchange, sink: &sink)
    case .failed(let exchange, let failure):
      failDeployment(of: exchange, failure, sink: &sink)
    case .none:
      return
    }
    tellObservers(sink: &sink)
  }

  /// Does what is due by now.
  public mutating func poll(sink: inout some DatagramSink & ~Copyable) {
    acknowledgeSlowRuns(sink: &sink)
    restartIfDue()
    while true {
      switch endpoint.poll(at: now, sink: &sink) {
      case .failed(let exchange, let failure): failDeployment(of: exchange, failure, sink: &sink)
      case .none: return tellObservers(sink: &sink)
      case .request, .response: break
      }
    }
  }

  mutating func handle(
    _ message: borrowing Message, in datagram: Span<UInt8>, _ request: RequestID, from peer: Peer,
    sink: inout some DatagramSink & ~Copyable
  ) {
    do throws(Problem) {
      guard let route = Route(message) else { throw Problem(request: .notFound) }
      let row = route.resource.row
      guard row.methods.contains(message.code) else { throw Problem(request: .methodNotAllowed) }
      // What a program answers with is its own matter.
      let format =
        route.resource == .request ? .cbor : try Format(accepting: message, otherwise: row.contentFormat)
      let query = try query(of: message, on: route.resource)
      try admit(message, on: route)
      switch route.resource {
      case .wellKnownCore:
        try respondWithLinks(to: request, matching: message, sink: &sink)
      case .device:
        // Not counted: reading the description changes nothing in it.
        traffic.datagrams &-= 1
        traffic.requests &-= 1
        // The blocks that follow the first are of the same state, whatever has changed meanwhile.
        if (message.block(.block2)?.number ?? 0) == 0 {
          readings = DeviceReadings(
            uptime: now.milliseconds, heapBytes: runtime.services.board.heapBytes, traffic: traffic)
        }
        let description = DeviceDescription(
          board: B.name, provisioning: provisioning,
          codeRegionBytes: B.Threads.routines == nil ? 0 : Limits.engineBytes, readings: readings, asker: peer
        )
        try respond(to: request, .content, format, description, sink: &sink)
      case .slots:
        observe(request, route, format)
        try respond(
          to: request, .content, format, SlotList(of: &runtime), hasEntityTag: true, sink: &sink)
      case .slot where message.code == .delete:
        let slot = try SlotNumber(in: route)
        try erase(slot, keepingCode: query.contains(.keepCode))
        answerRun(of: slot, sink: &sink)
        takeUpQueued(for: slot, sink: &sink)
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .slot:
        let state = SlotState(of: try SlotNumber(in: route), in: &runtime)
        observe(request, route, format)
        try respond(to: request, .content, format, state, hasEntityTag: true, sink: &sink)
      case .run:
        let slot = try SlotNumber(in: route)
        if enqueue(datagram, request, from: peer, for: slot) { return }
        try run(slot, context: message.payload, query, request, format, sink: &sink)
      case .request:
        let slot = try SlotNumber(in: route)
        if enqueue(datagram, request, from: peer, for: slot) { return }
        try answer(message, in: datagram, by: slot, query, request, format, sink: &sink)
      case .log:
        observe(request, route, format)
        let length = try writeLog(of: try SlotNumber(in: route), format)
        respond(
          to: request, Response(.content, contentFormat: format.contentFormat), count: length, sink: &sink)
      case .instance where message.code == .get:
        // An observer is not told whenever time passes.
        let isObserver = observe(request, route, format)
        try respondWithInstance(
          of: try SlotNumber(in: route), to: request, .content, format, withPresentUsage: !isObserver,
          sink: &sink)
      case .instance where message.code == .delete:
        let slot = try SlotNumber(in: route)
        try end(slot, query)
        answerRun(of: slot, sink: &sink)
        takeUpQueued(for: slot, sink: &sink)
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .instance:
        let slot = try SlotNumber(in: route)
        try start(slot, context: message.payload, on: nil, query)
        try respondWithInstance(of: slot, to: request, .changed, format, sink: &sink)
      case .pause:
        let slot = try SlotNumber(in: route)
        guard runtime.pause(slot) else { throw Problem(notRunning: slot) }
        try respondWithInstance(of: slot, to: request, .changed, format, sink: &sink)
      case .resume:
        let slot = try SlotNumber(in: route)
        guard runtime.resume(slot) else { throw Problem(notRunning: slot) }
        try respondWithInstance(of: slot, to: request, .changed, format, sink: &sink)
      case .timer:
        let slot = try SlotNumber(in: route)
        try start(slot, context: Span(), on: try timer(query, in: slot), query)
        try respondWithInstance(of: slot, to: request, .changed, format, sink: &sink)
      case .event:
        let slot = try SlotNumber(in: route)
        try start(slot, context: Span(), on: try event(query, in: slot), query)
        try respondWithInstance(of: slot, to: request, .changed, format, sink: &sink)
      case .code where message.code == .delete:
        let slot = try SlotNumber(in: route)
        runtime.dropCode(of: slot)
        answerRun(of: slot, sink: &sink)
        takeUpQueued(for: slot, sink: &sink)
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .code:
        let slot = try SlotNumber(in: route)
        let record = try compile(slot, isolation: query.contains(.hardware) ? .hardware : .checked)
        try respond(to: request, .changed, format, CodeState(slot: slot, record: record), sink: &sink)
      case .deployment:
        observe(request, route, format)
        try respond(to: request, .content, format, progress, sink: &sink)
      case .trigger:
        try startDeployment(from: message.payload, request, format, sink: &sink)
      case .push:
        try receivePush(message, request, format, from: peer, sink: &sink)
      case .peripherals:
        let time = now.milliseconds
        let state = PeripheralState(of: &runtime.services.board.peripherals, at: time)
        try respond(to: request, .content, format, state, sink: &sink)
      case .instances:
        let isObserver = observe(request, route, format)
        let instances = InstanceList(of: &runtime, withPresentUsage: !isObserver)
        try respond(to: request, .content, format, instances, sink: &sink)
      case .store, .programStore:
        let list = try entries(of: route)
        observe(request, route, format)
        try respond(to: request, .content, format, list, sink: &sink)
      case .storeEntry, .programStoreEntry:
        try handleEntry(message, route, request, format, sink: &sink)
      case .peripheral: try handlePeripheral(message, route, request, format, sink: &sink)
      case .pin: try handlePin(message, route, request, format, sink: &sink)
      case .reboot:
        guard runtime.policy.remote.contains(.restart) else { throw Problem.notGranted }
        guard B.canRestart else { throw Problem.cannotRestart }
        // The answer goes out first.
        restartTime = restartTime ?? now + 250
        endpoint.respond(to: request, Response(.changed), body: Span(), at: now, sink: &sink)
      }
    } catch {
      respond(to: request, with: error, sink: &sink)
    }
  }

  private func query(of request: borrowing Message, on resource: Resource) throws(Problem) -> Query {
    do throws(Query.Unknown) {
      return try Query(request, on: resource)
    } catch {
      throw Problem(unknownQuery: error.index)
    }
  }

  private mutating func erase(_ slot: SlotNumber, keepingCode: Bool) throws(Problem) {
    let isDone: Bool
    do throws(SlotStorageError) {
      if keepingCode {
        isDone = try runtime.discardImage(of: slot)
      } else {
        try runtime.erase(slot)
        isDone = true
      }
    } catch {
      throw Problem(error)
    }
    guard isDone else { throw Problem(compilation: .notCompiled, in: slot) }
  }

  mutating func compile(_ slot: SlotNumber, isolation: Isolation) throws(Problem) -> CodeRecord {
    do throws(CompilationError) {
      return try runtime.compile(slot, isolation: isolation)
    } catch {
      throw Problem(error, in: slot)
    }
  }
}
