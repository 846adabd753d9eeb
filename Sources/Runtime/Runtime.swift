import BPF
public import Bytes
import COSE
import CoAP
public import Compartment
import Helpers
import Interpreter
public import JIT
public import Platform
public import ProgramImage
public import SUIT
public import SlotStorage
public import Verifier

/// Why a program could not be loaded. Nothing of it has run.
public enum LoadError: Error, Equatable, Sendable {
  /// The image is not one, or its parts do not fit together.
  case image(ImageError)
  /// The verifier refuses the program.
  case refused(VerifierError)
  /// The arena is too small for its stack, data and context.
  case arena(ArenaError)
}

/// Why a program was not started.
public enum RunError: Error, Equatable, Sendable {
  case emptySlot
  case load(LoadError)
  /// The slot has no code.
  case notCompiled
  /// The machine does not run compiled programs.
  case noNativeProcessor
  /// A run of the slot's program is under way.
  case busy
  /// What the interpreter needs has no room beside the slot's compiled code.
  case noRoomBesideCode
  /// The program calls a helper that the request does not let it call.
  case helperNotGranted(HelperCall)
  /// The request that the program is to answer has more bytes than there is room for.
  case requestTooLong(found: Int, limit: Int)
  /// The board has no device with this number, whose event is to run the program.
  case noDevice(found: Int, count: Int)
  /// A run cannot be given so many bytes of the arena: a multiple of `Limits.arenaStepBytes`, `Limits.arenaBytes` at most.
  case arenaSize(found: Int)
  /// A run may not print so many bytes in one second: `Limits.logBytesPerSecond` at most.
  case logRate(found: Int)
}

/// The program slots, and the programs that run in them: each on a thread and in an arena of its own.
///
/// Whatever a slot holds came through `install(_:)`, which takes what only the manifest processor makes; whatever runs
/// went through the verifier.
public struct Runtime<B: Board & ~Copyable>: ~Copyable {
  public var services: Services<B>
  public internal(set) var slots = SlotTable()
  var instances = PerSlot<Instance>(repeating: Instance())
  var arenas = PerSlot<Arena> { _ in
    Arena(size: Limits.blockBytes, stackSize: Limits.threadStackBytes)
  }
  /// What the device grants to programs.
  public var policy = AccessPolicy()
  var loader = ProgramLoader(instructionCapacity: Limits.instructions)
  var engines = EngineStore()
  var threads: B.Threads
  /// Of the runs that are under way.
  var runs = PerSlot<ActiveRun>(repeating: ActiveRun())
  /// What the threads were last started with; `nil` where that is not there any more.
  var launches = PerSlot<Launch?>(repeating: nil)
  /// Of the runs that answer a CoAP request.
  var packets = PerSlot<PacketWindow?>(repeating: nil)
  private var persistence: SlotPersistence<B.Flash>
  /// When the programs are due that run at boot; `nil` when none is or they have been started.
  var bootTime: Instant?
  /// When the devices are looked at next whose events run programs.
  var nextLook: Instant?

  /// The slots hold what the board's storage has of them; without storage they are empty.
  public init(board: consuming B) {
    persistence = SlotPersistence(on: board.slotStorage)
    services = Services(board: board)
    threads = services.board.makeThreads(count: Limits.slots)
    persistence.restore(&slots, hashing: B.Crypto.Hash.self)
    for index in 0..<Limits.slots where slots.records[index].settings.startsAtBoot {
      bootTime = services.board.now + Limits.bootMilliseconds
    }
  }

  // MARK: Deployment

  /// Puts a part of the image that is being fetched into the spare region.
  public mutating func receive(_ part: Span<UInt8>, at offset: Int) throws(OutOfBounds) {
    try slots.writeCandidate(part, at: offset)
  }

  /// Makes the fetched image the slot's program, if it could run: its parts fit together, the verifier accepts it, and the
  /// arena has room for it. Returns when it would also be there after a restart, if the board has storage. If the old program
  /// runs, it is ended.
  ///
  /// - Throws: ``InstallError``; the slot is as it was then, and what runs there goes on.
  public mutating func install(
    _ acceptance: Acceptance, settings: StartSettings = StartSettings()
  ) throws(InstallError) {
    guard let slot = SlotNumber(acceptance.slot) else {
      preconditionFailure("the manifest processor checks slots")
    }
    do throws(LoadError) {
      try loader.check(
        slots.candidate(count: acceptance.byteCount), for: arenas[slot.index], granting: policy[slot])
    } catch {
      throw .load(error)
    }
    do throws(SlotStorageError) {
      try persistence.install(
        slots.candidate(count: acceptance.byteCount), digest: acceptance.digest,
        sequenceNumber: acceptance.sequenceNumber, settings: settings, in: slot)
    } catch {
      throw .storage(error)
    }
    kill(slot)
    slots.install(acceptance, settings: settings, in: slot)
    instances[slot.index] = Instance()
    services.clearLocalStore(of: slot)
  }

  /// Whether the slots are kept where they outlive a restart.
  public var keepsSlots: Bool { persistence.hasStorage }

  /// Changes how a slot's program is to be run.
  ///
  /// - Throws: `SlotStorageError` when that could not be made durable, or the slot is empty.
  public mutating func set(_ settings: StartSettings, of slot: SlotNumber) throws(SlotStorageError) {
    guard !slots.isEmpty(slot) else { throw .imageSize(0, limit: Limits.imageBytes) }
    try persistence.set(settings, of: slot)
    slots.set(settings, of: slot)
  }

  /// Ends what runs in the slot, empties it, and drops its code.
  ///
  /// - Throws: `SlotStorageError` when that could not be made durable; the slot is as it was then.
  public mutating func erase(_ slot: SlotNumber) throws(SlotStorageError) {
    try persistence.erase(slot)
    kill(slot)
    slots.erase(slot)
    instances[slot.index] = Instance()
    engines.dropCode(of: slot)
    services.clearLocalStore(of: slot)
    services.releaseGlobals(of: slot)
  }

  /// Empties the slot, but keeps the code and what the program has stored: it can still be run compiled.
  ///
  /// - Returns: whether there is code; if not, nothing was done.
  /// - Throws: `SlotStorageError` when that could not be made durable; the slot is as it was then.
  public mutating func discardImage(of slot: SlotNumber) throws(SlotStorageError) -> Bool {
    guard code(of: slot) != nil else { return false }
    try persistence.erase(slot)
    if instances[slot.index].engine == .interpreter { kill(slot) }
    slots.erase(slot)
    engines.keepCode(of: slot, generation: slots.generation(of: slot))
    return true
  }

  /// What the slot holds, apart from the bytes.
  public mutating func record(of slot: SlotNumber) -> SlotRecord { slots[slot] }

  // MARK: Compiled programs

  /// What is known of the slot's code; `nil` when its program is not compiled.
  public mutating func code(of slot: SlotNumber) -> CodeRecord? {
    engines.code(of: slot, generation: slots.generation(of: slot))?.record
  }

  /// Compiles the slot's program, once more if it was. The code stays until another program takes its place.
  ///
  /// - Throws: ``CompilationError``; the slot has no code then.
  public mutating func compile(
    _ slot: SlotNumber, isolation: Isolation
  ) throws(CompilationError) -> CodeRecord {
    guard let routines = B.Threads.routines else { throw .noNativeProcessor }
    guard B.Threads.offers(isolation) else { throw .isolationNotAvailable(isolation) }
    guard !slots.isEmpty(slot) else { throw .emptySlot }
    guard !instances[slot.index].isActive else { throw .busy }
    engines.dropCode(of: slot)
    engines.dropTranslation(of: slot)
    launches[slot.index] = nil
    let start = services.board.microseconds
    let address = engines.address(of: slot)
    var region = engines.mutableRegion(of: slot)
    let program = try loader.compile(
      slots.image(of: slot), isolation, calling: routines, granting: policy[slot], into: &region, at: address,
      &arenas[slot.index])
    B.Threads.synchronize()
    let record = CodeRecord(
      isolation: isolation, size: program.code.size, regionSize: program.map.upperBound,
      accesses: program.code.accesses, checkedAccesses: program.code.checkedAccesses,
      microseconds: services.board.microseconds - start)
    engines.set(
      EngineStore.Code(program: program, record: record, generation: slots.generation(of: slot)), for: slot)
    return record
  }

  /// Drops the slot's code; a run of it ends.
  public mutating func dropCode(of slot: SlotNumber) {
    if instances[slot.index].engine == .jit { kill(slot) }
    engines.dropCode(of: slot)
  }
}
