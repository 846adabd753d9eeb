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

  /// What a verifier looked up for the engines (of a helper call the position of the helper in `Helper.allCases`);
  /// 0 after decoding. No part of the encoding.
  public var resolved: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: tail >> 16) }
    @inline(__always) set { tail = tail & 0xFF00_FFFF | UInt32(newValue) << 16 }
  }

  /// Room for a verifier's work; 0 after decoding. No part of the encoding.
  public var mark: UInt8 {
    @inline(__always) get { UInt8(truncatingIfNeeded: tail >> 24) }
    @inline(__always) set { tail = tail & 0xFF_FFFF | UInt32(newValue) << 24 }
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
    try decode(slot: slot)
  }

  /// Becomes what a slot holds: its eight bytes as one little-endian number. When it throws, it is as before.
  ///
  /// In place, because on a small processor putting the fields together for a result takes as long as decoding them.
  @_optimize(speed)
  public mutating func decode(slot: UInt64) throws(DecodeError) {
    let low = UInt32(truncatingIfNeeded: slot)
    let opcode = UInt8(truncatingIfNeeded: low)
    let immediate = Int32(truncatingIfNeeded: slot >> 32)
    let format = InstructionFormat(opcode: opcode)
    let variantField = format.variant
    let operation =
      if variantField.isEmpty {
        try Operation(opcode: opcode)
      } else if variantField == .offset {
        try Operation(opcode: opcode, variant: Int32(Int16(truncatingIfNeeded: low >> 16)))
      } else if variantField == .immediate {
        try Operation(opcode: opcode, variant: immediate)
      } else {
        try Operation(opcode: opcode, variant: Int32(low >> 12 & 0x0F))
      }
    // Every bit of a field that is not used has to be zero.
    let fields = format.fields
    var reservedBits = low & format.unusedBits
    if !fields.contains(.immediate) { reservedBits |= UInt32(bitPattern: immediate) }
    guard reservedBits == 0 else {
      throw .reservedFieldsNotZero(opcode: opcode, fields: Self.fields(notZeroIn: slot).subtracting(fields))
    }
    let destination = low >> 8 & 0x0F
    guard destination <= 10 else { throw .destinationOutOfRange(UInt8(truncatingIfNeeded: destination)) }
    let source = variantField == .source ? 0 : low >> 12 & 0x0F
    guard source <= 10 else { throw .sourceOutOfRange(UInt8(truncatingIfNeeded: source)) }
    head = UInt32(operation.position) | destination << 8 | source << 16
    tail = low >> 16
    self.immediate = immediate
  }

  @inline(never)
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
