import Bytes
import DeviceProtocol
import SUIT

/// How far a deployment is, or how the last one ended.
struct DeploymentProgress: Representation {
  enum State: UInt8 {
    case idle, manifest, image, installed, failed

    var name: StaticString {
      switch self {
      case .idle: "idle"
      case .manifest: "manifest"
      case .image: "image"
      case .installed: "installed"
      case .failed: "failed"
      }
    }
  }

  var state = State.idle
  /// Bytes of the manifest that have come, or of the image.
  var received = 0
  /// Once the manifest has been judged: which slot, and how many bytes the image has.
  var slot: Int?
  var size: Int?
  /// Datagrams that the device has sent and received for it.
  var packets = 0

  /// The image follows.
  mutating func begin(_ fetch: PayloadFetch) {
    state = .image
    received = 0
    slot = fetch.slot
    size = fetch.byteCount
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(3 + (slot == nil ? 0 : 1) + (size == nil ? 0 : 1))
    try writer.field(Field.state, text: state.name.bytes)
    try writer.field(Field.received, Int64(received))
    try writer.field(Field.packets, Int64(packets))
    if let slot { try writer.field(Field.slot, Int64(slot)) }
    if let size { try writer.field(Field.size, Int64(size)) }
  }
}
