public import BPF
public import Helpers

/// A program that an engine may run. Only `verify` makes one.
///
/// What engines may rely on:
/// - `instructions` is not empty, and `entry` and every target of a jump or of a local call is the index of an instruction,
///   never the second slot of a wide load;
/// - after each instruction that goes on with the next one there is a next one;
/// - each wide load is followed by its upper half, and an upper half stands nowhere else;
/// - no instruction changes r10, and none is of a kind that `verify` refuses;
/// - a helper that is called by number exists and is granted, and `resolved` of the call is its position;
/// - nobody changes the instructions while this value lives.
///
/// What is left to run time are addresses, helpers called through a register, call depth and divisors, but for what
/// `Instruction.proven` says when `areValuesKnown`.
public struct VerifiedProgram: ~Copyable, ~Escapable {
  /// One entry for each 8-byte slot of the text.
  public let instructions: Span<Instruction>
  /// Index of the first instruction to run.
  public let entry: Int
  /// Stack frames the program can need, 1 to 8. 8 also when it is recursive, or too entangled to tell.
  public let maximumDepth: Int
  /// The helpers called by number.
  public let helpers: HelperSet
  /// The helpers that may be called, which binds calls through a register too.
  public let granted: HelperSet
  /// Whether the values were analysed, for the regions that were named then. If not, no instruction has proofs.
  public let areValuesKnown: Bool

  @_lifetime(copy instructions)
  init(
    instructions: Span<Instruction>, entry: Int, maximumDepth: Int, helpers: HelperSet, granted: HelperSet,
    areValuesKnown: Bool
  ) {
    self.instructions = instructions
    self.entry = entry
    self.maximumDepth = maximumDepth
    self.helpers = helpers
    self.granted = granted
    self.areValuesKnown = areValuesKnown
  }
}
