import Foundation

/// A UDP socket of this host's loopback that waits for answers, but not for long.
final class UDPClient {
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    var timeout = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    try withAddress(port: 0) { bind(descriptor, $0, $1) }
  }

  deinit {
    close(descriptor)
  }

  func connect(to port: UInt16) throws {
    try withAddress(port: port) { Glibc.connect(descriptor, $0, $1) }
  }

  /// Sends a datagram and returns the next one that comes; nil if none does.
  func exchange(_ datagram: [UInt8]) -> [UInt8]? {
    guard send(datagram) else { return nil }
    var answer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &answer, answer.count, 0)
    return count < 0 ? nil : Array(answer[..<count])
  }

  func send(_ datagram: [UInt8]) -> Bool {
    Glibc.send(descriptor, datagram, datagram.count, 0) == datagram.count
  }

  private func withAddress(port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, size) }
    }
    guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EINVAL) }
  }
}
