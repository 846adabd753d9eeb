import Helpers

/// An event of the board as people write it: a device, by type or number, alone for a button or with `>` or `<` and a value.
public struct EventNotation: Equatable, Sendable, CustomStringConvertible {
  private let device: String
  private let condition: DeviceEvent.Condition

  public init?(_ text: String) {
    guard let match = text.wholeMatch(of: /(\w+)(?:([<>])(-?\d{1,5}))?/) else { return nil }
    device = String(match.1)
    switch match.2 {
    case nil: condition = .pressed
    case let sign?:
      guard let value = match.3.flatMap({ Int16($0) }) else { return nil }
      condition = sign == ">" ? .above(value) : .below(value)
    }
  }

  public var description: String {
    switch condition {
    case .above(let value): "\(device)>\(value)"
    case .below(let value): "\(device)<\(value)"
    case .pressed: device
    }
  }

  /// - Parameter readings: of all devices of the board.
  /// - Returns: the event, of the first device of the type.
  /// - Throws: ``NoSuchDevice`` when none of them is meant.
  public func event(amongst readings: [PeripheralDescription.Reading]) throws -> DeviceEvent {
    if let number = Int(device) { return DeviceEvent(device: number, condition) }
    let type = DeviceType.allCases.first { "\($0)" == device }
    guard let type, let reading = readings.first(where: { $0.type == type.rawValue }) else {
      let types = readings.compactMap { DeviceType(rawValue: $0.type) }.map { "\($0)" }
      throw NoSuchDevice(name: device, known: types)
    }
    return DeviceEvent(device: reading.device, condition)
  }
}

/// The board has no device of this type.
public struct NoSuchDevice: Error, CustomStringConvertible {
  let name: String
  let known: [String]

  public var description: String {
    let types = known.reduce(into: [String]()) { types, type in
      if !types.contains(type) { types.append(type) }
    }
    return "the device has no \(name); it has \(types.joined(separator: ", "))"
  }
}
