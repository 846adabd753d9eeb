/// How an engine left a program.
public enum EngineOutcome: Equatable, Sendable {
  /// The program returned r0.
  case returned(UInt64)
  /// The program was refused or stopped at the slot `index` for calling a helper by a number that no helper
  /// of this engine has.
  case calledUnknownHelper(number: UInt64, index: Int)
  /// The program was refused or stopped for another reason.
  case failed(String)
  /// The program was not run: this machine has no room for it or its memory.
  case doesNotFit(String)
}

/// What runs programs: the interpreter here, or another engine or machine.
public protocol ConformanceEngine: Sendable {
  /// For reports.
  var name: String { get }

  /// Verifies and runs a program in an image layout that devices understand.
  ///
  /// - Parameters:
  ///   - image: the program.
  ///   - memory: what r1 points to and r2 has the length of.
  /// - Returns: what the program came to.
  /// - Throws: when the engine cannot be reached; what the program does is part of the outcome.
  func run(_ image: [UInt8], memory: [UInt8]) async throws -> EngineOutcome
}
