public import BPF

/// What the analysis of values proved about an instruction: it holds each time the instruction runs.
///
/// "Upper half" is bits 32 to 63 of a register.
public struct Proofs: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Of a load, a store or an atomic operation: all its bytes are the program's, to write too if it writes.
  public static var inBounds: Proofs { Proofs(rawValue: 1) }
  /// Of a load, a store or an atomic operation: its address is divisible by its size.
  public static var aligned: Proofs { Proofs(rawValue: 2) }
  /// Of arithmetic and jumps: the upper half of the destination register is zero before. Of `exit`: that of r0 is.
  public static var destinationFitsWord: Proofs { Proofs(rawValue: 4) }
  /// Of arithmetic, jumps, and stores: the upper half of the source register is zero before. Also said of immediates
  /// that are not negative.
  public static var sourceFitsWord: Proofs { Proofs(rawValue: 8) }
  /// Of what changes its destination register: its upper half is zero afterwards.
  public static var resultFitsWord: Proofs { Proofs(rawValue: 16) }
  /// Of divisions and remainders: the divisor, in their width, is not zero.
  public static var divisorNonZero: Proofs { Proofs(rawValue: 32) }
  /// The analysis came here. Where it did not, the instruction never runs; this alone is never set without an analysis.
  public static var reachable: Proofs { Proofs(rawValue: 64) }

  /// The program breaks a rule here, as far as the analysis has come. Never left behind for engines.
  static var refused: Proofs { Proofs(rawValue: 128) }
}

extension Instruction {
  /// What the analysis of values proved; nothing before it ran.
  public var proven: Proofs { Proofs(rawValue: proofs) }
}
