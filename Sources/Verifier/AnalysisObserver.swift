public import BPF

/// Who wants to see what the analysis of values found, for instance to show it.
public protocol AnalysisObserver: ~Copyable {
  /// Whether the analysis shall go through the program once more to tell.
  static var isInterested: Bool { get }

  /// Called once for each instruction that can run, in the order of the text, up to the one that is refused.
  ///
  /// - Parameter state: what is known before the instruction, after all ways to it were followed.
  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState)
}

/// Nobody.
struct NoObserver: AnalysisObserver {
  static var isInterested: Bool { false }
  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState) {}
}
