import CoAP
import Foundation
import NIOCore
import NIOPosix

/// All CoAP nodes: of the Internet's IPv4 hosts, of a link, and of a site (RFC 7252 §12.8).
public enum AllCoAPNodes {
  public static let ipv4 = "224.0.1.187"
  public static let link = "ff02::fd"
  public static let site = "ff05::fd"
  public static let all = [ipv4, link, site]
}

extension Peer {
  /// Whether it is the address of a group (RFC 5771 §2, RFC 4291 §2.7).
  var isMulticast: Bool {
    if let ipv4 { ipv4 >> 28 == 0xe } else { high >> 56 == 0xff }
  }
}

extension Channel {
  /// Joins groups on every interface that lets it, the loopback included, and has datagrams say where they were sent to. What does
  /// not work is left out: a machine without a network has no groups.
  func join(_ groups: [String]) async {
    guard let options = self as? any SocketOptionProvider, let multicast = self as? any MulticastChannel,
      (try? await setOption(.receivePacketInfo, value: true).get()) != nil,
      let devices = try? System.enumerateDevices()
    else { return }
    for group in groups {
      guard let address = try? SocketAddress(ipAddress: group, port: 0) else { continue }
      for device in devices {
        switch (address, device.address) {
        case (.v4(let group), .v4(let local)?):
          // Also of a socket for both families, of which NIO joins groups of one.
          let request = ip_mreq(imr_multiaddr: group.address.sin_addr, imr_interface: local.address.sin_addr)
          _ = try? await options.unsafeSetSocketOption(level: .ip, name: .ip_add_membership, value: request)
            .get()
        case (.v6, .v6?): try? await multicast.joinGroup(address, device: device).get()
        default: break
        }
      }
    }
  }
}
