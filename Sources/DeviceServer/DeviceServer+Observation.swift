import Bytes
import CoAP
import DeviceProtocol
import Runtime

extension DeviceServer where B: ~Copyable {
  /// Makes the client an observer (RFC 7641) of what it asked for, if it wants that.
  ///
  /// - Returns: whether it is one now.
  @discardableResult
  mutating func observe(_ request: RequestID, _ route: Route, _ format: Format) -> Bool {
    endpoint.observe(request, as: Observed(route: route, format: format).number, at: now)
  }

  /// Tells the observers of what has changed since they were told last. Nobody who changes something has to think of them.
  mutating func tellObservers(sink: inout some DatagramSink & ~Copyable) {
    guard endpoint.hasObservers else { return }
    let now = now
    for place in 0..<Endpoint<8>.observerLimit {
      guard let number = endpoint.resourceObserved(at: place), let length = represent(number) else {
        continue
      }
      endpoint.noteState(of: body, count: length, at: place)
    }
    while let (observer, number) = endpoint.nextStaleObserver(at: now) {
      let length = represent(number)
      let response = Response(
        length == nil ? .notFound : .content,
        contentFormat: length == nil ? nil : Observed(number: number)?.format.contentFormat,
        hasEntityTag: true)
      // What is lost of a log is not made good by a newer state, for that may have forgotten it.
      let isLog = Observed(number: number)?.route.resource == .log
      endpoint.notify(
        observer, response, body: body, count: length ?? 0, confirmable: isLog, at: now, sink: &sink)
    }
  }

  /// How far the deployment is that is under way, or how the last one ended.
  var progress: DeploymentProgress {
    var progress = deployment.progress
    progress.packets = deployment.packets
    return progress
  }

  /// Writes the present state of what is observed into the body buffer.
  private mutating func represent(_ number: UInt32) -> Int? {
    guard let observed = Observed(number: number) else { return nil }
    do throws(Problem) {
      switch observed.route.resource {
      case .slots: return try write(SlotList(of: &runtime), observed.format)
      case .slot:
        return try write(SlotState(of: try SlotNumber(in: observed.route), in: &runtime), observed.format)
      case .instance:
        let slot = try SlotNumber(in: observed.route)
        let instance = runtime.instance(of: slot, withPresentUsage: false)
        return try write(InstanceState(slot: slot, instance: instance), observed.format)
      case .log: return try writeLog(of: try SlotNumber(in: observed.route), observed.format)
      case .deployment: return try write(progress, observed.format)
      case .instances: return try write(InstanceList(of: &runtime, withPresentUsage: false), observed.format)
      case .store, .programStore: return try write(try entries(of: observed.route), observed.format)
      default: return nil
      }
    } catch {
      return nil
    }
  }
}

/// What an observer is registered for, as a number that the endpoint keeps.
private struct Observed {
  let route: Route
  let format: Format

  init(route: Route, format: Format) {
    self.route = route
    self.format = format
  }

  init?(number: UInt32) {
    guard let resource = Resource(rawValue: UInt8(truncatingIfNeeded: number >> 24)),
      let format = Format(rawValue: UInt8(truncatingIfNeeded: number))
    else { return nil }
    let parameter = Int(number >> 8 & 0xffff)
    route = Route(resource, parameter: resource.hasParameter ? parameter : nil)
    self.format = format
  }

  var number: UInt32 {
    UInt32(route.resource.rawValue) << 24 | UInt32(truncatingIfNeeded: route.parameter ?? 0) << 8
      | UInt32(format.rawValue)
  }
}

extension Endpoint {
  // Buffers rather than spans of them, so that a server can lend its own while it changes its endpoint.

  fileprivate mutating func noteState(of body: borrowing Buffer, count: Int, at place: Int) {
    noteState(body.span.extracting(0..<count), at: place)
  }

  fileprivate mutating func notify(
    _ observer: ObserverID, _ response: Response, body: borrowing Buffer, count: Int, confirmable: Bool,
    at now: Instant, sink: inout some DatagramSink & ~Copyable
  ) {
    notify(
      observer, response, body: body.span.extracting(0..<count), confirmable: confirmable, at: now,
      sink: &sink)
  }
}
