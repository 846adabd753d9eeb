import Bytes
import CoAP
import DeviceProtocol
import Runtime

extension DeviceServer where B: ~Copyable {
  /// Refuses a request before it does anything: one whose body is longer than the resource takes, or whose conditions
  /// (RFC 7252 §5.10.8) the resource does not meet.
  mutating func admit(_ message: borrowing Message, on route: Route) throws(Problem) {
    guard !message.isPartOfBody || route.resource.row.takesBlocks else { throw Problem.bodyTooLong }
    let conditions = Conditions(of: message)
    guard !conditions.areMetByAnything else { return }
    // Everything that is served exists, and has a tag for each form in which it is given.
    guard conditions.dependsOnTag else { throw Problem.conditionFailed }
    let formats: InlineArray<3, Format> = [.cbor, .text, .json]
    for index in formats.indices {
      if let tag = try entityTag(of: route, formats[index]), message.matches(tag) { return }
    }
    throw Problem.conditionFailed
  }

  /// The tag under which GET gives the resource now; `nil` if it has none.
  private mutating func entityTag(of route: Route, _ format: Format) throws(Problem) -> EntityTag? {
    let length: Int
    switch route.resource {
    case .slots: length = try write(SlotList(of: &runtime), format)
    case .slot: length = try write(SlotState(of: try SlotNumber(in: route), in: &runtime), format)
    default: return nil
    }
    return EntityTag(of: body.span.extracting(0..<length))
  }
}
