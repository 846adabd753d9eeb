import CoAP
import DeviceProtocol
import Platform
import Runtime
import SlotStorage

extension Problem {
  init(_ error: InstallError) {
    switch error {
    case .load(let error): self.init(error)
    case .storage(let error): self.init(error)
    }
  }

  static var noStorage: Problem {
    Problem(
      .notImplemented, .storage, rule: StorageRule.none.rawValue, title: "No storage",
      detail: "this device keeps nothing of its slots when it restarts")
  }

  init(_ error: SlotStorageError) {
    switch error {
    case .geometry, .tooFewBlocks:
      self.init(
        .internalServerError, .storage, rule: StorageRule.unusable.rawValue, title: "Storage unusable",
        detail: "the device's storage is not of a size or shape that slots can be kept in")
    case .noSuchSlot, .imageSize, .sequenceNumber, .damaged, .wornOut, .storage:
      self.init(
        .internalServerError, .storage, rule: StorageRule.notKept.rawValue, title: "Storage failed",
        detail: "the device's storage did not take the change; the slot is as it was")
    }
  }
}
