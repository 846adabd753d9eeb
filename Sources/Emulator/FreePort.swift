import Foundation
import Synchronization

/// Where to look for ports: below those that systems hand out to sockets that name none (from 32768 on Linux, from 49152
/// by IANA's rules). Of those, any socket could take one before QEMU has it.
private let candidates: Range<UInt16> = 20000..<32768

/// Each port is handed out once, until all were: two boards that share one would both start, and only one be heard.
private let nextCandidate = Mutex(UInt16.random(in: candidates))

/// A UDP port of the loopback interface that nothing uses at this moment.
///
/// Another process may take it before QEMU does; QEMU then ends with a message that says so.
func freePort() throws -> UInt16 {
  for _ in candidates {
    let port = nextCandidate.withLock { next in
      defer { next = next + 1 < candidates.upperBound ? next + 1 : candidates.lowerBound }
      return next
    }
    if isFree(port: port) { return port }
  }
  throw POSIXError(.EADDRINUSE)
}

/// Whether nothing uses this UDP port of the loopback interface at this moment.
public func isFree(port: UInt16) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}
