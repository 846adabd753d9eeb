import Bytes
import COSE

/// What the manifest processor asks of the device it works for.
public protocol SUITDevice: ~Copyable {
  var vendorID: UUIDBytes { get }
  var classID: UUIDBytes { get }
  /// The keys that may sign deployments; a signature by one of them is enough.
  var trustedKeys: Span<Ed25519PublicKey> {
    @_lifetime(borrow self)
    get
  }
  /// Slots are numbered from zero.
  var slotCount: Int { get }
  /// The largest image a slot holds, in bytes.
  var slotByteCount: Int { get }

  /// The number of the manifest that was accepted last for this slot, 0 if none was. A manifest must exceed it.
  borrowing func storedSequenceNumber(ofSlot slot: Int) -> UInt32
}

/// A UUID in network byte order. RFC 9562 §4.
public struct UUIDBytes: Equatable, Sendable {
  public static var byteCount: Int { 16 }

  public let bytes: InlineArray<16, UInt8>

  public init(_ bytes: InlineArray<16, UInt8>) {
    self.bytes = bytes
  }

  /// Nil unless `bytes` are exactly 16.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = InlineArray { bytes[$0] }
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.bytes.span.holdsSameBytes(as: right.bytes.span)
  }
}
