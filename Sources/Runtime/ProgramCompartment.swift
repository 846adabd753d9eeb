import BPF
import Bytes
import Compartment
public import Helpers
public import Interpreter
import ProgramImage
public import Verifier

/// The memory one program at a time is loaded into, and runs in on the thread that asks: for tools and tests. Devices give each
/// program a thread.
public struct ProgramCompartment: ~Copyable {
  private var arena: Arena
  private var loader: ProgramLoader
  private var interpreter: Interpreter
  /// The helpers that programs may call unless their image says less.
  private let policy: HelperSet

  /// - Parameters:
  ///   - arenaBytes: stack, data and context of a program; a power of two, at least 1024.
  ///   - instructionCapacity: the most instructions a program may have.
  ///   - policy: the helpers that programs may call.
  public init(
    arenaBytes: Int = Limits.blockBytes, instructionCapacity: Int = Limits.instructions,
    policy: HelperSet = .all
  ) {
    arena = Arena(size: arenaBytes)
    loader = ProgramLoader(instructionCapacity: instructionCapacity)
    interpreter = Interpreter(capacity: instructionCapacity)
    self.policy = policy
  }

  /// Finds out whether the program in this image could run: everything that ``run(_:context:budget:host:)`` does before the
  /// first instruction, and that no run is certain to go wrong.
  ///
  /// - Throws: ``LoadError``.
  public mutating func check(_ bytes: Span<UInt8>) throws(LoadError) {
    try loader.check(bytes, for: arena, granting: policy)
  }

  /// Decodes the program in this image and verifies its structure and its values, for a context of any size.
  ///
  /// - Parameter bytes: the image.
  /// - Returns: the program, with proofs that hold whenever it runs in this compartment. Its instructions stay until the
  ///   compartment is used again.
  /// - Throws: ``LoadError``: of the rules about values the first one that the program breaks whatever happens.
  @_lifetime(&self)
  public mutating func proven(_ bytes: Span<UInt8>) throws(LoadError) -> VerifiedProgram {
    try loader.proven(bytes, granting: policy)
  }

  /// Loads the program in this image and runs it until it returns, traps, or has spent its budget.
  ///
  /// - Parameters:
  ///   - bytes: the image; read-only data stays there.
  ///   - context: copied into the arena; r1 is its address there and r2 its length. r1 is 0 when it is empty.
  ///   - budget: the most instructions that may run.
  ///   - host: who carries out helpers.
  /// - Returns: how it ended and how many instructions ran.
  /// - Throws: ``LoadError`` when it cannot be loaded.
  public mutating func run<Host: HelperHost & ~Copyable>(
    _ bytes: Span<UInt8>, context: Span<UInt8>, budget: Int, host: inout Host
  ) throws(LoadError) -> Outcome {
    let image = try open(bytes)
    return try Self.run(
      image, granting: policy, context: context, budget: budget, host: &host, &arena,
      &loader.instructions, &interpreter)
  }

  // Takes arena and instructions apart from `self`, so that a program may borrow the one while the other is changed.

  private static func run<Host: HelperHost & ~Copyable>(
    _ image: borrowing ProgramImage, granting policy: HelperSet, context: Span<UInt8>, budget: Int,
    host: inout Host, _ arena: inout Arena, _ instructions: inout FixedArray<Instruction>,
    _ interpreter: inout Interpreter
  ) throws(LoadError) -> Outcome {
    let program = try load(image, into: instructions.mutableSpan, granting: policy)
    try ProgramLoader.prepare(&arena, frames: program.maximumDepth, of: image, context: context)
    let address = context.isEmpty ? 0 : arena.contextAddress
    var memory = arena.memory(rodata: image.rodata)
    interpreter.load(program, for: memory)
    return interpreter.run(
      memory: &memory, context: address, contextLength: UInt64(context.count), budget: budget, host: &host)
  }
}
