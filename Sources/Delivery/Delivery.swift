import CoAPTransport
public import DeviceClient
import Foundation
public import SUIT
public import Toolchain

/// What a deployment installed, what it cost, and who counted.
public struct DeliveryReport: Codable, Equatable, Sendable {
  public let installation: InstallationDescription
  /// Bytes of the signed envelope.
  public let envelopeBytes: Int
  /// Datagrams that the file server received and sent.
  public let serverPackets: Int
}

/// What a manifest says of its device and its origin, beside the program.
public struct Signing: Sendable {
  public var key: SigningKey
  /// The domain that the vendor id is made from.
  public var vendor: String
  /// The name that the class id is made from; `nil` takes the name of the device's board.
  public var deviceClass: String?
  /// `nil` takes the one after the slot's.
  public var sequenceNumber: UInt32?
  /// RIOT's, or the current draft's.
  public var form: ManifestForm

  public static let defaultVendor = "microbpf.example"

  public init(
    key: SigningKey, vendor: String = Self.defaultVendor, deviceClass: String? = nil,
    sequenceNumber: UInt32? = nil, form: ManifestForm = .riot
  ) {
    self.form = form
    self.key = key
    self.vendor = vendor
    self.deviceClass = deviceClass
    self.sequenceNumber = sequenceNumber
  }

  /// The signed envelope of a manifest that installs `image`, which lies at `uri`, into a slot.
  public func envelope(
    for image: [UInt8], at uri: String, slot: Int, sequenceNumber: UInt32, deviceClass: String
  ) throws -> [UInt8] {
    try signed(image, at: uri, slot: slot, sequenceNumber: sequenceNumber, deviceClass: deviceClass).encoded
  }

  /// A signed envelope with the image that it installs into a slot, in one piece.
  public func pushed(
    _ image: [UInt8], slot: Int, sequenceNumber: UInt32, deviceClass: String
  ) throws -> [UInt8] {
    // RIOT's form has no name for what comes along; the URI that has to stand there is fetched by nobody.
    let uri = form == .suit ? "#image" : "coap://[::1]/image"
    return try signed(image, at: uri, slot: slot, sequenceNumber: sequenceNumber, deviceClass: deviceClass)
      .encoded(pushing: image)
  }

  private func signed(
    _ image: [UInt8], at uri: String, slot: Int, sequenceNumber: UInt32, deviceClass: String
  ) throws -> Envelope {
    let vendorID = UUIDv5.vendorID(domain: vendor)
    let builder = ManifestBuilder(
      payload: image, uri: uri, slot: UInt16(slot), sequenceNumber: sequenceNumber, vendorID: vendorID,
      classID: UUIDv5.classID(vendorID: vendorID, name: deviceClass), form: form)
    var envelope = builder.envelope
    try envelope.sign(with: key)
    return envelope
  }

  /// The number to give a manifest for the slot: the one that was chosen, or one above the slot's.
  func nextSequenceNumber(for slot: Int, of device: DeviceClient) async throws -> UInt32 {
    if let sequenceNumber { return sequenceNumber }
    let last = try await device.slot(slot).sequence
    guard last < .max else { throw SequenceNumbersUsedUp(slot: slot) }
    return last + 1
  }
}

/// Brings an image into a slot in one request: signs it, and sends manifest and image together. The device need not be
/// able to reach this machine.
///
/// - Parameters:
///   - image: what the slot shall hold.
///   - slot: the slot's number.
///   - device: whose slot.
///   - signing: by whom and for whom.
///   - progress: called with the bytes that have arrived, and how many there are.
/// - Returns: what was installed.
/// - Throws: ``DeviceError`` when the device refuses, with its reason.
public func push(
  image: [UInt8], to slot: Int, of device: DeviceClient, signing: Signing,
  progress: (@Sendable (Int, Int) -> Void)? = nil
) async throws -> InstallationDescription {
  let deviceClass: String
  if let chosen = signing.deviceClass {
    deviceClass = chosen
  } else {
    deviceClass = try await device.description().board
  }
  let pushed = try signing.pushed(
    image, slot: slot, sequenceNumber: try await signing.nextSequenceNumber(for: slot, of: device),
    deviceClass: deviceClass)
  return try await device.push(pushed) { progress?($0, pushed.count) }
}

/// Brings an image into a slot: signs it, serves it, has the device pull it, and waits until that is done.
///
/// - Parameters:
///   - image: what the slot shall hold.
///   - slot: the slot's number.
///   - device: whose slot.
///   - signing: by whom and for whom.
///   - fileServerAddress: where the device reaches this machine; `nil` takes the address at which it sees this machine.
/// - Returns: what was installed and what it took.
/// - Throws: ``DeviceError`` when the device refuses, with its reason.
public func deliver(
  image: [UInt8], to slot: Int, of device: DeviceClient, signing: Signing, fileServerAddress: String? = nil
) async throws -> DeliveryReport {
  let description = try await device.description()
  let sequenceNumber = try await signing.nextSequenceNumber(for: slot, of: device)
  return try await withTemporaryDirectory { directory in
    let server = try await CoAPFileServer(directory: directory.path)
    do {
      let root = "coap://\(fileServerAddress ?? description.you):\(server.port)"
      let envelope = try signing.envelope(
        for: image, at: "\(root)/image", slot: slot, sequenceNumber: sequenceNumber,
        deviceClass: signing.deviceClass ?? description.board)
      try writeScratchFile(image, to: directory.appending(path: "image"))
      try writeScratchFile(envelope, to: directory.appending(path: "manifest"))
      let installation = try await device.install(manifest: "\(root)/manifest")
      let counts = await server.counts()
      await server.close()
      return DeliveryReport(
        installation: installation, envelopeBytes: envelope.count,
        serverPackets: counts.sent + counts.received)
    } catch {
      await server.close()
      throw error
    }
  }
}

/// The slot has seen the last sequence number there is.
public struct SequenceNumbersUsedUp: Error, CustomStringConvertible {
  public let slot: Int

  public var description: String {
    "slot \(slot) holds the highest sequence number there is; no manifest can exceed it"
  }
}

/// Runs `body` with a new, empty folder and removes it afterwards.
public func withTemporaryDirectory<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try await body(directory)
}
