/// What came of one hostile program.
public struct AttackRow: Codable, Sendable {
  public let program: String
  /// By engine, in its raw value.
  public private(set) var verdicts: [String: Verdict] = [:]
  /// The engines in which something else came of it than may.
  public private(set) var breaches: [AttackEngine] = []

  init(attack: Attack) {
    program = attack.name
  }

  mutating func add(_ verdict: Verdict, in engine: AttackEngine, of attack: Attack) {
    verdicts[engine.rawValue] = verdict
    if !attack.allows(verdict, in: engine) { breaches.append(engine) }
  }

  public subscript(engine: AttackEngine) -> Verdict? { verdicts[engine.rawValue] }

  public var isContained: Bool { breaches.isEmpty && !verdicts.isEmpty }
}

/// What came of all of them, and what others saw meanwhile.
public struct AttackReport: Codable, Sendable {
  public let rows: [AttackRow]
  /// Of the client that kept asking.
  public let requests: Int
  public let failedRequests: Int
  public let wrongResults: Int
  public let slowestMilliseconds: Int
  /// What the first failed request was told.
  public let complaint: String?
  /// Whether the program that watches over its memory has never found it changed.
  public let isSentinelAlive: Bool

  public var contained: Int { rows.count { $0.isContained } }

  public var isSound: Bool {
    contained == rows.count && requests > 0 && failedRequests == 0 && wrongResults == 0 && isSentinelAlive
  }

  public var summary: String { "contained \(contained) of \(rows.count)" }

  /// What the client and the watching program have to say.
  public var testimony: String {
    "\(requests) requests of another client, \(failedRequests) failed, \(wrongResults) wrong, the slowest took "
      + "\(slowestMilliseconds) ms; memory of another program \(isSentinelAlive ? "unchanged" : "CHANGED")"
      + (complaint.map { "\nthe first failure: \($0)" } ?? "")
  }
}
