import BPF

/// The one helper that the suite's programs call: it returns its first argument.
///
/// Devices have no helper with its number. So what calls it, once an engine has reported the call, is
/// replaced by one instruction with the helper's effect, and the program runs again from the start. This
/// works for every engine and machine, whose own helpers stay as they are.
enum SuiteHelper {
  static let number: UInt64 = 5

  /// The effect of a call.
  private static let substitute = Instruction(.mov64Reg, destination: .r0, source: .r1)

  /// The text section with the call in slot `index` replaced; `nil` when there is no such call.
  static func replaceCall(at index: Int, in text: [UInt8]) -> [UInt8]? {
    guard index >= 0, index < text.count / 8 else { return nil }
    let place = index * 8..<index * 8 + 8
    let slot = text[place].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let instruction = try? Instruction(slot: slot),
      instruction.operation == .callHelper || instruction.operation == .callx
    else { return nil }
    var text = text
    text.replaceSubrange(place, with: (0..<8).map { UInt8(truncatingIfNeeded: substitute.slot >> ($0 * 8)) })
    return text
  }
}

extension ConformanceEngine {
  /// Runs a program of the suite, which may call the suite's helper.
  public func runSuiteProgram(_ program: [UInt8], memory: [UInt8]) async throws -> EngineOutcome {
    var program = program
    while true {
      let outcome = try await run(program, memory: memory)
      guard case .calledUnknownHelper(SuiteHelper.number, let index) = outcome,
        let replaced = SuiteHelper.replaceCall(at: index, in: program)
      else { return outcome }
      program = replaced
    }
  }
}
