import BPF
public import Bytes
public import Compartment
import Helpers
public import Interpreter
public import Platform
public import ProgramImage
public import SUIT
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
}

/// The program slots and the compartment their programs run in.
///
/// Whatever a slot holds came through ``install(_:)``, which takes what only the manifest processor makes; whatever runs
/// went through the verifier.
public struct Runtime<B: Board & ~Copyable>: ~Copyable {
  public var services: Services<B>
  public private(set) var slots = SlotTable()
  private var compartment = ProgramCompartment()

  public init(board: consuming B) {
    services = Services(board: board)
  }

  // MARK: Deployment

  /// Puts a part of the image that is being fetched into the spare region.
  public mutating func receive(_ part: Span<UInt8>, at offset: Int) throws(OutOfBounds) {
    try slots.writeCandidate(part, at: offset)
  }

  /// Makes the fetched image the slot's program, if it could run: its parts fit together, the verifier accepts it, and the
  /// arena has room for it.
  ///
  /// - Throws: ``LoadError``; the slot is as it was then.
  public mutating func install(_ acceptance: Acceptance) throws(LoadError) {
    guard let slot = SlotNumber(acceptance.slot) else {
      preconditionFailure("the manifest processor checks slots")
    }
    try compartment.check(slots.candidate(count: acceptance.byteCount))
    slots.install(acceptance, in: slot)
    services.clearLocalStore(of: slot)
  }

  public mutating func erase(_ slot: SlotNumber) {
    slots.erase(slot)
    services.clearLocalStore(of: slot)
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
}
