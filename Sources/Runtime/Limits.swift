import Platform
import SlotStorage

// How many program slots a device has is the number in these two.

/// Something for each program slot.
public typealias PerSlot<Element: ~Copyable> = InlineArray<5, Element>
/// What keeps the slots where they outlive a restart.
typealias SlotsStorage<Flash: Storage> = SlotStorage<5, Flash>

/// The sizes a device is built with. Everything that has to agree on one of them reads it here.
public enum Limits {
  /// Program slots. Slot *n* is the SUIT component `["ram", "n"]`.
  public static var slots: Int { PerSlot<UInt8>.count }
  /// The largest image a slot holds, in bytes.
  public static let imageBytes = 4096
  /// The most instructions (8-byte slots of text) a program has: an image that is nothing but text. Also bounds the working memory
  /// of the verifier (12 bytes for each and 3 KiB).
  public static let instructions = imageBytes / 8
  /// The region of each slot for what its engines make of the program, in bytes: compiled code with data and map, and what the
  /// interpreter runs. A power of two.
  public static let engineBytes = 8192
  /// The memory of a program, in bytes: the stack of its thread, then the arena. A power of two.
  public static let blockBytes = 8192
  /// The stack of a program's thread, in bytes, which programs cannot reach where software checks their accesses.
  public static let threadStackBytes = 1024
  /// A program's arena, in bytes: stack frames, data and the context window.
  public static let arenaBytes = blockBytes - threadStackBytes
  /// What a run may be given less than that differs by a multiple of these bytes: an eighth of the block, as a region of the memory
  /// protection unit can leave out (ARM DDI 0403, B3.5).
  public static let arenaStepBytes = blockBytes / 8
  /// Instructions a short execution may take before it is stopped, when they are counted.
  public static let shortRunInstructions = 5_000_000
  /// Milliseconds a short execution of compiled code may take before it is stopped.
  public static let shortRunMilliseconds = 100
  /// Milliseconds a short execution may take whose instructions are counted.
  public static let countedRunMilliseconds = 10_000
  /// How long a program waits that its restart policy starts again.
  public static let restartMilliseconds: UInt64 = 1000
  /// How long after the device's start the programs that run at boot do so. Until then, and whatever one of them may do, a device
  /// can be told to leave them alone.
  public static let bootMilliseconds: UInt64 = 3000
  /// How often the devices are looked at whose events run programs.
  public static let eventMilliseconds: UInt64 = 50
  /// What a program that an event runs is given: the reading, a `phydat_t`.
  public static let readingBytes = 8
  /// Entries of the key-value store that all programs share.
  public static let globalStoreEntries = 32
  /// The most of them that one slot's program may bring in.
  public static let globalStoreQuota = 16
  /// Who owns the keys in it that came from outside. Programs own theirs by the number of their slot.
  public static let remoteOwner: UInt8 = 0xff
  /// Entries of the key-value store each slot has for itself.
  public static let localStoreEntries = 16
  /// The longest text one `printf` puts out, in bytes; what goes beyond is cut off.
  public static let printedBytes = 256
  /// The longest text one call puts on a display, in bytes.
  public static let displayedBytes = 80
  /// What is kept of each slot's output, in bytes. A power of two.
  public static let logBytes = 512
  /// The most a program may print in one second, in bytes, unless its run is given less; what goes beyond is dropped and counted.
  public static let logBytesPerSecond = 4096
  /// Room for the packet of a program that answers a CoAP request: for the request, and then for its response.
  public static let packetBytes = 1024
}
