import Bytes
import CBOR
import COSE

extension ManifestRun {
  /// Executes commands and their arguments, alternating in an array, until a payload has to be fetched.
  /// draft-ietf-suit-manifest-09 §8.7.3.
  mutating func runSequence<D: SUITDevice & ~Copyable>(
    _ sequence: CBORReader, depth: Int, on device: borrowing D
  ) throws(SUITError) {
    var reader = sequence
    guard depth < Self.sequenceNestingLimit else {
      throw SUITError(.unsupported, at: sequence.offset, expected: Self.sequenceNestingLimit)
    }
    let count = try reader.array()
    guard count % 2 == 0 else { throw SUITError(.malformed, at: sequence.offset, found: count) }
    for _ in 0..<count / 2 where pendingFetch == nil {
      let offset = reader.offset
      switch try readCommand(&reader) {
      case .tryEach: try tryEach(&reader, depth: depth, on: device)
      case .runSequence: try runSequence(try reader.wrapped(), depth: depth + 1, on: device)
      case .single(let command): try execute(command, at: offset, &reader, on: device)
      }
    }
  }

  // The steps below stay out of the frame of `runSequence`, which is on the stack once for each nested sequence.

  @inline(never)
  private mutating func execute<D: SUITDevice & ~Copyable>(
    _ command: SingleCommand, at offset: Int, _ reader: inout CBORReader, on device: borrowing D
  ) throws(SUITError) {
    switch command {
    case .vendorIdentifier:
      try match(parameters.vendorID, device.vendorID, or: .vendor, at: offset)
      isVendorChecked = true
    case .classIdentifier:
      try match(parameters.classID, device.classID, or: .classID, at: offset)
      isClassChecked = true
    case .imageMatch: try matchImage(at: offset)
    case .fetch: try fetch(at: offset, on: device)
    case .componentOffset:
      // Slots have no offset, so none matches.
      throw SUITError(.offset, at: offset, found: try reader.unsigned())
    case .setComponentIndex: return try setComponentIndex(&reader)
    case .setParameters: return try setParameters(&reader)
    }
    // What is left is a reporting policy, which this device ignores.
    try reader.pass()
  }

  @inline(never)
  private func readCommand(_ reader: inout CBORReader) throws(SUITError) -> Command {
    let offset = reader.offset
    let number = try reader.integer()
    guard let command = profile.command(number) else {
      throw SUITError(.unsupported, at: offset, found: number)
    }
    // Every command is about the current component, and there is none before one is declared.
    guard slot != nil else { throw SUITError(.malformed, at: offset, found: number) }
    return command
  }

  /// The first branch that does not fail a condition decides; what failed branches set stays set.
  @inline(never)
  private mutating func tryEach<D: SUITDevice & ~Copyable>(
    _ reader: inout CBORReader, depth: Int, on device: borrowing D
  ) throws(SUITError) {
    var failure: SUITError? = SUITError(.malformed, at: reader.offset)
    let count = try reader.array()
    for index in 0..<count {
      guard failure != nil else {
        try reader.pass()
        continue
      }
      // No branch has to succeed if the last is null (draft-ietf-suit-manifest-37 §8.4.10.2).
      if profile.form == .suit, index == count - 1, (try? reader.readNull()) != nil { return }
      let branch = try reader.wrapped()
      do throws(SUITError) {
        try runSequence(branch, depth: depth + 1, on: device)
        failure = nil
      } catch {
        guard error.isFailedCondition else { throw error }
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// There is one component, so the only index is 0. An array or true would stand for several.
  @inline(never)
  private func setComponentIndex(_ reader: inout CBORReader) throws(SUITError) {
    let offset = reader.offset
    let isSeveral = try reader.type() == .array || (try? reader.readBool()) != nil
    guard !isSeveral else { throw SUITError(.unsupported, at: offset) }
    let index = try reader.unsigned()
    guard index == 0 else {
      throw SUITError(.malformed, at: offset, expected: 0, found: index)
    }
  }

  @inline(never)
  private mutating func setParameters(_ reader: inout CBORReader) throws(SUITError) {
    for _ in 0..<(try reader.map()) {
      let keyOffset = reader.offset
      let key = try reader.integer()
      let valueOffset = reader.offset
      switch try reader.type() {
      case .unsigned, .negative, .bytes, .text: try reader.pass()
      case .array, .map, .tag, .simple:
        throw SUITError(.malformed, at: valueOffset, found: key)
      }
      guard parameters.set(key, at: valueOffset) else {
        throw SUITError(.unsupported, at: keyOffset, found: key)
      }
    }
  }

  @inline(never)
  private func match(
    _ parameter: Int, _ own: UUIDBytes, or reason: SUITError.Reason, at commandOffset: Int
  ) throws(SUITError) {
    guard parameter != 0 else { throw SUITError(.malformed, at: commandOffset) }
    var reader = CBORReader(envelope, from: parameter)
    let identifier = try reader.byteString()
    guard identifier.count == UUIDBytes.byteCount else {
      throw SUITError(
        .malformed, at: parameter, expected: UUIDBytes.byteCount, found: identifier.count)
    }
    guard identifier.holdsSameBytes(as: own.bytes.span) else { throw SUITError(reason, at: parameter) }
  }
}
