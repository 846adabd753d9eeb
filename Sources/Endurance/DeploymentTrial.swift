public import FaultNetwork

/// One deployment over a bad network, and what the device holds afterwards.
public struct DeploymentTrial: Codable, Sendable {
  public enum Outcome: String, Codable, Sendable {
    /// The slot holds the new program, whole, with its sequence number.
    case installed
    /// The slot is as it was.
    case untouched
    /// Anything else: what must not happen.
    case unsound
  }

  public let seed: UInt64
  public let outcome: Outcome
  /// What the client was told: `success`, the device's refusal, or why there was no answer.
  public let told: String
  /// From the request to the answer, or to giving up.
  public let milliseconds: Int
  /// What both networks did, that to the client and that to the file server.
  public let faults: FaultCounts
  /// Whether the device had to be restarted before it could be asked.
  public let wasRestarted: Bool

  public var isSound: Bool { outcome != .unsound }
}

/// What came of many deployments.
public struct FaultReport: Codable, Sendable {
  public let trials: [DeploymentTrial]
  public let sound: Int
  public let installed: Int
  public let untouched: Int
  /// Medians over all deployments. Datagrams are those that were handed to the networks, retransmissions included.
  public let medianMilliseconds: Int
  public let medianDatagrams: Int
  public let faults: FaultCounts

  init(_ trials: [DeploymentTrial]) {
    self.trials = trials
    sound = trials.count(where: \.isSound)
    installed = trials.count { $0.outcome == .installed }
    untouched = trials.count { $0.outcome == .untouched }
    medianMilliseconds = Self.median(trials.map(\.milliseconds))
    medianDatagrams = Self.median(trials.map(\.faults.datagrams))
    faults = trials.reduce(FaultCounts()) { $0 + $1.faults }
  }

  private static func median(_ numbers: [Int]) -> Int {
    numbers.isEmpty ? 0 : numbers.sorted()[numbers.count / 2]
  }

  public var summary: String { "sound \(sound) of \(trials.count)" }
}
