/// One decoded slot of a program. RFC 9669 §3
///
/// Three words of 32 bits, because a small processor passes and copies words and not bytes. A wide load is two entries, the
/// second one a `wideUpperHalf`, so that the index of an instruction is always the index of its slot.
public struct Instruction: BitwiseCopyable, Equatable, Sendable {
  /// From the lowest byte up: operation, destination, source, proofs.
  private var head: UInt32
  /// From the lowest bit up: offset (16 bits), resolved, mark.
  private var tail: UInt32
  /// As in the slot, so in an instruction that tells its variants apart by the immediate this is the variant.
  public private(set) var immediate: Int32

  public var operation: Operation {
    // SAFETY: the lowest byte of `head` is written from an operation's number alone.
    @inline(__always) get { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: head), to: Operation.self) }
  }

  public var destination: Register {
    // SAFETY: the second byte of `head` is written from a register's number alone.
    @inline(__always) get { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: head >> 8), to: Register.self) }
  }

  /// r0 where the field is not used or tells variants apart.
  public var source: Register {
    // SAFETY: the third byte of `head` is written from a register's number alone.
    @inline(__always) get { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: head >> 16), to: Register.self) }
  }

  /// What a verifier proved about this instruction; 0 after decoding. No part of the encoding.
  public var proofs: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: head >> 24) }
    @inline(__always) set { head = head & 0xFF_FFFF | UInt32(newValue) << 24 }
  }

  /// As in the slot, so in an instruction that tells its variants apart by the offset this is the variant.
  public var offset: Int16 {
    @inline(__always) get { Int16(truncatingIfNeeded: tail) }
  }

  /// Of a helper call what a verifier looked up for the engines: the position of the helper in `Helper.allCases`. Else room for
  /// a verifier's work. 0 after decoding. No part of the encoding.
  public var resolved: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: tail >> 16) }
    @inline(__always) set { tail = tail & 0xFF00_FFFF | UInt32(newValue) << 16 }
  }

  /// Room for a verifier's work; 0 after decoding. No part of the encoding.
  public var mark: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: tail >> 24) }
    @inline(__always) set { tail = tail & 0xFF_FFFF | UInt32(newValue) << 24 }
  }

  /// Takes back what a verifier left in `proofs` and `mark`.
  @inline(__always)
  public mutating func forgetVerification() {
    head &= 0xFF_FFFF
    tail &= 0xFF_FFFF
  }

  /// An instruction from its parts. Fields the operation does not use stay zero, variant fields are set.
  public init(
    _ operation: Operation, destination: Register = .r0, source: Register = .r0, offset: Int16 = 0,
    immediate: Int32 = 0
  ) {
    let format = InstructionFormat(opcode: operation.opcode)
    let (fields, variantField) = (format.fields, format.variant)
    let destination = fields.contains(.destination) ? destination : .r0
    let source = fields.contains(.source) && !variantField.contains(.source) ? source : .r0
    head =
      UInt32(operation.position) | UInt32(destination.rawValue) << 8 | UInt32(source.rawValue) << 16
    if variantField.contains(.offset) {
      tail = UInt32(operation.variant)
    } else {
      tail = fields.contains(.offset) ? UInt32(UInt16(bitPattern: offset)) : 0
    }
    if variantField.contains(.immediate) {
      self.immediate = Int32(operation.variant)
    } else {
      self.immediate = fields.contains(.immediate) ? immediate : 0
    }
  }

  /// Decodes a slot: its eight bytes as one little-endian number.
  public init(slot: UInt64) throws(DecodeError) {
    self.init(.exit)
    let low = UInt32(truncatingIfNeeded: slot)
    guard decode(low, Int32(truncatingIfNeeded: slot >> 32)) else { throw Self.error(of: slot) }
  }

  /// Decodes slots of eight bytes, from the first one of `text` on.
  ///
  /// - Parameters:
  ///   - text: a number of bytes divisible by 8.
  ///   - instructions: gets one entry for each slot; with what comes before and behind, nothing happens.
  ///   - first: the index of the entry for the first slot.
  /// - Returns: how many slots were decoded: all, or those before the first one that is no instruction.
  /// - Precondition: there is an entry for each slot.
  @inline(never) @_optimize(speed)
  public static func decode(
    _ text: Span<UInt8>, into instructions: inout MutableSpan<Instruction>, at first: Int
  ) -> Int {
    let count = text.count / 8
    precondition(first >= 0 && first <= instructions.count && count <= instructions.count &- first)
    var slot = 0
    while slot < count {
      // SAFETY: the text is so many slots of 8 bytes long, and every pattern of bits is an integer.
      let low = unsafe text.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: slot &* 8, as: UInt32.self)
      let high = unsafe text.bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: slot &* 8 &+ 4, as: Int32.self)
      // SAFETY: there is an entry for each slot.
      guard
        unsafe instructions[unchecked: first &+ slot].decode(
          UInt32(littleEndian: low), Int32(littleEndian: high))
      else { return slot }
      slot &+= 1
    }
    return count
  }

  /// Becomes what a slot holds. False, and as before, when that is no instruction.
  ///
  /// In place, because on a small processor putting the fields together for a result takes as long as decoding them.
  @inline(__always)
  private mutating func decode(_ low: UInt32, _ immediate: Int32) -> Bool {
    let opcode = UInt8(truncatingIfNeeded: low)
    let format = InstructionFormat(opcode: opcode)
    var position = Operation.firstPosition(of: opcode)
    var source = low >> 12 & 0x0F
    if !format.variant.isEmpty {
      let isFirst = format.variant == .offset && low >> 16 == 0
      if !isFirst { position = Operation.position(of: low, immediate, format.variant) }
      if format.variant == .source { source = 0 }
    }
    // Every bit of a field that is not used has to be zero.
    var reserved = low & format.unusedBits
    if !format.fields.contains(.immediate) { reserved |= UInt32(bitPattern: immediate) }
    guard reserved == 0, position != Operation.none, low & 0x0F00 <= 0x0A00, source <= 10 else {
      return false
    }
    head = UInt32(position) | low & 0x0F00 | source << 16
    tail = low >> 16
    self.immediate = immediate
    return true
  }

  /// Why a slot is no instruction.
  @inline(never)
  public static func error(of slot: UInt64) -> DecodeError {
    let low = UInt32(truncatingIfNeeded: slot)
    let opcode = UInt8(truncatingIfNeeded: low)
    let format = InstructionFormat(opcode: opcode)
    if Operation.firstPosition(of: opcode) == Operation.none { return .unknownOpcode(opcode) }
    let immediate = Int32(truncatingIfNeeded: slot >> 32)
    if !format.variant.isEmpty, Operation.position(of: low, immediate, format.variant) == Operation.none {
      return .unknownVariant(opcode: opcode, variant: Operation.variant(in: low, immediate, format.variant))
    }
    let unused = fields(notZeroIn: slot).subtracting(format.fields)
    if !unused.isEmpty { return .reservedFieldsNotZero(opcode: opcode, fields: unused) }
    let destination = UInt8(truncatingIfNeeded: low >> 8 & 0x0F)
    if destination > 10 { return .destinationOutOfRange(destination) }
    return .sourceOutOfRange(UInt8(truncatingIfNeeded: low >> 12 & 0x0F))
  }

  private static func fields(notZeroIn slot: UInt64) -> InstructionFields {
    var fields: InstructionFields = []
    if slot & 0x0F00 != 0 { fields.insert(.destination) }
    if slot & 0xF000 != 0 { fields.insert(.source) }
    if slot & 0xFFFF_0000 != 0 { fields.insert(.offset) }
    if slot >> 32 != 0 { fields.insert(.immediate) }
    return fields
  }

  /// The instruction as its eight bytes, read as one little-endian number.
  public var slot: UInt64 {
    let variantInSource = InstructionFormat(opcode: operation.opcode).variant == .source
    let sourceNumber = variantInSource ? operation.variant : source.rawValue
    return UInt64(operation.opcode) | UInt64(destination.rawValue) << 8 | UInt64(sourceNumber) << 12
      | UInt64(UInt16(bitPattern: offset)) << 16 | UInt64(UInt32(bitPattern: immediate)) << 32
  }

  /// How far a jump or a local call goes, in slots counted from the next one; `nil` for everything else.
  public var distance: Int? {
    switch operation {
    case .ja32, .callLocal: Int(immediate)
    default: operation.isJump ? Int(offset) : nil
    }
  }
}
