import Bytes
import CBOR
public import CoAP
import DeviceProtocol
import Interpreter
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
    endpoint = Endpoint(seed: provisioning.seed ^ board.now.milliseconds)
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
    _ datagram: Span<UInt8>, from peer: Peer, sink: inout some DatagramSink & ~Copyable
  ) {
    switch endpoint.receive(datagram, from: peer, at: now, sink: &sink) {
    case .request(let request):
      guard let message = try? Message(datagram) else { return }
      handle(message, request, from: peer, sink: &sink)
    case .response(let exchange):
      guard let message = try? Message(datagram) else { return }
      continueDeployment(with: message, of: exchange, sink: &sink)
    case .failed(let exchange, let failure):
      failDeployment(of: exchange, failure, sink: &sink)
    case .none:
      break
    }
  }

  /// Does what is due by now.
  public mutating func poll(sink: inout some DatagramSink & ~Copyable) {
    while true {
      switch endpoint.poll(at: now, sink: &sink) {
      case .failed(let exchange, let failure): failDeployment(of: exchange, failure, sink: &sink)
      case .none: return
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
      switch route.resource {
      case .wellKnownCore:
        try respondWithLinks(to: request, sink: &sink)
      case .device:
        let description = DeviceDescription(
          board: B.name, provisioning: provisioning, uptime: now.milliseconds, asker: peer)
        try respond(to: request, .content, format, description, sink: &sink)
      case .slots:
        try respond(to: request, .content, format, SlotList(records: runtime.slots.records), sink: &sink)
      case .slot where message.code == .delete:
        runtime.erase(try SlotNumber(in: route))
        endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
      case .slot:
        let slot = try SlotNumber(in: route)
        try respond(
          to: request, .content, format, SlotState(slot: slot, record: runtime.slots[slot]), sink: &sink)
      case .run:
        let result = try run(try SlotNumber(in: route), context: message.payload)
        try respond(to: request, .changed, format, result, sink: &sink)
      case .trigger:
        try startDeployment(from: message.payload, request, format, sink: &sink)
      }
    } catch {
      respond(to: request, with: error, sink: &sink)
    }
  }

  /// Runs a slot's program; a trap is a problem.
  private mutating func run(_ slot: SlotNumber, context: Span<UInt8>) throws(Problem) -> ExecutionResult {
    let outcome: Outcome
    do throws(RunError) {
      outcome = try runtime.run(slot, context: context)
    } catch {
      throw Problem(error, in: slot)
    }
    switch outcome.result {
    case .returned(let value): return ExecutionResult(result: value, instructions: outcome.executed)
    case .trapped(let trap): throw Problem(trap)
    }
  }
}
