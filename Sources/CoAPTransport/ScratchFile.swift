import Foundation

/// Writes a file that need not outlast this machine's next crash: one that another program reads at once.
///
/// Foundation's `write(to:)` returns when the disk has the bytes. On a busy machine that takes seconds, in which it holds
/// one of the few threads that all tasks share.
///
/// - Throws: `POSIXError` when the file cannot be made or written.
package func writeScratchFile(_ bytes: [UInt8], to file: URL) throws {
  let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  try handle.write(contentsOf: Data(bytes))
  try handle.close()
}
