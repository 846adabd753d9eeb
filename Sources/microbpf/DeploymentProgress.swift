import DeviceClient

/// Shows on a terminal how far a device is with what it installs, while `body` waits for the end of it.
///
/// - Parameters:
///   - what: what goes on.
///   - device: which device installs something. One that does not tell how far it is installs all the same.
///   - terminal: where it is shown; a device is not asked for what nobody sees.
///   - body: waits for the end.
/// - Returns: what `body` returns.
/// - Throws: what `body` throws.
func withProgress<Result>(
  _ what: String, of device: DeviceClient, on terminal: Terminal = .standardError,
  _ body: () async throws -> Result
) async throws -> Result {
  try await withProgress(what, on: terminal) { progress in
    let watcher = Task {
      guard terminal.isInteractive else { return }
      for try await state in device.followDeployment() where state.state == "image" {
        progress.advance(state.received, of: state.size ?? 0)
      }
    }
    defer { watcher.cancel() }
    return try await body()
  }
}
