import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import Toolchain

/// What a device refused or did not answer, and about what.
struct DeviceFailure: Error {
  let error: DeviceError
  let device: String
  /// The slot that the request was about.
  let slot: Int?
  /// Where the instruction that it is about comes from.
  var source: SourceLine?
  /// Whether naming the source file would tell that place.
  var lacksSource = false
}

extension Refusal {
  /// The index of the instruction that it is about.
  var instruction: Int? {
    guard stage == .verifier || stage == .execution || isAboutHelper else { return nil }
    return index.flatMap { Int(exactly: $0) }
  }

  private var isAboutHelper: Bool {
    stage == .request && rule == Int(RequestRule.helperNotAllowed.rawValue)
  }
}

/// Finds the source lines of what a device holds: of images that were built on this machine, or of a file that is given.
struct SourceFinder: Sendable {
  /// A source or object file, which has to be what the slot holds.
  var file: String?
  /// Whether the command can be told that file.
  var takesFile = false
  /// What was built just now; it needs no looking up.
  var built: ProgramSource?

  /// The line of an instruction in a slot; `nil` when it is not known.
  func line(_ index: Int, ofSlot slot: Int, on device: DeviceClient) async -> SourceLine? {
    if let built { return built[index] }
    guard let slot = try? await device.slot(slot) else { return nil }
    return await source(ofImage: slot.digest)?[index]
  }

  /// What is known of the image with this digest.
  func source(ofImage digest: String) async -> ProgramSource? {
    if let file {
      do {
        if let source = try await ProgramSource(of: file, whoseImageIs: digest) { return source }
        say("\(file) is not what the slot holds: its source lines are not told")
      } catch {
        say("\(file) gives no source lines: \(Complaint(error).what)")
      }
    }
    return SourceCache.user.source(ofImage: digest)
  }
}
