import Bytes
import CoAP
import DeviceProtocol
import Runtime
import SUIT

extension DeviceServer where B: ~Copyable {
  /// Takes the next block of an envelope with its image in, and installs the image when it was the last.
  ///
  /// What is pushed is judged by the same processor as what is pulled, and the slot changes only at the end, in one step.
  mutating func receivePush(
    _ message: borrowing Message, _ request: RequestID, _ format: Format, from peer: Peer,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let now = now
    guard deployment.stage != .manifest, deployment.stage != .image else { throw Problem.busy }
    let step: BlockwiseReception.Step
    do throws(ReceptionError) {
      step = try deployment.reception.accept(message, from: peer, at: now)
    } catch {
      throw Problem(error)
    }
    guard case .received(let offset, let isLast) = step else {
      return endpoint.respond(to: request, Response(.continuation), body: Span(), at: now, sink: &sink)
    }
    if offset == 0 { deployment.beginPush(at: now) }
    deployment.request = request
    deployment.format = format
    deployment.packets += 2
    do throws(Problem) {
      try takePushed(message.payload)
      guard isLast else {
        return endpoint.respond(to: request, Response(.continuation), body: Span(), at: now, sink: &sink)
      }
      finish(with: try installPushed(), sink: &sink)
    } catch {
      deployment.reception.end()
      fail(with: error, sink: &sink)
    }
  }

  private mutating func takePushed(_ piece: Span<UInt8>) throws(Problem) {
    var imageStart = 0
    do throws(SUITError) {
      if deployment.stage == .pushedEnvelope {
        guard let start = try deployment.processor.receivePushed(piece) else { return }
        let device = ManifestDevice(provisioning: provisioning, records: runtime.slots.records)
        try deployment.processor.authenticate(on: device)
        if case .fetch(let fetch) = try deployment.processor.process(on: device) {
          deployment.progress.begin(fetch)
        }
        deployment.stage = .pushedImage
        imageStart = start
      }
      try deployment.processor.receivePayload(piece.extracting(imageStart...))
    } catch {
      throw Problem(error)
    }
    do throws(OutOfBounds) {
      try runtime.receive(piece.extracting(imageStart...), at: deployment.pushedBytes)
    } catch {
      throw Problem(error)
    }
    deployment.pushedBytes += piece.count - imageStart
    deployment.progress.received = deployment.pushedBytes
  }

  private mutating func installPushed() throws(Problem) -> SlotNumber {
    let acceptance: Acceptance
    do throws(SUITError) {
      let device = ManifestDevice(provisioning: provisioning, records: runtime.slots.records)
      guard deployment.stage == .pushedImage,
        case .accepted(let accepted) = try deployment.processor.resume(on: device)
      else { throw SUITError(.incomplete, at: 0) }
      acceptance = accepted
    } catch {
      throw Problem(error)
    }
    do throws(InstallError) { try runtime.install(acceptance) } catch { throw Problem(error) }
    guard let slot = SlotNumber(acceptance.slot) else {
      preconditionFailure("the manifest processor checks slots")
    }
    return slot
  }
}
