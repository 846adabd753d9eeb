import CoAP
import DeviceProtocol
import Platform
import Runtime

extension Problem {
  /// Of a store.
  init(_ error: RemoteError, in slot: SlotNumber?) {
    switch error {
    case .noKey(let key):
      self.init(
        .notFound, .request, rule: RequestRule.unknownKey.rawValue, title: "No such key",
        detail: "nothing is stored under this key", found: Int64(key))
    case .storeFull(let full):
      self.init(
        .conflict, .request, rule: RequestRule.storeFull.rawValue, title: "Store is full",
        detail: "it has no entry left for another key", expected: Int64(full.capacity))
    case .emptySlot:
      if let slot { self.init(RunError.emptySlot, in: slot) } else { self = .notGranted }
    case .notGranted, .peripheral: self = .notGranted
    }
  }

  /// Of a sensor or an actuator.
  init(_ error: RemoteError, ofDevice number: Int, count: Int) {
    switch error {
    case .peripheral(.noDevice): self.init(noDevice: number, of: count)
    case .peripheral:
      self.init(
        .methodNotAllowed, .request, rule: RequestRule.notSettable.rawValue, title: "Cannot be set",
        detail: "this device is no actuator that takes it, and no sensor whose values are simulated",
        found: Int64(number))
    default: self = .notGranted
    }
  }

  init(_ error: RemoteError, ofPin pin: UInt32) {
    guard case .peripheral = error else {
      self = .notGranted
      return
    }
    self.init(
      .notFound, .request, rule: RequestRule.noPin.rawValue, title: "No such pin",
      detail: "the board has no pin with this number at this port", found: Int64(pin))
  }

  static var notGranted: Problem {
    Problem(
      .forbidden, .request, rule: RequestRule.notGranted.rawValue, title: "Not granted",
      detail: "the device's policy lets nobody outside do this")
  }

  static var cannotRestart: Problem {
    Problem(
      .notImplemented, .request, rule: RequestRule.cannotRestart.rawValue, title: "Cannot restart",
      detail: "this device cannot restart itself")
  }

  init(_ failure: NumberBody.Failure) {
    switch failure {
    case .noNumber: self.init(number: nil)
    case .format(let format):
      self.init(
        .unsupportedContentFormat, .request, rule: RequestRule.bodyFormat.rawValue,
        title: "Content format not taken",
        detail: "the number has to come as text, JSON or CBOR", found: Int64(format))
    }
  }

  init(number: Int64?) {
    self.init(
      .badRequest, .request, rule: RequestRule.number.rawValue, title: "No number that fits",
      detail: "the body has to be one number, in the range of this resource", found: number)
  }
}
