public import BPF
public import Helpers

/// An instruction that calls a helper.
public struct HelperCall: Error, Equatable, Sendable {
  /// The number it calls, whether there is such a helper or not.
  public let number: Int32
  /// Index of the instruction's slot in the text.
  public let index: Int

  public init(number: Int32, index: Int) {
    self.number = number
    self.index = index
  }
}

/// The first of a program's instructions that calls a helper which is not in `granted`, or does not exist.
///
/// A call through a register cannot be told before it is made.
public func firstCall(outside granted: HelperSet, in instructions: Span<Instruction>) -> HelperCall? {
  for index in instructions.indices where instructions[index].operation == .callHelper {
    let number = instructions[index].immediate
    if let byte = UInt8(exactly: number), let helper = Helper(rawValue: byte), granted.contains(helper) {
      continue
    }
    return HelperCall(number: number, index: index)
  }
  return nil
}
