import ArgumentParser
import DeviceClient
import Helpers

/// An event of the board: a device, by type or number, alone for a button or with `>` or `<` and a value.
struct EventArgument: ExpressibleByArgument {
  private let device: Substring
  private let condition: DeviceEvent.Condition

  init?(argument: String) {
    guard let match = argument.wholeMatch(of: /(\w+)(?:([<>])(-?\d{1,5}))?/) else { return nil }
    device = match.1
    switch match.2 {
    case nil: condition = .pressed
    case let sign?:
      guard let value = match.3.flatMap({ Int16($0) }) else { return nil }
      condition = sign == ">" ? .above(value) : .below(value)
    }
  }

  /// - Parameter readings: of all devices of the board.
  /// - Throws: ``NoSuchDevice`` when none of them is meant.
  func event(amongst readings: [PeripheralDescription.Reading]) throws -> DeviceEvent {
    if let number = Int(device) { return DeviceEvent(device: number, condition) }
    let type = DeviceType.allCases.first { "\($0)" == device }
    guard let type, let reading = readings.first(where: { $0.type == type.rawValue }) else {
      let types = readings.compactMap { DeviceType(rawValue: $0.type) }.map { "\($0)" }
      throw NoSuchDevice(name: String(device), known: types)
    }
    return DeviceEvent(device: reading.device, condition)
  }
}

/// The board has no device of this type.
struct NoSuchDevice: Complaining {
  let name: String
  let known: [String]

  var complaint: Complaint {
    let types = known.reduce(into: [String]()) { types, type in
      if !types.contains(type) { types.append(type) }
    }
    return Complaint(.input, "the board has no \(name)", next: "name one of \(types.joined(separator: ", "))")
      .at("--on \(name)")
  }
}
