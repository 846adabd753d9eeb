import DeviceClient
import Foundation

/// Shows on the terminal how far a transfer is, while `body` waits for its end. There is nothing to see where the standard error is
/// no terminal, or the result is for programs.
///
/// - Parameters:
///   - device: which device installs something.
///   - isQuiet: whether nothing shall be shown.
///   - body: what waits for the end.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws.
func showingProgress<Result>(
  of device: DeviceClient, isQuiet: Bool, _ body: () async throws -> Result
) async throws -> Result {
  guard !isQuiet, isatty(STDERR_FILENO) == 1 else { return try await body() }
  let watcher = Task {
    // A device that does not tell installs all the same.
    for try await progress in device.followDeployment() {
      ProgressBar.draw(progress)
    }
  }
  defer {
    watcher.cancel()
    ProgressBar.clear()
  }
  return try await body()
}

/// A line that is drawn over itself.
enum ProgressBar {
  private static let width = 30

  static func draw(_ progress: ProgressDescription) {
    guard let text = text(progress) else { return }
    FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8))
  }

  static func clear() {
    FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
  }

  /// `nil` when nothing is on its way.
  static func text(_ progress: ProgressDescription) -> String? {
    switch progress.state {
    case "manifest": "manifest: \(progress.received) bytes"
    case "image": bar(received: progress.received, of: progress.size ?? 0)
    default: nil
    }
  }

  static func bar(received: Int, of size: Int) -> String {
    let filled = size > 0 ? min(width, width * received / size) : 0
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
      + "] \(received) of \(size) bytes"
  }
}
