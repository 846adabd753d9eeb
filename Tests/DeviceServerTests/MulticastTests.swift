import CoAP
import CoAPTransport
import Foundation
import TestSupport
import Testing
import Toolchain
import VirtualDevice

@testable import DeviceClient

/// A UDP socket that sends to groups by way of the loopback.
private final class GroupClient {
  private let descriptor: Int32

  init() {
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    var loopback = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
    setsockopt(
      descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, &loopback, socklen_t(MemoryLayout<in_addr>.size))
  }

  deinit { close(descriptor) }

  func send(_ datagram: [UInt8], to group: String, port: UInt16) -> Bool {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, group, &address.sin_addr)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    } == datagram.count
  }

  /// The next datagram; `nil` when none comes within half a minute.
  func receive() async throws -> [UInt8]? {
    var answer = [UInt8](repeating: 0, count: 2048)
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      let count = recv(descriptor, &answer, answer.count, Int32(MSG_DONTWAIT))
      if count >= 0 { return Array(answer[..<count]) }
      try await Task.sleep(for: .milliseconds(20))
    }
    return nil
  }
}

@Suite struct GroupRules {
  private func request(_ code: Code, _ path: String, type: MessageType, token: UInt64) throws -> [UInt8] {
    var message = Parsed(type: type, code: code, messageID: UInt16(token))
    message.token = Token(value: token, count: 1)
    message.options = path.split(separator: "/").map { .init(.uriPath, Array($0.utf8)) }
    return try message.encoded()
  }

  @Test(arguments: ["::", "0.0.0.0"])
  func `all CoAP nodes are found on the loopback, after a while, and do nothing else that way`(
    host: String
  ) async throws {
    let device = try await VirtualDevice(
      host: host, port: 0,
      provisioning: try makeProvisioning(
        trusting: [Device.key.publicKey], vendor: "example.com", deviceClass: "linux", serial: 7),
      console: { _ in })
    let client = GroupClient()
    // What wants an acknowledgement, and what has no answer, is passed over.
    for (code, path, type) in [
      (Code.get, "slots", MessageType.confirmable), (.post, "slots/1/run", .nonConfirmable),
      (.get, "nowhere", .nonConfirmable),
    ] {
      #expect(
        client.send(try request(code, path, type: type, token: 1), to: AllCoAPNodes.ipv4, port: device.port))
    }
    let search = try request(.get, ".well-known/core", type: .nonConfirmable, token: 2)
    #expect(client.send(search, to: AllCoAPNodes.ipv4, port: device.port))
    let answer = try Parsed(try #require(try await client.receive()))
    #expect(answer.token == Token(value: 2, count: 1))
    #expect(answer.code == .content && answer.type == .nonConfirmable)
    await device.close()
  }
}
