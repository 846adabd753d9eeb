import BPF
public import Bytes
import COSE
public import Compartment
import Helpers
public import Interpreter
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

/// Why there is no outcome of an execution.
public enum RunError: Error, Equatable, Sendable {
  case emptySlot
  case load(LoadError)
  /// The slot has no code.
  case notCompiled
  /// The machine does not run compiled programs.
  case noNativeProcessor
}

/// The program slots and the compartment their programs run in.
///
/// Whatever a slot holds came through ``install(_:)``, which takes what only the manifest processor makes; whatever runs
/// went through the verifier.
public struct Runtime<B: Board & ~Copyable>: ~Copyable {
  public var services: Services<B>
  public private(set) var slots = SlotTable()
  private var compartment = ProgramCompartment()
  private var codes = CodeStore(isUsable: B.Native.current != nil)
  private var persistence: SlotPersistence<B.Flash>

  /// The slots hold what the board's storage has of them; without storage they are empty.
  public init(board: consuming B) {
    persistence = SlotPersistence(on: board.slotStorage)
    services = Services(board: board)
    persistence.restore(&slots, hashing: B.Crypto.Hash.self)
  }

  // MARK: Deployment

  /// Puts a part of the image that is being fetched into the spare region.
  public mutating func receive(_ part: Span<UInt8>, at offset: Int) throws(OutOfBounds) {
    try slots.writeCandidate(part, at: offset)
  }

  /// Makes the fetched image the slot's program, if it could run: its parts fit together, the verifier accepts it, and the
  /// arena has room for it. Returns when it would also be there after a restart, if the board has storage.
  ///
  /// - Throws: ``InstallError``; the slot is as it was then.
  public mutating func install(
    _ acceptance: Acceptance, settings: StartSettings = StartSettings()
  ) throws(InstallError) {
    guard let slot = SlotNumber(acceptance.slot) else {
      preconditionFailure("the manifest processor checks slots")
    }
    do throws(LoadError) {
      try compartment.check(slots.candidate(count: acceptance.byteCount))
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
    slots.install(acceptance, settings: settings, in: slot)
    services.clearLocalStore(of: slot)
  }

  /// Changes how a slot's program is to be run.
  ///
  /// - Throws: ``SlotStorageError`` when that could not be made durable, or the slot is empty.
  public mutating func set(_ settings: StartSettings, of slot: SlotNumber) throws(SlotStorageError) {
    guard !slots[slot].isEmpty else { throw .imageSize(0, limit: Limits.imageBytes) }
    try persistence.set(settings, of: slot)
    slots.set(settings, of: slot)
  }

  /// Empties the slot, and drops its code.
  ///
  /// - Throws: ``SlotStorageError`` when that could not be made durable; the slot is as it was then.
  public mutating func erase(_ slot: SlotNumber) throws(SlotStorageError) {
    try persistence.erase(slot)
    slots.erase(slot)
    codes.set(nil, for: slot)
    services.clearLocalStore(of: slot)
  }

  /// Empties the slot, but keeps the code and what the program has stored: it can still be run compiled.
  ///
  /// - Returns: whether there is code; if not, nothing was done.
  /// - Throws: ``SlotStorageError`` when that could not be made durable; the slot is as it was then.
  public mutating func discardImage(of slot: SlotNumber) throws(SlotStorageError) -> Bool {
    guard code(of: slot) != nil else { return false }
    try persistence.erase(slot)
    slots.erase(slot)
    codes.keep(slot, generation: slots[slot].generation)
    return true
  }

  // MARK: Compiled programs

  /// What is known of the slot's code; `nil` when its program is not compiled.
  public func code(of slot: SlotNumber) -> CodeRecord? {
    codes.entry(of: slot, generation: slots[slot].generation)?.record
  }

  /// Compiles the slot's program, once more if it was. The code stays until another program takes its place.
  ///
  /// - Throws: ``CompilationError``; the slot has no code then.
  public mutating func compile(
    _ slot: SlotNumber, isolation: Isolation
  ) throws(CompilationError) -> CodeRecord {
    guard let processor = B.Native.current else { throw .noNativeProcessor }
    guard isolation == .checked else { throw .isolationNotAvailable(isolation) }
    guard !slots[slot].isEmpty else { throw .emptySlot }
    codes.set(nil, for: slot)
    let start = services.board.microseconds
    let address = codes.address(of: slot)
    var region = codes.mutableRegion(of: slot)
    let program = try compartment.compile(
      slots.image(of: slot), isolation, calling: processor.routines, into: &region, at: address)
    processor.synchronize()
    let record = CodeRecord(
      isolation: isolation, size: program.code.size, regionSize: program.map.upperBound,
      accesses: program.code.accesses, checkedAccesses: program.code.checkedAccesses,
      microseconds: services.board.microseconds - start)
    codes.set(
      CodeStore.Entry(program: program, record: record, generation: slots[slot].generation), for: slot)
    return record
  }

  public mutating func dropCode(of slot: SlotNumber) {
    codes.set(nil, for: slot)
  }

  // MARK: Execution

  /// Runs the slot's program once and waits for its end, which the instruction budget brings about if nothing else.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - context: what r1 points to and r2 is the length of. The program has a copy, which it may change.
  /// - Returns: r0 or the trap, and how many instructions ran.
  /// - Throws: ``RunError`` when nothing has run.
  public mutating func run(_ slot: SlotNumber, context: Span<UInt8>) throws(RunError) -> Outcome {
    guard !slots[slot].isEmpty else { throw .emptySlot }
    services.slot = slot
    let outcome: Outcome
    do throws(LoadError) {
      outcome = try compartment.run(
        slots.image(of: slot), context: context, budget: Limits.shortRunInstructions, host: &services)
    } catch {
      throw .load(error)
    }
    slots.countRun(of: slot)
    return outcome
  }

  /// The same with the slot's code, which the time budget ends if nothing else.
  public mutating func runCompiled(_ slot: SlotNumber, context: Span<UInt8>) throws(RunError) -> Outcome {
    guard let processor = B.Native.current else { throw .noNativeProcessor }
    guard let entry = codes.entry(of: slot, generation: slots[slot].generation) else {
      throw slots[slot].isEmpty ? .emptySlot : .notCompiled
    }
    services.slot = slot
    let outcome: Outcome
    do throws(ArenaError) {
      outcome = try compartment.run(
        entry.program, in: codes.region(of: slot), at: codes.address(of: slot), context: context,
        milliseconds: UInt32(Limits.shortRunMilliseconds), on: processor, host: &services)
    } catch {
      throw .load(.arena(error))
    }
    slots.countRun(of: slot)
    return outcome
  }
}
