public import CoAP
import CoAPTransport
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
  public let address: Int64?

  init(_ response: CoAPResponse) {
    code = response.code
    let value = response.contentFormat == .conciseProblemDetails ? Value(response.body) : nil
    title = value?[.integer(Problem.StandardKey.title)]?.text ?? "The device refused"
    detail = value?[.integer(Problem.StandardKey.detail)]?.text ?? ""
    let own = value?[.text("\(Problem.entryName)")]
    func number(_ key: Problem.Key) -> Int64? { own?[.integer(Int64(key.rawValue))]?.integer }
    stage = number(.stage).flatMap { UInt8(exactly: $0) }.flatMap(Problem.Stage.init(rawValue:))
    rule = number(.rule).map(Int.init)
    index = number(.index)
    expected = number(.expected)
    found = number(.found)
    address = number(.address)
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
    address = problem.address.map { Int64(bitPattern: $0) }
  }

  /// One sentence, with the numbers in the words of the stage.
  public var description: String {
    var text = "\(title) (\(code.codeClass).\(code.detail < 10 ? "0" : "")\(code.detail))"
    if !detail.isEmpty { text += ": \(detail)" }
    var facts: [String] = []
    if let index { facts.append(place(index)) }
    if let expected, expected != 0 { facts.append("expected \(expected)") }
    if let found, found != 0 { facts.append("found \(found)") }
    if let address, address != 0 { facts.append("address 0x\(String(address, radix: 16))") }
    if !facts.isEmpty { text += " (\(facts.joined(separator: ", ")))" }
    return text
  }

  private func place(_ index: Int64) -> String {
    switch stage {
    case .verifier, .execution: "instruction \(index)"
    case .manifest: "byte \(index) of the envelope"
    case .image: "byte \(index) of the image"
    case .transfer: "character \(index) of the URL"
    case .request, nil: "at \(index)"
    }
  }
}
