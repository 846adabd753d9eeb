import ArgumentParser
import Foundation

/// Tells the user something that is no result: on the standard error, so that results alone can be piped on.
func say(_ text: String) {
  // Over the line that shows what goes on, if there is one.
  let clearing = Terminal.standardError.isInteractive ? "\r\u{1b}[K" : ""
  FileHandle.standardError.write(Data("\(clearing)microbpf: \(text)\n".utf8))
}

/// Prints a line at once, also into a pipe: for commands that go on running.
func tell(_ line: String) {
  FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// Runs what a command does; an error becomes a message and an exit status, a signal from outside an orderly end.
///
/// - Parameters:
///   - subject: what the command is about, such as a file's name; told when the error does not say.
///   - needingSettings: whether the project file has to be right.
///   - body: the command.
/// - Throws: the exit status, or what `ArgumentParser` tells the user.
func perform(
  on subject: String? = nil, needingSettings: Bool = true,
  _ body: @escaping @Sendable () async throws -> Void
) async throws {
  let numbers = [SIGINT, SIGTERM, SIGHUP]
  let (registrations, registered) = AsyncStream.makeStream(of: Void.self)
  let task = Task {
    // A signal that came before it is listened for would be lost, or end the process at once.
    for await _ in registrations.prefix(numbers.count) {}
    try Task.checkCancellation()
    if needingSettings, let problem = Settings.problem { throw problem }
    try await body()
  }
  let signals = numbers.map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setRegistrationHandler { registered.yield() }
    source.setEventHandler { task.cancel() }
    source.resume()
    return source
  }
  defer { signals.forEach { $0.cancel() } }
  do {
    try await task.value
    // Those that run on end in good order when they are told to.
    if task.isCancelled { throw CancellationError() }
  } catch let error as ExitCode {
    throw error
  } catch let error as ValidationError {
    throw error
  } catch {
    guard !task.isCancelled, !(error is CancellationError) else {
      throw ExitCode(ExitStatus.interrupted.rawValue)
    }
    let complaint = Complaint(error, on: subject)
    let text = complaint.text(on: .standardError) + "\n"
    // What was printed before comes before, also where both go into one pipe.
    fflush(nil)
    FileHandle.standardError.write(Data(text.utf8))
    throw ExitCode(complaint.status.rawValue)
  }
}
