import Foundation

/// A UDP port of the loopback interface that nothing uses at this moment.
///
/// Another process may take it before QEMU does; QEMU then ends with a message that says so.
func freePort() throws -> UInt16 {
  guard let port = bindLoopback(port: 0) else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  return port
}

/// Whether nothing uses this UDP port of the loopback interface at this moment.
public func isFree(port: UInt16) -> Bool {
  bindLoopback(port: port) != nil
}

/// Takes a port, 0 for any, and gives it back at once; `nil` if that failed.
private func bindLoopback(port: UInt16) -> UInt16? {
  let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let status = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
    }
  }
  return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
}
