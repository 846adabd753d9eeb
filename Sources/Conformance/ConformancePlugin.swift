/// The suite's plug-in protocol: the public runner starts a process for each case, with the memory as an
/// argument and the program on standard input, both as hexadecimal text, and reads r0 from standard output.
public struct ConformancePlugin: Sendable {
  /// What the process has to put out and end with.
  public struct Reply: Equatable, Sendable {
    public let standardOutput: String
    public let standardError: String
    public let exitStatus: Int32
  }

  public let engine: any ConformanceEngine

  public init(engine: any ConformanceEngine) {
    self.engine = engine
  }

  /// - Parameters:
  ///   - memory: the runner's argument; empty for none.
  ///   - input: the text section, or an ELF object (`--elf`): devices tell the one from the other.
  /// - Returns: the reply; a program that fails is part of it.
  /// - Throws: what the engine throws when it cannot be reached.
  public func reply(memory: String, input: String) async throws -> Reply {
    guard let memory = hexadecimalBytes(memory) else { return refusal("the memory is not hexadecimal") }
    guard let program = hexadecimalBytes(input) else { return refusal("the program is not hexadecimal") }
    switch try await engine.runSuiteProgram(program, memory: memory) {
    case .returned(let value):
      return Reply(standardOutput: "\(String(value, radix: 16))\n", standardError: "", exitStatus: 0)
    case let outcome: return refusal("\(outcome)")
    }
  }

  private func refusal(_ reason: String) -> Reply {
    Reply(standardOutput: "", standardError: "\(reason)\n", exitStatus: 1)
  }
}
