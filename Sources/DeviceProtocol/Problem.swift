public import Bytes
public import CBOR
public import CoAP

/// Why a request failed, as the device tells it: concise problem details (RFC 9290) with numbers to act upon.
///
/// The texts are for people; programs go by stage and rule, whose numbers never change their meaning.
public struct Problem: Error, Equatable, Sendable {
  /// Where on the road of a program it happened; it says whose numbers ``rule`` and the others are.
  public enum Stage: UInt8, CaseIterable, Sendable {
    /// The request itself: path, method, payload.
    case request = 1
    /// Getting manifest or image from their server.
    case transfer
    /// The signed manifest.
    case manifest
    /// The image's layout.
    case image
    /// The verifier's judgement on the program.
    case verifier
    /// The program's execution.
    case execution
    /// Compiling the program to the device's own instructions.
    case compilation
    /// Keeping a slot where it outlives a restart.
    case storage
  }

  public var code: Code
  public var stage: Stage
  /// Which rule of the stage was broken.
  public var rule: UInt8
  /// What happened, in a few words.
  public var title: StaticString
  /// The rule in a sentence.
  public var detail: StaticString
  /// Where: the index of an instruction, or an offset in bytes, as the stage counts.
  public var index: Int64?
  public var expected: Int64?
  public var found: Int64?
  /// The address a program used.
  public var address: UInt64?

  public init(
    _ code: Code, _ stage: Stage, rule: UInt8, title: StaticString, detail: StaticString, index: Int64? = nil,
    expected: Int64? = nil, found: Int64? = nil, address: UInt64? = nil
  ) {
    self.code = code
    self.stage = stage
    self.rule = rule
    self.title = title
    self.detail = detail
    self.index = index
    self.expected = expected
    self.found = found
    self.address = address
  }

  public static func == (left: Problem, right: Problem) -> Bool {
    left.code == right.code && left.stage == right.stage && left.rule == right.rule
      && left.index == right.index
      && left.expected == right.expected && left.found == right.found && left.address == right.address
  }

  /// Keys of the standard entries (RFC 9290 §2), which are negative.
  public enum StandardKey {
    public static let title: Int64 = -1
    public static let detail: Int64 = -2
    public static let responseCode: Int64 = -4
  }

  /// The name of the entry that holds this device's own numbers (a custom problem detail entry, RFC 9290 §3.2).
  public static let entryName: StaticString = "tag:microbpf.example,2026:problem"

  /// Keys in that entry.
  public enum Key: UInt64, CaseIterable, Sendable {
    case stage = 0, rule, index, expected, found, address
  }

  /// Writes it as `application/concise-problem-details+cbor`.
  public func write(into output: inout CBORWriter) throws(OutOfBounds) {
    // Deterministic order (RFC 8949 §4.2.1): -1 before -2 before -4 before the text.
    try output.beginMap(4)
    try output.writeInteger(StandardKey.title)
    try output.writeText(title)
    try output.writeInteger(StandardKey.detail)
    try output.writeText(detail)
    try output.writeInteger(StandardKey.responseCode)
    try output.writeUnsigned(UInt64(code.rawValue))
    try output.writeText(Self.entryName)
    let optional = [index != nil, expected != nil, found != nil, address != nil] as InlineArray<4, Bool>
    var count = 2
    for position in optional.indices where optional[position] { count += 1 }
    try output.beginMap(count)
    try output.writeUnsigned(Key.stage.rawValue)
    try output.writeUnsigned(UInt64(stage.rawValue))
    try output.writeUnsigned(Key.rule.rawValue)
    try output.writeUnsigned(UInt64(rule))
    if let index { try output.write(.index, index) }
    if let expected { try output.write(.expected, expected) }
    if let found { try output.write(.found, found) }
    if let address {
      try output.writeUnsigned(Key.address.rawValue)
      try output.writeUnsigned(address)
    }
  }
}

extension CBORWriter {
  fileprivate mutating func write(_ key: Problem.Key, _ value: Int64) throws(OutOfBounds) {
    try writeUnsigned(key.rawValue)
    try writeInteger(value)
  }
}
