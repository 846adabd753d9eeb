import Foundation
import Synchronization

/// How a terminal is spoken to.
struct Terminal: Sendable {
  /// Whether somebody watches, so that a line may be drawn over another one.
  let isInteractive: Bool
  let hasColours: Bool

  /// The terminal behind the standard error, where everything goes that is no result.
  static let standardError = Terminal(
    isTerminal: isatty(STDERR_FILENO) != 0, environment: ProcessInfo.processInfo.environment)

  init(isTerminal: Bool, environment: [String: String]) {
    isInteractive = isTerminal && environment["TERM"] != "dumb"
    // https://no-color.org: the variable counts when it is not empty, whatever it says.
    hasColours = isInteractive && (environment["NO_COLOR"] ?? "").isEmpty
  }

  enum Style: String {
    case bold = "1"
    case failure = "1;31"
    case label = "36"
  }

  func styled(_ text: String, _ style: Style) -> String {
    hasColours ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  /// Draws over the line before.
  fileprivate func draw(_ line: String) {
    FileHandle.standardError.write(Data("\r\u{1b}[K\(line)".utf8))
  }
}

/// What is shown while something goes on: a line on a terminal, nothing elsewhere.
final class Progress: Sendable {
  private struct State {
    var what: String
    var done: Double?
    var isShown = false
    var hasEnded = false
  }

  private let terminal: Terminal
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  fileprivate init(_ what: String, on terminal: Terminal) {
    self.terminal = terminal
    state = Mutex(State(what: what))
  }

  /// Says what goes on now.
  func now(_ what: String) {
    state.withLock {
      $0.what = what
      $0.done = nil
    }
  }

  /// Says how much is done of how much.
  func advance(_ done: Int, of all: Int) {
    state.withLock { $0.done = all > 0 ? min(1, Double(done) / Double(all)) : nil }
  }

  /// Removes the line, so that something else can be written there; it comes back.
  func clear() {
    state.withLock {
      if $0.isShown { terminal.draw("") }
      $0.isShown = false
    }
  }

  fileprivate func end() {
    state.withLock {
      $0.hasEnded = true
      if $0.isShown { terminal.draw("") }
    }
  }

  fileprivate func show(frame: Int) {
    state.withLock {
      guard !$0.hasEnded else { return }
      $0.isShown = true
      let seconds = Int((ContinuousClock.now - start) / .seconds(1))
      terminal.draw(Self.line(frame: frame, what: $0.what, done: $0.done, seconds: seconds))
    }
  }

  /// `| compiling counter.c, 3 s`, `/ sending [####------------] 25 %, 4 s`.
  static func line(frame: Int, what: String, done: Double?, seconds: Int) -> String {
    let wheel = ["|", "/", "-", "\\"][frame % 4]
    let bar = done.map { done in
      let filled = Int(done * 16)
      return " [\(String(repeating: "#", count: filled))\(String(repeating: "-", count: 16 - filled))]"
        + " \(Int(done * 100)) %"
    }
    return "\(wheel) \(what)\(bar ?? "")" + (seconds > 0 ? ", \(seconds) s" : "")
  }
}

/// Shows on a terminal that something goes on, unless it is over in no time.
func withProgress<Result>(
  _ what: String, on terminal: Terminal = .standardError, _ body: (Progress) async throws -> Result
) async throws -> Result {
  let progress = Progress(what, on: terminal)
  let drawing = Task {
    guard terminal.isInteractive else { return }
    try await Task.sleep(for: .milliseconds(400))
    for frame in 0... {
      progress.show(frame: frame)
      try await Task.sleep(for: .milliseconds(120))
    }
  }
  defer {
    drawing.cancel()
    progress.end()
  }
  return try await body(progress)
}
