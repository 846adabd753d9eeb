import Bytes
import CoAP
import DeviceProtocol
import Helpers
import JIT
import Platform
import Runtime
import SlotStorage

/// A request that is answered when a run has ended.
struct WaitingRequest: Sendable {
  let request: RequestID
  let format: Format
  /// When the run was started, in microseconds of the board's clock.
  let started: UInt64
  /// When the client is told that the answer takes longer; `nil` once it has been.
  var acknowledgement: Instant?
}

/// A request that waits for a short run of the same program to end.
struct QueuedRequest: Sendable {
  let request: RequestID
  let peer: Peer
  let slot: SlotNumber
  /// Which came first.
  let number: UInt32
  /// As of `WaitingRequest`.
  var acknowledgement: Instant?
}

extension DeviceServer where B: ~Copyable {
  /// How long a client waits for a result before it is told that the request has arrived, in milliseconds. Well below
  /// ACK_TIMEOUT (RFC 7252 §4.8.2), after which it would send the request again.
  private var patience: UInt64 { 500 }

  /// Lets programs run until one has ended or other work may be due. To be called again and again, after whatever has come in.
  ///
  /// - Returns: whether some program could go on at once.
  public mutating func runPrograms(sink: inout some DatagramSink & ~Copyable) -> Bool {
    let ended = runtime.advance()
    if let ended {
      answerRun(of: ended, sink: &sink)
      takeUpQueued(for: ended, sink: &sink)
    }
    if runtime.services.takeNews() || ended != nil { tellObservers(sink: &sink) }
    return runtime.isBusy
  }

  /// Has a request wait, if a short run keeps the slot's program busy: its turn comes when that has ended.
  ///
  /// - Returns: whether it waits.
  mutating func enqueue(
    _ datagram: Span<UInt8>, _ request: RequestID, from peer: Peer, for slot: SlotNumber
  ) -> Bool {
    guard runtime.isActive(slot) else { return false }
    let (_, model, _) = runtime.lastRun(of: slot)
    guard model == .short || model == .request else { return false }
    for index in queue.indices where queue[index] == nil {
      guard endpoint.keep(datagram, of: request) else { return false }
      queueNumber &+= 1
      queue[index] = QueuedRequest(
        request: request, peer: peer, slot: slot, number: queueNumber, acknowledgement: now + patience)
      return true
    }
    return false
  }

  /// Looks after the request that has waited longest for the slot's program.
  mutating func takeUpQueued(for slot: SlotNumber, sink: inout some DatagramSink & ~Copyable) {
    while !runtime.isActive(slot) {
      var first: Int?
      for index in queue.indices {
        guard let queued = queue[index], queued.slot == slot else { continue }
        if let best = first, let other = queue[best], other.number < queued.number { continue }
        first = index
      }
      guard let first, let queued = queue[first] else { return }
      queue[first] = nil
      handleKept(queued, sink: &sink)
    }
  }

  private mutating func handleKept(_ queued: QueuedRequest, sink: inout some DatagramSink & ~Copyable) {
    // A copy: answering it writes over the original.
    var copy = InlineArray<1152, UInt8>(repeating: 0)
    let length = Self.copyKeptDatagram(of: queued.request, from: &endpoint, to: copy.mutableSpan)
    let datagram = copy.span.extracting(0..<length)
    guard let message = try? Message(datagram) else { return }
    handle(message, in: datagram, queued.request, from: queued.peer, sink: &sink)
  }

  /// Starts a short run, whose end answers the request.
  mutating func run(
    _ slot: SlotNumber, context: Span<UInt8>, _ query: Query, _ request: RequestID, _ format: Format,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    if query.contains(.compileNow) { _ = try compile(slot, isolation: .checked) }
    let engine = Engine(query)
    let started = runtime.services.board.microseconds
    do throws(RunError) {
      try runtime.start(
        slot, engine, .short, context: context, limits: RunLimits(query, otherwise: .short(engine)),
        grants: query.helpers)
    } catch {
      throw Problem(error, in: slot)
    }
    waiting[slot.index] = WaitingRequest(
      request: request, format: format, started: started, acknowledgement: now + patience)
  }

  /// Starts a run that answers the request itself.
  mutating func answer(
    _ message: borrowing Message, in datagram: Span<UInt8>, by slot: SlotNumber, _ query: Query,
    _ request: RequestID, _ format: Format, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    if query.contains(.compileNow) { _ = try compile(slot, isolation: .checked) }
    let engine = Engine(query)
    do throws(RunError) {
      try runtime.start(
        slot, engine, answering: message, in: datagram, limits: RunLimits(query, otherwise: .short(engine)),
        grants: query.helpers)
    } catch {
      throw Problem(error, in: slot)
    }
    waiting[slot.index] = WaitingRequest(
      request: request, format: format, started: runtime.services.board.microseconds,
      acknowledgement: now + patience)
  }

  /// Starts a program that goes on without anyone who waits for it; from each start of the device on, if the request says so.
  mutating func start(
    _ slot: SlotNumber, context: Span<UInt8>, on trigger: Trigger?, _ query: Query
  ) throws(Problem) {
    let isForBoot = query.contains(.atBoot) || query.contains(.notAtBoot)
    guard !query.contains(.atBoot) || runtime.keepsSlots else { throw Problem.noStorage }
    if query.contains(.compileNow) { _ = try compile(slot, isolation: .checked) }
    var settings = StartSettings(query, trigger, isolation: runtime.code(of: slot)?.isolation)
    do throws(RunError) {
      try runtime.start(slot, settings, context: context)
    } catch {
      throw Problem(error, in: slot)
    }
    guard isForBoot else { return }
    settings.startsAtBoot = query.contains(.atBoot)
    do throws(SlotStorageError) {
      try runtime.set(settings.startsAtBoot ? settings : StartSettings(), of: slot)
    } catch {
      runtime.kill(slot)
      throw Problem(error)
    }
  }

  /// The timer that a request wants.
  func timer(_ query: Query, in slot: SlotNumber) throws(Problem) -> Trigger {
    guard let period = query.unsigned(.every), period > 0 else { throw Problem(noPeriod: slot) }
    return .every(milliseconds: period)
  }

  /// The event that a request wants.
  func event(_ query: Query, in slot: SlotNumber) throws(Problem) -> Trigger {
    guard let device = query[.device] else { throw Problem(noEvent: slot) }
    let number = UInt8(clamping: device)
    switch (query[.above], query[.below], query.contains(.pressed)) {
    case (let above?, nil, false):
      return .event(BoardEvent(device: number, .above, Int16(clamping: above)))
    case (nil, let below?, false):
      return .event(BoardEvent(device: number, .below, Int16(clamping: below)))
    case (nil, nil, true): return .event(BoardEvent(device: number, .above, 0))
    default: throw Problem(noEvent: slot)
    }
  }

  /// Ends what runs in the slot, and what would run there later; with the device's next start as well, if the request says so.
  mutating func end(_ slot: SlotNumber, _ query: Query) throws(Problem) {
    guard !query.contains(.atBoot) else { throw Problem.atBootOfNothing }
    var isDone = false
    if query.contains(.notAtBoot), runtime.record(of: slot).settings.startsAtBoot {
      do throws(SlotStorageError) { try runtime.set(StartSettings(), of: slot) } catch {
        throw Problem(error)
      }
      isDone = true
    }
    if runtime.kill(slot) { isDone = true }
    guard isDone else { throw Problem(notRunning: slot) }
  }

  /// Answers whoever waits for the end of the slot's run, which is over.
  mutating func answerRun(of slot: SlotNumber, sink: inout some DatagramSink & ~Copyable) {
    guard let waiter = waiting[slot.index], !runtime.isActive(slot) else { return }
    let (ending, model, usage) = runtime.lastRun(of: slot)
    waiting[slot.index] = nil
    do throws(Problem) {
      switch ending {
      case .returned(let value) where model == .request:
        try respondWithPacket(of: slot, returned: value, to: waiter.request, sink: &sink)
      case .returned(let value):
        let result = ExecutionResult(
          result: value, instructions: usage.instructions,
          microseconds: runtime.services.board.microseconds - waiter.started)
        try respond(to: waiter.request, .changed, waiter.format, result, sink: &sink)
      case .trapped(let trap): throw Problem(trap)
      case .faulted(let fault, let index): throw Problem(fault, index: index)
      case .killed(let index): throw Problem(killed: slot, index: index)
      case nil: throw Problem(killed: slot, index: nil)
      }
    } catch {
      respond(to: waiter.request, with: error, sink: &sink)
    }
  }

  /// Sends the response that the slot's program built.
  private mutating func respondWithPacket(
    of slot: SlotNumber, returned: UInt64, to request: RequestID,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    var response = Response(.content)
    var length = 0
    do throws(PacketError) {
      (response, length) = try Self.copyResponse(of: slot, returned: returned, from: &runtime, to: &body)
    } catch {
      throw Problem(error)
    }
    respond(to: request, response, count: length, sink: &sink)
  }

  /// Writes what the slot's program printed last into the body buffer and returns the length.
  mutating func writeLog(of slot: SlotNumber, _ format: Format) throws(Problem) -> Int {
    do throws(OutOfBounds) {
      return try Self.writeLog(of: slot, format, from: &runtime.services, to: &body)
    } catch {
      throw Problem(responseTooLong: error)
    }
  }

  // Take the parts of `self` apart, so that one may be read while another is changed.

  private static func copyResponse(
    of slot: SlotNumber, returned: UInt64, from runtime: inout Runtime<B>, to body: inout Buffer
  ) throws(PacketError) -> (Response, Int) {
    let built = try runtime.response(of: slot, returned: returned)
    // No packet is longer than the body.
    var body = body.mutableSpan
    for index in built.payload.indices { body[index] = built.payload[index] }
    return (built.response, built.payload.count)
  }

  private static func copyKeptDatagram(
    of request: RequestID, from endpoint: inout Endpoint<8>, to copy: consuming MutableSpan<UInt8>
  ) -> Int {
    let kept = endpoint.keptDatagram(of: request)
    let length = min(kept.count, copy.count)
    for index in 0..<length { copy[index] = kept[index] }
    return length
  }

  /// As text it is nothing but what was printed.
  private static func writeLog(
    of slot: SlotNumber, _ format: Format, from services: inout Services<B>, to body: inout Buffer
  ) throws(OutOfBounds) -> Int {
    let log = services.log(of: slot)
    var text = ByteWriter(body.mutableSpan)
    guard format != .text else {
      try text.write(log.older)
      try text.write(log.newer)
      return text.count
    }
    var writer = FieldWriter(text, format)
    try writer.beginMap(4)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.printed, Int64(log.printed))
    try writer.field(Field.dropped, Int64(log.dropped))
    try writer.field(Field.text, bytes: log.older, log.newer)
    return writer.output.count
  }

  /// Tells those who have waited long that their request has arrived.
  mutating func acknowledgeSlowRuns(sink: inout some DatagramSink & ~Copyable) {
    for index in waiting.indices {
      guard let waiter = waiting[index], let due = waiter.acknowledgement, due <= now else { continue }
      waiting[index]?.acknowledgement = nil
      endpoint.acknowledge(waiter.request, sink: &sink)
    }
    for index in queue.indices {
      guard let queued = queue[index], let due = queued.acknowledgement, due <= now else { continue }
      queue[index]?.acknowledgement = nil
      endpoint.acknowledge(queued.request, sink: &sink)
    }
  }

  mutating func respondWithInstance(
    of slot: SlotNumber, to request: RequestID, _ code: Code, _ format: Format,
    withPresentUsage: Bool = true, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let instance = runtime.instance(of: slot, withPresentUsage: withPresentUsage)
    try respond(to: request, code, format, InstanceState(slot: slot, instance: instance), sink: &sink)
  }
}

extension Engine {
  init(_ query: Query) {
    self = query.contains(.jit) ? .jit : .interpreter
  }
}

extension RunLimits {
  init(_ query: Query, otherwise usual: RunLimits) {
    guard query.givesNumbers else {
      self = usual
      return
    }
    self.init(
      instructions: query[.instructions].map { Int($0) } ?? usual.instructions,
      milliseconds: query.unsigned(.milliseconds) ?? usual.milliseconds,
      arenaBytes: query.unsigned(.arena), logBytesPerSecond: query.unsigned(.log))
  }
}

extension StartSettings {
  /// What a request says of how a program is to run.
  fileprivate init(_ query: Query, _ trigger: Trigger?, isolation: Isolation?) {
    self.init(
      isolation: query.contains(.jit) ? isolation ?? .checked : nil,
      restart: query.contains(.restartAlways)
        ? .always : query.contains(.restartOnFailure) ? .onFailure : .never,
      trigger: trigger, milliseconds: query.unsigned(.milliseconds),
      instructions: query.unsigned(.instructions), arenaBytes: query.unsigned(.arena),
      logBytesPerSecond: query.unsigned(.log), helpers: query.helpers)
  }
}
