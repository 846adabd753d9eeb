import Bytes
import CBOR
public import CoAP
import DeviceProtocol
import Interpreter
import JIT
public import Platform
import Runtime

/// A device as its network sees it: resources over CoAP, joined to the deployment of programs and their execution.
///
/// The same on every board and on Linux. Whoever owns the socket calls ``receive(_:from:sink:)`` with each datagram and
/// ``poll(sink:)`` when ``nextDeadline`` has come.
public struct DeviceServer<B: Board & ~Copyable>: ~Copyable {
  let provisioning: Provisioning
  var runtime: Runtime<B>
  var endpoint: Endpoint<8>
  var deployment: Deployment<B.Crypto>
  /// Where response bodies are written.
  var body: Buffer

  /// The longest body of a response, in bytes; it may take several blocks.
  static var bodyBytes: Int { 2048 }

  public init(board: consuming B, provisioning: Provisioning) {
    endpoint = Endpoint(
      seed: provisioning.seed ^ board.now.milliseconds, taking: [.bodiesInBlocks, .conditions])
    runtime = Runtime(board: board)
    self.provisioning = provisioning
    deployment = Deployment()
    body = Buffer(count: Self.bodyBytes)
  }

  /// When something is due even if no datagram comes; `nil` if nothing is.
  public var nextDeadline: Instant? { endpoint.nextDeadline }

  public var now: Instant { runtime.services.board.now }

  /// Takes in a datagram from the network, whatever it holds.
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: Peer, isMulticast: Bool = false,
    sink: inout some DatagramSink & ~Copyable
  ) {
    switch endpoint.receive(datagram, from: peer, isMulticast: isMulticast, at: now, sink: &sink) {
    case .request(let request):
      guard let message = try? Message(datagram) else { return }
      handle(message, request, from: peer, sink: &sink)
    case .response(let exchange):
      guard let message = try? Message(datagram) else { return }
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
    while true {
      switch endpoint.poll(at: now, sink: &sink) {
      case .failed(let exchange, let failure): failDeployment(of: exchange, failure, sink: &sink)
      case .none: return tellObservers(sink: &sink)
      case .request, .response: break
      }
    }
  }

  private mutating func handle(
    _ message: borrowing Message, _ request: RequestID, from peer: Peer,
    sink: inout some DatagramSink & ~Copyable
  ) {
    do throws(Problem) {
      let route = try Route(serving: message)
      let format = try Format(accepting: message, on: route.resource)
      let choices = try choices(of: message, on: route.resource)
      try admit(message, on: route)
      switch route.resource {
      case .wellKnownCore:
        try respondWithLinks(to: request, matching: message, sink: &sink)
      case .device:
        let description = DeviceDescription(
          board: B.name, provisioning: provisioning, uptime: now.milliseconds,
          codeRegionBytes: B.Native.current == nil ? 0 : Limits.codeBytes, asker: peer)
        try respond(to: request, .content, format, description, sink: &sink)
      case .slots:
        observe(request, route, format)
        try respond(
          to: request, .content, format, SlotList(of: runtime), hasEntityTag: true, sink: &sink)
      case .slot where message.code == .delete:
        try erase(try SlotNumber(in: route), keepingCode: choices.contains(.keepCode))
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .slot:
        let state = SlotState(of: try SlotNumber(in: route), in: runtime)
        observe(request, route, format)
        try respond(to: request, .content, format, state, hasEntityTag: true, sink: &sink)
      case .run:
        let slot = try SlotNumber(in: route)
        let result = try run(slot, context: message.payload, isCompiled: choices.contains(.jit))
        try respond(to: request, .changed, format, result, sink: &sink)
      case .code where message.code == .delete:
        runtime.dropCode(of: try SlotNumber(in: route))
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .code:
        let slot = try SlotNumber(in: route)
        let record = try compile(slot, isolation: choices.contains(.hardware) ? .hardware : .checked)
        try respond(to: request, .changed, format, CodeState(slot: slot, record: record), sink: &sink)
      case .trigger:
        try startDeployment(from: message.payload, request, format, sink: &sink)
      case .push:
        try receivePush(message, request, format, from: peer, sink: &sink)
      }
    } catch {
      respond(to: request, with: error, sink: &sink)
    }
  }

  private func choices(of request: borrowing Message, on resource: Resource) throws(Problem) -> ChoiceSet {
    do throws(ChoiceSet.Unknown) {
      return try ChoiceSet(request, on: resource)
    } catch {
      throw Problem(unknownQuery: error.index)
    }
  }

  private mutating func erase(_ slot: SlotNumber, keepingCode: Bool) throws(Problem) {
    guard keepingCode else { return runtime.erase(slot) }
    guard runtime.discardImage(of: slot) else { throw Problem(compilation: .notCompiled, in: slot) }
  }

  private mutating func compile(_ slot: SlotNumber, isolation: Isolation) throws(Problem) -> CodeRecord {
    do throws(CompilationError) {
      return try runtime.compile(slot, isolation: isolation)
    } catch {
      throw Problem(error, in: slot)
    }
  }

  /// Runs a slot's program; a trap is a problem.
  private mutating func run(
    _ slot: SlotNumber, context: Span<UInt8>, isCompiled: Bool
  ) throws(Problem) -> ExecutionResult {
    let start = runtime.services.board.microseconds
    let outcome: Outcome
    do throws(RunError) {
      outcome =
        isCompiled
        ? try runtime.runCompiled(slot, context: context) : try runtime.run(slot, context: context)
    } catch {
      throw Problem(error, in: slot)
    }
    switch outcome.result {
    case .returned(let value):
      let microseconds = runtime.services.board.microseconds - start
      return ExecutionResult(result: value, instructions: outcome.executed, microseconds: microseconds)
    case .trapped(let trap): throw Problem(trap)
    }
  }
}
