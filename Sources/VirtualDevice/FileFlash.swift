import Foundation
public import Platform

/// The file of a device's flash could not be opened.
public struct FlashFileError: Error, CustomStringConvertible {
  public let path: String
  public let reason: String

  public var description: String { "\(path): \(reason)" }
}

/// Flash in a file of this machine, of the shape that the emulated boards' has. What was written is there after the
/// process was killed; after a failure of this machine it need not be.
public final class FileFlash: Storage, Sendable {
  public let blockSize = 4096
  public let blockCount = 64
  public let programUnit = 4

  private let descriptor: Int32

  /// Opens the file, and makes it if it is not there.
  ///
  /// - Throws: ``FlashFileError``.
  public init(path: String) throws(FlashFileError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FlashFileError(path: path, reason: String(cString: strerror(errno))) }
    // Two devices would destroy each other's slots.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw FlashFileError(path: path, reason: "another device has it")
    }
    let size = lseek(descriptor, 0, SEEK_END)
    guard size >= byteCount || ftruncate(descriptor, off_t(byteCount)) == 0 else {
      close(descriptor)
      throw FlashFileError(path: path, reason: String(cString: strerror(errno)))
    }
  }

  deinit {
    close(descriptor)
  }

  public func read(at offset: Int, into bytes: inout MutableSpan<UInt8>) throws(StorageError) {
    try check(offset: offset, count: bytes.count)
    let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    guard count == bytes.count else { throw .read(offset: offset) }
  }

  public func program(at offset: Int, _ bytes: Span<UInt8>) throws(StorageError) {
    try check(offset: offset, count: bytes.count, unit: programUnit)
    var contents = [UInt8](repeating: 0, count: bytes.count)
    var span = contents.mutableSpan
    try read(at: offset, into: &span)
    for index in bytes.indices { span[index] &= bytes[index] }
    guard write(contents, at: offset) else { throw .program(offset: offset) }
  }

  public func erase(block: Int) throws(StorageError) {
    try check(offset: block * blockSize, count: blockSize)
    guard write([UInt8](repeating: 0xff, count: blockSize), at: block * blockSize) else {
      throw .erase(block: block)
    }
  }

  private func write(_ bytes: [UInt8], at offset: Int) -> Bool {
    bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) } == bytes.count
  }
}
