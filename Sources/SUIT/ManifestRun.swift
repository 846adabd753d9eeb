import Bytes
import CBOR
import COSE

/// One execution of an authenticated manifest: members in encoded order in RIOT's form, in the order of their roles in the
/// current one.
///
/// It stops where a payload has to be fetched. With the payload received, a new run of the same bytes takes the same
/// way, passes that place and goes on to the end: nothing has to be remembered of a run that stopped.
struct ManifestRun: ~Escapable {
  /// What a transfer brought.
  struct Payload {
    let digest: SHA256Digest
    let byteCount: Int
  }

  /// Sequences that may stand inside each other, which bounds the stack.
  static var sequenceNestingLimit: Int { 4 }

  let envelope: Span<UInt8>
  let profile: Profile
  let payload: Payload?
  /// Where the key of the payload stands that comes with the envelope, if one does.
  let integratedName: Range<Int>?

  private var isVersionChecked = false
  private var sequenceNumber: UInt32?
  private var sequenceNumberOffset = 0
  /// The slot that the manifest's one component names, once declared.
  private(set) var slot: Int?
  var isSequenceNumberChecked = false
  var isVendorChecked = false
  var isClassChecked = false
  var isFetched = false
  var isVerified = false
  /// What has to be fetched before the run can come to its end; set, it stops the run.
  var pendingFetch: PayloadFetch?
  var parameters = Parameters()

  @_lifetime(copy envelope)
  init(_ envelope: Span<UInt8>, profile: Profile, integratedName: Range<Int>?, payload: Payload?) {
    self.envelope = envelope
    self.integratedName = integratedName
    self.profile = profile
    self.payload = payload
  }

  /// Whether everything has been checked that a fetch rests on.
  var mayFetch: Bool { isVersionChecked && isSequenceNumberChecked && isVendorChecked && isClassChecked }

  /// Executes the manifest whose byte string begins at `offset`, to its end or until a payload has to be fetched.
  mutating func run<D: SUITDevice & ~Copyable>(
    from offset: Int, on device: borrowing D
  ) throws(SUITError) {
    var outer = CBORReader(envelope, from: offset)
    var manifest = try outer.wrapped()
    try checkMembers(manifest)
    guard profile.form == .suit else {
      for _ in 0..<(try manifest.map()) where pendingFetch == nil {
        let key = try manifest.key()
        try runMember(profile.member(key), &manifest, on: device)
      }
      return
    }
    // The shared sequence is executed before each of the others (draft-ietf-suit-manifest-37 §6.3).
    let roles: InlineArray<6, Member> = [.version, .sequenceNumber, .common, .install, .common, .validate]
    for index in roles.indices where pendingFetch == nil {
      try runMember(roles[index], of: manifest, on: device)
    }
  }

  /// Executes the member with this role, if there is one.
  @inline(never)
  private mutating func runMember<D: SUITDevice & ~Copyable>(
    _ role: Member, of manifest: CBORReader, on device: borrowing D
  ) throws(SUITError) {
    var members = manifest
    for _ in 0..<(try members.map()) {
      let key = try members.key()
      guard profile.member(key) == role else {
        try members.pass()
        continue
      }
      return try runMember(role, &members, on: device)
    }
  }

  @inline(never)
  private mutating func runMember<D: SUITDevice & ~Copyable>(
    _ role: Member?, _ manifest: inout CBORReader, on device: borrowing D
  ) throws(SUITError) {
    let offset = manifest.offset
    switch role {
    case .version:
      let version = try manifest.unsigned()
      guard version == 1 else { throw SUITError(.version, at: offset, expected: 1, found: version) }
      isVersionChecked = true
    case .sequenceNumber:
      sequenceNumber = try manifest.unsigned32()
      sequenceNumberOffset = offset
      try checkSequenceNumber(on: device)
    case .common:
      try runCommon(try manifest.wrapped(), on: device)
    case .install, .validate:
      try runSequence(try manifest.wrapped(), depth: 0, on: device)
    case .referenceURI, .text:
      try manifest.pass()
    case nil:
      throw SUITError(.unsupported, at: offset)
    }
  }

  /// What was installed, if the run has reached the end of a manifest that leaves nothing out.
  mutating func acceptance(manifestOffset: Int) throws(SUITError) -> Acceptance {
    guard mayFetch, isFetched, isVerified, let slot, let sequenceNumber, let payload else {
      throw SUITError(.incomplete, at: manifestOffset)
    }
    return Acceptance(
      slot: slot, sequenceNumber: sequenceNumber, digest: payload.digest, byteCount: payload.byteCount)
  }

  /// Refuses unknown members and severed sequences before anything is executed.
  @inline(never)
  private func checkMembers(_ manifest: CBORReader) throws(SUITError) {
    var members = manifest
    for _ in 0..<(try members.map()) {
      let keyOffset = members.offset
      let key = try members.key()
      switch profile.member(key) {
      case .install, .validate:
        if try members.type() == .array {
          throw SUITError(.unsupported, at: keyOffset, found: key)
        }
        try members.expect(.bytes)
      case .referenceURI: try members.expect(.text)
      case .text:
        // Severed, only its digest is left; nothing rests on it.
        if try members.type() != .array { try members.expect(.bytes) }
      case .common: try members.expect(.bytes)
      case .version, .sequenceNumber: try members.expect(.unsigned)
      case nil: throw SUITError(.unsupported, at: keyOffset, found: key)
      }
      try members.pass()
    }
  }

  @inline(never)
  private mutating func runCommon<D: SUITDevice & ~Copyable>(
    _ reader: CBORReader, on device: borrowing D
  ) throws(SUITError) {
    var members = reader
    for _ in 0..<(try members.map()) {
      let keyOffset = members.offset
      let key = try members.key()
      guard Int64(key) == CommonKey.components || Int64(key) == CommonKey.sequence else {
        throw SUITError(.unsupported, at: keyOffset, found: key)
      }
      try members.pass()
    }
    var common = reader
    for _ in 0..<(try common.map()) where pendingFetch == nil {
      if Int64(try common.key()) == CommonKey.components {
        try declareComponents(&common, on: device)
      } else {
        try runSequence(try common.wrapped(), depth: 0, on: device)
      }
    }
  }

  /// Reads the list of components, of which there must be one, naming a slot.
  @inline(never)
  private mutating func declareComponents<D: SUITDevice & ~Copyable>(
    _ reader: inout CBORReader, on device: borrowing D
  ) throws(SUITError) {
    let listOffset = reader.offset
    let count = try reader.array()
    guard count > 0 else { throw SUITError(.malformed, at: listOffset) }
    var identifier = reader
    for _ in 0..<count {
      for _ in 0..<(try reader.array()) { _ = try reader.byteString() }
    }
    guard count == 1 else { throw SUITError(.unsupported, at: listOffset, expected: 1, found: count) }
    let identifierOffset = identifier.offset
    guard try identifier.array() == 2, try identifier.byteString().holdsSameBytes(as: "ram"),
      let slot = SlotName.number(try identifier.byteString()), slot < device.slotCount
    else { throw SUITError(.unsupported, at: identifierOffset) }
    self.slot = slot
    try checkSequenceNumber(on: device)
  }

  /// Compares as soon as both the number and the slot that it counts for are known, whichever comes first.
  private mutating func checkSequenceNumber<D: SUITDevice & ~Copyable>(
    on device: borrowing D
  ) throws(SUITError) {
    guard let sequenceNumber, let slot else { return }
    let stored = device.storedSequenceNumber(ofSlot: slot)
    guard sequenceNumber > stored else {
      throw SUITError(
        .sequence, at: sequenceNumberOffset, expected: Int(clamping: stored),
        found: Int(clamping: sequenceNumber))
    }
    isSequenceNumberChecked = true
  }
}
