import Bytes
import CBOR
import COSE

extension ManifestRun {
  /// Executes commands and their arguments, alternating in an array. draft-ietf-suit-manifest-09 §8.7.3.
  mutating func runSequence<D: SUITDevice & ~Copyable>(
    _ reader: consuming CBORReader, depth: Int, on device: borrowing D
  ) throws(SUITError) -> Fetch? {
    let sequenceOffset = reader.offset
    guard depth < Self.sequenceNestingLimit else {
      throw SUITError(.unsupported, at: sequenceOffset, expected: Int64(Self.sequenceNestingLimit))
    }
    let count = try reader.array()
    guard count % 2 == 0 else { throw SUITError(.malformed, at: sequenceOffset, found: Int64(count)) }
    for _ in 0..<count / 2 {
      let commandOffset = reader.offset
      let number = try reader.integer()
      guard let command = profile.command(number) else {
        throw SUITError(.unsupported, at: commandOffset, found: number)
      }
      // Every command is about the current component, and there is none before one is declared.
      guard slot != nil else { throw SUITError(.malformed, at: commandOffset, found: number) }
      switch command {
      case .vendorIdentifier:
        try match(parameters.vendorID, device.vendorID, or: .vendor, at: commandOffset)
        isVendorChecked = true
        try reader.pass()
      case .classIdentifier:
        try match(parameters.classID, device.classID, or: .classID, at: commandOffset)
        isClassChecked = true
        try reader.pass()
      case .imageMatch:
        try matchImage(at: commandOffset)
        try reader.pass()
      case .componentOffset:
        let offset = try reader.unsigned()
        throw SUITError(.offset, at: commandOffset, found: Int64(clamping: offset))
      case .setComponentIndex: try setComponentIndex(&reader)
      case .setParameters: try setParameters(&reader)
      case .tryEach:
        if let fetch = try tryEach(&reader, depth: depth, on: device) { return fetch }
      case .runSequence:
        if let fetch = try runSequence(try reader.wrapped(), depth: depth + 1, on: device) { return fetch }
      case .fetch:
        if let fetch = try fetch(at: commandOffset, on: device) { return fetch }
        try reader.pass()
      }
    }
    return nil
  }

  /// The first branch that does not fail a condition decides; what failed branches set stays set.
  private mutating func tryEach<D: SUITDevice & ~Copyable>(
    _ reader: inout CBORReader, depth: Int, on device: borrowing D
  ) throws(SUITError) -> Fetch? {
    let offset = reader.offset
    var failure = SUITError(.malformed, at: offset)
    var isDecided = false
    for _ in 0..<(try reader.array()) {
      guard !isDecided else {
        try reader.pass()
        continue
      }
      let branch = try reader.wrapped()
      do throws(SUITError) {
        if let fetch = try runSequence(branch, depth: depth + 1, on: device) { return fetch }
        isDecided = true
      } catch {
        guard error.isFailedCondition else { throw error }
        failure = error
      }
    }
    guard isDecided else { throw failure }
    return nil
  }

  /// There is one component, so the only index is 0. An array or true would stand for several.
  private func setComponentIndex(_ reader: inout CBORReader) throws(SUITError) {
    let offset = reader.offset
    let isSeveral = try reader.type() == .array || (try? reader.readBool()) != nil
    guard !isSeveral else { throw SUITError(.unsupported, at: offset) }
    let index = try reader.unsigned()
    guard index == 0 else {
      throw SUITError(.malformed, at: offset, expected: 0, found: Int64(clamping: index))
    }
  }

  private mutating func setParameters(_ reader: inout CBORReader) throws(SUITError) {
    for _ in 0..<(try reader.map()) {
      let keyOffset = reader.offset
      let key = try reader.integer()
      let valueOffset = reader.offset
      switch try reader.type() {
      case .unsigned, .negative, .bytes, .text: try reader.pass()
      case .array, .map, .tag, .simple: throw SUITError(.malformed, at: valueOffset, found: key)
      }
      guard parameters.set(key, at: valueOffset) else {
        throw SUITError(.unsupported, at: keyOffset, found: key)
      }
    }
  }

  private func match(
    _ parameter: Int?, _ own: UUIDBytes, or reason: SUITError.Reason, at commandOffset: Int
  ) throws(SUITError) {
    guard let parameter else { throw SUITError(.malformed, at: commandOffset) }
    var reader = CBORReader(envelope, from: parameter)
    let identifier = try reader.byteString()
    guard identifier.count == UUIDBytes.byteCount else {
      throw SUITError(
        .malformed, at: parameter, expected: Int64(UUIDBytes.byteCount), found: Int64(identifier.count))
    }
    guard identifier.holdsSameBytes(as: own.bytes.span) else { throw SUITError(reason, at: parameter) }
  }
}
