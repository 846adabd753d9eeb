import Foundation

/// What the exit status says; scripts rely on the numbers.
enum ExitStatus: Int32, CaseIterable {
  /// All went well.
  case done = 0
  /// The device refused, the program was stopped, a check failed, or a result was another than expected.
  case refused = 1
  /// The device did not answer.
  case unreachable = 2
  /// The command was called in a wrong way.
  case usage = 64
  /// What was given is wrong: a source that does not compile, an image that is none, a key, the project file.
  case input = 65
  /// A tool, a file of this project or a port is missing.
  case unavailable = 69
  /// Ended by a signal.
  case interrupted = 130

  /// For the documentation.
  var meaning: String {
    switch self {
    case .done: "done"
    case .refused: "the device or a check refused, or the program was stopped"
    case .unreachable: "the device did not answer"
    case .usage: "wrong usage"
    case .input: "the input is wrong: a source, an image, a key, the project file"
    case .unavailable: "a tool, a file of the project or a port is missing"
    case .interrupted: "ended by a signal"
    }
  }
}

/// A failure as it is told: what failed, where, and what to do next.
struct Complaint: Error, Equatable {
  /// A line that says where, or what was found there.
  struct Detail: Equatable {
    let label: String
    let text: String
  }

  let status: ExitStatus
  /// What another tool said, which is shown before everything else.
  var quotation: String?
  var what: String
  var details: [Detail] = []
  /// What to do next; one line each.
  var next: [String]

  init(_ status: ExitStatus, _ what: String, next: String...) {
    self.status = status
    self.what = what
    self.next = next
  }

  func at(_ place: String?) -> Complaint { with("where", place) }

  func with(_ label: String, _ text: String?) -> Complaint {
    guard let text, !text.isEmpty else { return self }
    var complaint = self
    complaint.details.append(Detail(label: label, text: text))
    return complaint
  }

  func quoting(_ text: String) -> Complaint {
    var complaint = self
    complaint.quotation = text
    return complaint
  }

  /// The text for people.
  func text(on terminal: Terminal) -> String {
    let quoted = quotation.map { [$0.hasSuffix("\n") ? String($0.dropLast()) : $0] } ?? []
    let first = "\(terminal.styled("microbpf:", .failure)) \(terminal.styled(what, .bold))"
    return (quoted + [first] + explanation(on: terminal)).joined(separator: "\n")
  }

  /// Where it failed, and what to do next: the lines below the first.
  func explanation(on terminal: Terminal) -> [String] {
    func line(_ label: String, _ text: String) -> String {
      let name = "\(label):"
      let indented = text.replacing("\n", with: "\n           ")
      return "  \(terminal.styled(name, .label))\(String(repeating: " ", count: 9 - name.count))\(indented)"
    }
    return details.map { line($0.label, $0.text) } + next.map { line("next", $0) }
  }
}

/// An error that knows what to do about it.
protocol Complaining: Error {
  var complaint: Complaint { get }
}
