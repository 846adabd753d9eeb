public import BPF

/// Who wants to see what the analysis of values found, for instance to show it.
public protocol AnalysisObserver: ~Copyable {
  /// Whether the analysis shall go through the program once more to tell.
  static var isInterested: Bool { get }

  /// Called once for each instruction that can run, in the order of the text, up to the one that is refused.
  ///
  /// - Parameters:
  ///   - instruction: with its proofs.
  ///   - index: of its slot in the text.
  ///   - state: what is known before it, after all ways to it were followed.
  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState)
}

/// Nobody.
struct NoObserver: AnalysisObserver {
  static var isInterested: Bool { false }
  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState) {}
}

/// What is known before an instruction, on all the ways there that the analysis has found.
public struct AnalysisState: Sendable {
  private var registers = InlineArray<11, AbstractValue>(repeating: .unknown)
  private var slots = InlineArray<64, AbstractValue>(repeating: .unknown)
  private let writtenSlots: UInt64

  init(_ workspace: Workspace) {
    for register in Register.allCases { registers[Int(register.rawValue)] = workspace.value(register) }
    for index in 0..<64 { slots[index] = workspace.value(workspace.slot(index)) }
    writtenSlots = workspace.writtenSlots
  }

  public subscript(register: Register) -> AbstractValue { registers[Int(register.rawValue)] }

  /// What is known about slot `index` of the stack frame: the eight bytes from r10 - 512 + 8 * `index` on.
  public func slot(_ index: Int) -> AbstractValue { slots[index] }

  /// Whether nothing was written to slot `index` since the function began.
  public func isUnwritten(_ index: Int) -> Bool { writtenSlots >> UInt64(index) & 1 == 0 }
}
