/// What an engine made of the suite.
public struct ConformanceReport: Sendable {
  /// A case that the engine did not meet.
  public struct Failure: Sendable, CustomStringConvertible {
    public let name: String
    public let expectation: ConformanceCase.Expectation
    public let outcome: EngineOutcome

    public var description: String { "\(name): wanted \(expectation), got \(outcome)" }
  }

  /// The engine's name.
  public let engine: String
  /// Cases run.
  public let total: Int
  public let failures: [Failure]

  public var passed: Int { total - failures.count }
}

extension ConformanceEngine {
  /// Runs one case after the other.
  ///
  /// - Throws: when the engine cannot be reached.
  public func run(_ cases: [ConformanceCase]) async throws -> ConformanceReport {
    var failures: [ConformanceReport.Failure] = []
    for one in cases {
      let outcome = try await runSuiteProgram(one.program, memory: one.memory)
      if !one.isMet(by: outcome) {
        failures.append(.init(name: one.name, expectation: one.expectation, outcome: outcome))
      }
    }
    return ConformanceReport(engine: name, total: cases.count, failures: failures)
  }
}

extension ConformanceCase.Expectation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .result(let value): "0x\(String(value, radix: 16))"
    case .failure(let reason): "an error (\(reason))"
    }
  }
}

extension EngineOutcome: CustomStringConvertible {
  public var description: String {
    switch self {
    case .returned(let value): "0x\(String(value, radix: 16))"
    case .calledUnknownHelper(let number, let index):
      "slot \(index) calls helper \(number), which does not exist"
    case .failed(let reason), .doesNotFit(let reason): reason
    }
  }
}
