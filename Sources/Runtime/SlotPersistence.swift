import Bytes
import COSE
import Platform
public import SlotStorage

/// Why a fetched image did not become a slot's program. The slot is as it was.
public enum InstallError: Error, Equatable, Sendable {
  /// The program could not run.
  case load(LoadError)
  /// It could not be made durable.
  case storage(SlotStorageError)
}

/// The slots' contents on the board's storage, if it has one: read at start, and written before a change of the table counts.
struct SlotPersistence<Flash: Storage>: ~Copyable {
  private var store: SlotsStorage<Flash>?
  /// Why the storage that there is cannot be used.
  private var failure: SlotStorageError?

  /// Whether there is storage, usable or not.
  var hasStorage: Bool { store != nil || failure != nil }

  init(on flash: Flash?) {
    guard let flash else {
      store = nil
      return
    }
    do throws(SlotStorageError) {
      store = try SlotStorage(flash, imageLimit: Limits.imageBytes)
    } catch {
      store = nil
      failure = error
    }
  }

  /// Fills the slots with what was stored. An image counts if it still is what its manifest named by its digest.
  mutating func restore<Hash: SHA256>(_ slots: inout SlotTable, hashing: Hash.Type) {
    for index in 0..<Limits.slots {
      guard let slot = SlotNumber(index), let stored = store?[index], stored.sequenceNumber > 0 else {
        continue
      }
      slots.restore(stored, in: slot)
      guard !stored.isEmpty else { continue }
      var region = slots.mutableRegion(of: slot)
      do throws(SlotStorageError) {
        try store?.readImage(of: index, into: &region)
      } catch {
        slots.dropDamaged(slot)
        continue
      }
      var hash = Hash()
      hash.update(slots.image(of: slot))
      if hash.finish() != stored.digest { slots.dropDamaged(slot) }
    }
  }

  /// Returns when the image is stored as the slot's, or there is nowhere to store.
  mutating func install(
    _ image: Span<UInt8>, digest: SHA256Digest, sequenceNumber: UInt32, settings: StartSettings,
    in slot: SlotNumber
  ) throws(SlotStorageError) {
    if let failure { throw failure }
    try store?.install(
      image, digest: digest, sequenceNumber: sequenceNumber, settings: settings, in: slot.index)
  }

  mutating func erase(_ slot: SlotNumber) throws(SlotStorageError) {
    if let failure { throw failure }
    try store?.erase(slot.index)
  }

  mutating func set(_ settings: StartSettings, of slot: SlotNumber) throws(SlotStorageError) {
    if let failure { throw failure }
    try store?.set(settings, of: slot.index)
  }
}
