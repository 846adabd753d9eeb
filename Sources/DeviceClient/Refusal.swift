public import CoAP
public import CoAPTransport
public import DeviceProtocol

/// A device's problem details (RFC 9290), as the tools show them.
public struct Refusal: Equatable, Sendable, CustomStringConvertible {
  public let code: Code
  public let title: String
  public let detail: String
  /// `nil` when the device is not one of ours, or the answer was cut short.
  public let stage: Problem.Stage?
  public let rule: Int?
  public let index: Int64?
  public let expected: Int64?
  public let found: Int64?
  public let address: UInt64?

  public init(_ response: CoAPResponse) {
    code = response.code
    let value = response.contentFormat == .conciseProblemDetails ? Value(response.body) : nil
    title = value?[.integer(Problem.StandardKey.title)]?.text ?? "The device refused"
    // A body without a format is a sentence for people (RFC 7252 §5.5.2).
    let diagnostic = response.contentFormat == nil ? String(validating: response.body, as: UTF8.self) : nil
    detail = value?[.integer(Problem.StandardKey.detail)]?.text ?? diagnostic ?? ""
    let own = value?[.text("\(Problem.entryName)")]
    func number(_ key: Problem.Key) -> Int64? { own?[.integer(Int64(key.rawValue))]?.integer }
    stage = number(.stage).flatMap { UInt8(exactly: $0) }.flatMap(Problem.Stage.init(rawValue:))
    rule = number(.rule).map(Int.init)
    index = number(.index)
    expected = number(.expected)
    found = number(.found)
    address = own?[.integer(Int64(Problem.Key.address.rawValue))]?.unsigned
  }

  /// The same for a problem that arose in this process.
  public init(_ problem: Problem) {
    code = problem.code
    title = "\(problem.title)"
    detail = "\(problem.detail)"
    stage = problem.stage
    rule = Int(problem.rule)
    index = problem.index
    expected = problem.expected
    found = problem.found
    address = problem.address
  }

  /// Whether the program would only have to be compiled.
  public var isNotCompiled: Bool {
    stage == .compilation && rule == Int(CompilationRule.notCompiled.rawValue)
  }

  /// One sentence, with the numbers in the words of the stage.
  public var description: String {
    var text = "\(title) (\(code.text))"
    if !detail.isEmpty { text += ": \(detail)" }
    let facts = facts
    if !facts.isEmpty { text += " (\(facts.joined(separator: ", ")))" }
    return text
  }
}
