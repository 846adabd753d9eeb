import Foundation
import Synchronization

/// No UDP port of the loopback interface is free, as far as was looked.
public struct NoFreePort: Error, CustomStringConvertible {
  public var description: String { "no free UDP port was found on the loopback interface" }
}

/// A UDP port of the loopback interface that nothing uses at this moment, for a program that has to be told one.
///
/// It is from below the range that systems hand out by themselves (RFC 6335 §6), so that no client's socket takes it before
/// that program does. Another call gives the next one, and so another one for a long time; another process begins elsewhere.
public func freePort() throws(NoFreePort) -> UInt16 {
  for _ in 0..<100 {
    let port = drawn.withLock { last in
      last = last + 1 < ports.upperBound ? last + 1 : ports.lowerBound
      return last
    }
    if isFree(port: port) { return port }
  }
  throw NoFreePort()
}

private let ports: Range<UInt16> = 10_000..<32_768
/// The last port that was looked at.
private let drawn = Mutex(UInt16.random(in: ports))

/// Whether nothing uses this UDP port of the loopback interface at this moment.
public func isFree(port: UInt16) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
  let length = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
  }
}
