import Bytes
import COSE
import CoAP
import DeviceProtocol
import Platform
import Runtime
import SUIT

/// One deployment: the manifest is fetched, judged, the image fetched, judged, installed; then its trigger is answered.
///
/// There is one at a time. It holds nothing that outlives it: the image gathers in the runtime's spare region, and the slot changes
/// only at the end, in one step.
struct Deployment<Crypto: Cryptography>: ~Copyable {
  enum Stage {
    case idle, manifest, image
    /// Envelope and image come in a request.
    case pushedEnvelope, pushedImage
  }

  var stage = Stage.idle
  var processor = ManifestProcessor<Crypto>()
  var fetch = BlockwiseFetch()
  var exchange: ExchangeID?
  /// Who is waiting for the end.
  var request: RequestID?
  var format = Format.cbor
  var started = Instant(milliseconds: 0)
  var packets = 0
  /// How far it is, for those who watch.
  var progress = DeploymentProgress()
  /// The request that comes in blocks, and how much of its image has come.
  var reception = BlockwiseReception()
  var pushedBytes = 0
  /// The manifest's URL.
  private var url = Buffer(count: Self.urlBytes)
  private var urlLength = 0

  static var urlBytes: Int { 128 }

  /// Takes the URL of a manifest over, and starts counting.
  mutating func begin(_ text: Span<UInt8>, for request: RequestID, format: Format, at now: Instant)
    throws(Problem)
  {
    var length = text.count
    // Some clients send the terminating zero of their C string, some a line end.
    while length > 0, text[length - 1] == 0 || text[length - 1] == UInt8(ascii: "\n") { length -= 1 }
    guard length <= Self.urlBytes else { throw Problem(urlTooLong: length, limit: Self.urlBytes) }
    var storage = url.mutableSpan
    for index in 0..<length { storage[index] = text[index] }
    urlLength = length
    self.request = request
    self.format = format
    started = now
    packets = 0
    stage = .manifest
    progress = DeploymentProgress(state: .manifest)
    fetch = BlockwiseFetch()
    processor.begin()
  }

  /// Takes the place for a deployment that is pushed, and starts counting.
  mutating func beginPush(at now: Instant) {
    exchange = nil
    started = now
    packets = 0
    pushedBytes = 0
    stage = .pushedEnvelope
    progress = DeploymentProgress(state: .manifest)
    processor.begin()
  }

  /// Whether another deployment has to wait: not for a client that has fallen silent while pushing.
  func isBusy(at now: Instant) -> Bool {
    switch stage {
    case .idle: false
    case .manifest, .image: true
    case .pushedEnvelope, .pushedImage: reception.isUnderWay(at: now)
    }
  }

  /// What is to be fetched now.
  var uri: Span<UInt8> {
    @_lifetime(borrow self)
    get { stage == .image ? processor.uri : url.span.extracting(0..<urlLength) }
  }

  /// Whether an event about this exchange is about this deployment.
  func isWaiting(for exchange: ExchangeID) -> Bool {
    stage != .idle && self.exchange == exchange
  }
}

/// What the manifest processor may know of the device.
struct ManifestDevice: SUITDevice {
  let provisioning: Provisioning
  let records: PerSlot<SlotRecord>

  var vendorID: UUIDBytes { provisioning.vendorID }
  var classID: UUIDBytes { provisioning.classID }
  var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    get { provisioning.trustedKeys }
  }
  var slotCount: Int { Limits.slots }
  var slotByteCount: Int { Limits.imageBytes }

  func storedSequenceNumber(ofSlot slot: Int) -> UInt32 {
    SlotNumber(slot).map { records[$0.index].sequenceNumber } ?? 0
  }
}

extension DeviceServer where B: ~Copyable {
  /// Begins to install what the manifest at this URL describes. The request is answered when that has ended.
  mutating func startDeployment(
    from url: Span<UInt8>, _ request: RequestID, _ format: Format, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    guard !deployment.isBusy(at: now) else { throw Problem.busy }
    deployment.reception.end()
    try deployment.begin(url, for: request, format: format, at: now)
    do throws(Problem) {
      try requestNextBlock(sink: &sink)
    } catch {
      deployment.stage = .idle
      deployment.progress.state = .failed
      throw error
    }
    endpoint.acknowledge(request, sink: &sink)
  }

  /// Takes in an answer from the file server.
  mutating func continueDeployment(
    with response: borrowing Message, of exchange: ExchangeID, sink: inout some DatagramSink & ~Copyable
  ) {
    guard deployment.isWaiting(for: exchange) else { return }
    deployment.packets += 1
    do throws(Problem) {
      if let installed = try advance(with: response, sink: &sink) {
        finish(with: installed, sink: &sink)
      }
    } catch {
      fail(with: error, sink: &sink)
    }
  }

  /// Takes in that no answer will come.
  mutating func failDeployment(
    of exchange: ExchangeID, _ failure: ExchangeFailure, sink: inout some DatagramSink & ~Copyable
  ) {
    guard deployment.isWaiting(for: exchange) else { return }
    fail(with: Problem(failure), sink: &sink)
  }

  /// Uses one block; returns what was installed when it was the last one of the image.
  private mutating func advance(
    with response: borrowing Message, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) -> SlotNumber? {
    let step: BlockwiseFetch.Step
    do throws(BlockwiseError) { step = try deployment.fetch.accept(response) } catch { throw Problem(error) }
    guard case .received(let offset, let isLast) = step else {
      try requestNextBlock(sink: &sink)
      return nil
    }
    do throws(SUITError) {
      if deployment.stage == .manifest {
        try deployment.processor.receiveEnvelope(response.payload)
      } else {
        try deployment.processor.receivePayload(response.payload)
      }
    } catch {
      throw Problem(error)
    }
    deployment.progress.received = offset + response.payload.count
    if deployment.stage == .image {
      do throws(OutOfBounds) { try runtime.receive(response.payload, at: offset) } catch {
        throw Problem(error)
      }
    }
    if isLast, let acceptance = try judge() {
      do throws(InstallError) { try runtime.install(acceptance) } catch { throw Problem(error) }
      return SlotNumber(acceptance.slot)
    }
    try requestNextBlock(sink: &sink)
    return nil
  }

  /// Lets the manifest processor go on with a complete manifest or image; prepares the fetch it asks for, if it does.
  private mutating func judge() throws(Problem) -> Acceptance? {
    let device = ManifestDevice(provisioning: provisioning, records: runtime.slots.records)
    do throws(SUITError) {
      let step: ManifestProcessor<B.Crypto>.Step
      if deployment.stage == .manifest {
        try deployment.processor.authenticate(on: device)
        step = try deployment.processor.process(on: device)
      } else {
        step = try deployment.processor.resume(on: device)
      }
      switch step {
      case .accepted(let acceptance): return acceptance
      case .fetch(let fetch) where fetch.isIntegrated:
        return try takeIntegratedImage(on: device)
      case .fetch(let fetch):
        deployment.stage = .image
        deployment.progress.begin(fetch)
        deployment.fetch = BlockwiseFetch()
        return nil
      }
    } catch {
      throw Problem(error)
    }
  }

  /// Takes an image that lies in the envelope.
  private mutating func takeIntegratedImage(on device: ManifestDevice) throws(SUITError) -> Acceptance? {
    try deployment.processor.receiveIntegratedPayload()
    do throws(OutOfBounds) {
      try runtime.receive(deployment.processor.integratedPayload, at: 0)
    } catch {
      preconditionFailure("the manifest processor checks that images fit their slots")
    }
    guard case .accepted(let acceptance) = try deployment.processor.resume(on: device) else { return nil }
    return acceptance
  }

  private mutating func requestNextBlock(sink: inout some DatagramSink & ~Copyable) throws(Problem) {
    let now = now
    let uri: URI
    do throws(URIError) {
      uri = try URI(deployment.uri)
    } catch {
      throw Problem(error, isImage: deployment.stage == .image)
    }
    let next = deployment.fetch.next
    do throws(EndpointError) {
      deployment.exchange = try endpoint.get(uri, block2: next, at: now, sink: &sink)
    } catch {
      throw Problem(error)
    }
    deployment.packets += 1
  }

  mutating func finish(with slot: SlotNumber, sink: inout some DatagramSink & ~Copyable) {
    guard let request = deployment.request else { return }
    deployment.stage = .idle
    deployment.progress.state = .installed
    deployment.progress.slot = slot.index
    let installation = Installation(
      slot: slot, record: runtime.record(of: slot), milliseconds: now.milliseconds(since: deployment.started),
      packets: deployment.packets)
    do throws(Problem) {
      try respond(to: request, .changed, deployment.format, installation, sink: &sink)
    } catch {
      respond(to: request, with: error, sink: &sink)
    }
  }

  mutating func fail(with problem: Problem, sink: inout some DatagramSink & ~Copyable) {
    deployment.stage = .idle
    deployment.progress.state = .failed
    guard let request = deployment.request else { return }
    respond(to: request, with: problem, sink: &sink)
  }
}
