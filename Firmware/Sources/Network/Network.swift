import CLwIP
import CoAP

/// The board's IP stack and the one UDP socket it serves, polled from the main loop.
///
/// There is one: lwIP keeps its state in globals.
public enum Network {
  /// Starts the stack on an interface and binds the socket.
  ///
  /// - Parameters:
  ///   - mac: the station address.
  ///   - seed: differs between starts.
  ///   - port: the UDP port to receive on.
  ///   - transmit: sends one Ethernet frame.
  /// - Returns: whether the socket could be bound.
  public static func start(
    mac: InlineArray<6, UInt8>, seed: UInt32, port: UInt16,
    transmit: @convention(c) (UnsafePointer<UInt8>, UInt32) -> Void
  ) -> Bool {
    mac.span.withUnsafeBufferPointer { bytes in
      guard let address = bytes.baseAddress else { return }
      net_start(address, seed, transmit)
    }
    return net_bind(port)
  }

  /// Runs what is due at this time.
  public static func poll(at now: Instant) {
    net_poll(UInt32(truncatingIfNeeded: now.milliseconds))
  }

  /// Hands a received frame to the stack.
  public static func input(_ frame: Span<UInt8>) {
    frame.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      net_input(start, UInt32(bytes.count))
    }
  }

  /// Calls `body` with the next datagram that waits, whose it is, and whether it was sent to a group; false if none does.
  public static func receive(_ body: (Span<UInt8>, Peer, Bool) -> Void) -> Bool {
    var datagram = net_datagram()
    guard net_receive(&datagram) else { return false }
    // SAFETY: the stack keeps the bytes until the next `net_receive`, which comes after `body` has returned.
    let bytes = UnsafeBufferPointer(start: datagram.bytes, count: Int(datagram.length))
    body(bytes.span, Peer(datagram.peer), datagram.is_multicast)
    return true
  }
}

/// Sends from the socket; what the stack has no room for is lost, as on any network.
public struct UDPSink: DatagramSink {
  public init() {}

  public mutating func send(_ datagram: Span<UInt8>, to peer: Peer) {
    var address = net_peer(peer)
    datagram.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      _ = net_send(&address, start, UInt32(bytes.count))
    }
  }
}

extension Peer {
  /// lwIP's peer, whose address stands in network order.
  init(_ peer: net_peer) {
    var address = peer.address
    let (high, low) = withUnsafeBytes(of: &address) { bytes in
      (
        bytes.loadUnaligned(as: UInt64.self).bigEndian,
        bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
      )
    }
    if peer.is_ipv6 {
      // There is one interface; link-local addresses belong to it.
      self.init(high: high, low: low, port: peer.port, zone: 0)
    } else {
      self.init(ipv4: UInt32(truncatingIfNeeded: high >> 32), port: peer.port)
    }
  }
}

extension net_peer {
  init(_ peer: Peer) {
    self.init()
    port = peer.port
    is_ipv6 = peer.ipv4 == nil
    withUnsafeMutableBytes(of: &address) { bytes in
      if let ipv4 = peer.ipv4 {
        bytes.storeBytes(of: ipv4.bigEndian, as: UInt32.self)
      } else {
        bytes.storeBytes(of: peer.high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: peer.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
    }
  }
}
