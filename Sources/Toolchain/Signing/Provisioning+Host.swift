import Bytes
public import COSE
public import Platform

/// The identity of a device of this vendor and class.
///
/// - Parameters:
///   - keys: whose signatures it accepts.
///   - vendor: the domain that the vendor id is made from.
///   - deviceClass: the name that the class id is made from.
///   - serial: the serial number.
/// - Returns: what `Provisioning` writes to a board or hands to a virtual device.
/// - Throws: ``ProvisioningError/tooManyKeys(found:)``.
public func makeProvisioning(
  trusting keys: [Ed25519PublicKey], vendor: String, deviceClass: String, serial: UInt64
) throws(ProvisioningError) -> Provisioning {
  let vendorID = UUIDv5.vendorID(domain: vendor)
  var provisioning = Provisioning(
    vendorID: vendorID, classID: UUIDv5.classID(vendorID: vendorID, name: deviceClass), serialNumber: serial,
    seed: .random(in: .min ... .max))
  for key in keys { try provisioning.trust(key) }
  return provisioning
}

extension Provisioning {
  /// The block, as a board's memory or a file holds it.
  public var block: [UInt8] {
    var storage = [UInt8](repeating: 0, count: Self.byteLimit)
    var writer = ByteWriter(storage.mutableSpan)
    guard (try? write(into: &writer)) != nil else { preconditionFailure("byteLimit is the largest block") }
    let count = writer.count
    return Array(storage[..<count])
  }
}
