import CoAP
import Helpers
public import Platform

/// What a device lets those do who ask it over the network, or at its console, besides what concerns programs as a whole. Reading
/// is never refused.
public struct RemoteAccess: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Changing the store that all programs share.
  public static let sharedStore = RemoteAccess(rawValue: 1)
  /// Changing what programs keep for themselves.
  public static let programStores = RemoteAccess(rawValue: 2)
  /// Setting actuators and pins.
  public static let actuators = RemoteAccess(rawValue: 4)
  /// Saying what simulated sensors measure.
  public static let simulation = RemoteAccess(rawValue: 8)
  /// Restarting the device.
  public static let restart = RemoteAccess(rawValue: 16)

  public static let all = RemoteAccess(rawValue: 31)
}

/// Why nobody outside could do it. Nothing was changed.
public enum RemoteError: Error, Equatable, Sendable {
  /// The device's policy does not grant it.
  case notGranted
  /// Nothing is stored under the key.
  case noKey(UInt32)
  case storeFull(StoreFull)
  /// There is no program whose store it would be.
  case emptySlot
  case peripheral(PeripheralError)
}

extension Runtime where B: ~Copyable {
  // MARK: Stores

  /// Puts a value into a slot's store, or for `nil` into the one that all programs share. There it counts as one of those that came
  /// from outside, which no more keys than a program may be.
  public mutating func store(
    _ value: UInt32, under key: UInt32, in slot: SlotNumber?
  ) throws(RemoteError) {
    try checkStore(of: slot)
    do throws(StoreFull) {
      if let slot {
        try services.programs[slot.index].store.store(value, under: key)
      } else {
        try services.globalStore.store(
          value, under: key, owner: Limits.remoteOwner, quota: Limits.globalStoreQuota)
      }
    } catch {
      throw .storeFull(error)
    }
  }

  /// Takes a value out of a store.
  public mutating func removeValue(of key: UInt32, in slot: SlotNumber?) throws(RemoteError) {
    try checkStore(of: slot)
    let isDone =
      if let slot {
        services.programs[slot.index].store.removeValue(of: key)
      } else {
        services.globalStore.removeValue(of: key)
      }
    guard isDone else { throw .noKey(key) }
  }

  private mutating func checkStore(of slot: SlotNumber?) throws(RemoteError) {
    guard policy.remote.contains(slot == nil ? .sharedStore : .programStores) else { throw .notGranted }
    if let slot, slots[slot].isEmpty, code(of: slot) == nil { throw .emptySlot }
  }

  // MARK: Peripherals

  /// Sets an actuator, or what a simulated sensor measures from now on. `nil` has the sensor measure again.
  public mutating func set(_ value: Int16?, device: Int) throws(RemoteError) {
    guard (0..<services.board.peripherals.deviceCount).contains(device) else {
      throw .peripheral(.noDevice)
    }
    let isActuator = services.board.peripherals.type(ofDevice: device).isActuator
    guard policy.remote.contains(isActuator ? .actuators : .simulation) else { throw .notGranted }
    let now = services.board.now.milliseconds
    do throws(PeripheralError) {
      guard isActuator else { return try services.board.peripherals.simulate(value, device: device) }
      guard let value else { throw .notSupported }
      var reading = try services.board.peripherals.read(device: device, at: now)
      reading.first = value
      _ = try services.board.peripherals.write(reading, device: device, at: now)
    } catch {
      throw .peripheral(error)
    }
  }

  /// Makes a pin an output of this level.
  public mutating func setPin(_ pin: UInt32, port: UInt32, high: Bool) throws(RemoteError) {
    guard policy.remote.contains(.actuators) else { throw .notGranted }
    guard services.board.peripherals.writePin(pin, port: port, high: high) else {
      throw .peripheral(.noDevice)
    }
  }
}
