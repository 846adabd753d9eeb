/// Why a program was stopped.
public struct Trap: Error, Equatable, Sendable {
  /// The numbers travel to other machines, so they are never given to another rule.
  public enum Rule: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    /// A load from where the program may not read.
    case readOutside = 1
    /// A store, or an atomic operation, where the program may not write.
    case writeOutside = 2
    /// The budget of instructions, or of time, is spent.
    case budgetSpent = 3
    /// A local call for which the arena has no stack frame.
    case callTooDeep = 4
    /// A call through a register that holds no helper's number.
    case unknownHelper = 5
    /// A call of a helper that the program is not granted; `address` is its number.
    case helperNotGranted = 6
    /// A helper refused its arguments or could not do its work; `helperFault` says why.
    case helperFault = 7
    /// An operation that verified programs do not contain.
    case invalidOperation = 8
    /// The program ended itself because a check of its own failed; `address` is the code in its `trap` instruction.
    case checkFailed = 9
  }

  public let rule: Rule
  /// Index of the 8-byte slot of the instruction in the text.
  public let index: Int
  /// The address of the access, the number called, the address of the helper's fault, or the
  /// code of the program's fault; else 0.
  public let address: UInt64
  public let helperFault: HelperFault?

  public init(_ rule: Rule, at index: Int, address: UInt64 = 0, helperFault: HelperFault? = nil) {
    let isRefused = helperFault?.reason == .notGranted
    self.rule = isRefused ? .helperNotGranted : rule
    self.index = index
    self.address = address
    self.helperFault = isRefused ? nil : helperFault
  }
}

/// How a run ended.
public struct Outcome: Equatable, Sendable {
  public enum Result: Equatable, Sendable {
    /// The program returned r0.
    case returned(UInt64)
    case trapped(Trap)
  }

  public let result: Result
  /// Instructions executed, the last one included. A wide load counts as one. `nil` when nobody counted: compiled programs
  /// run without.
  public let executed: Int?

  public init(result: Result, executed: Int?) {
    self.result = result
    self.executed = executed
  }
}
