import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import Toolchain

/// What the exit status says; scripts rely on the numbers.
enum ExitStatus: Int32 {
  /// The device refused, the program was stopped, or its result was another than expected.
  case refused = 1
  /// The device did not answer.
  case unreachable = 2
  /// A file that was given is wrong: a source that does not compile, an image that is refused, a key that is none.
  case input = 65
  /// A tool, a file of this project or a port is missing.
  case unavailable = 69
  /// Ended by a signal.
  case interrupted = 130

  init(_ error: any Error) {
    switch error {
    case let error as DeviceError:
      if case .unreachable = error { self = .unreachable } else { self = .refused }
    case is CancellationError: self = .interrupted
    case is EmulatorError, is SocketError, is CoAPFileServerError, is NoSuite: self = .unavailable
    case is UnexpectedResult: self = .refused
    default: self = .input
    }
  }
}

/// Tells the user something that is no result: on the standard error, so that results alone can be piped on.
func say(_ text: String) {
  FileHandle.standardError.write(Data("microbpf: \(text)\n".utf8))
}

/// Prints a line at once, also into a pipe: for commands that go on running.
func tell(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// Runs what a command does; an error becomes a message and an exit status, a signal from outside an orderly end.
func perform(_ body: @escaping @Sendable () async throws -> Void) async throws {
  let task = Task { try await body() }
  let signals = [SIGINT, SIGTERM, SIGHUP].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler { task.cancel() }
    source.resume()
    return source
  }
  defer { signals.forEach { $0.cancel() } }
  do {
    try await task.value
  } catch let error as ExitCode {
    throw error
  } catch {
    let status = ExitStatus(task.isCancelled ? CancellationError() : error)
    if status != .interrupted { say("\(error)") }
    throw ExitCode(status.rawValue)
  }
}
