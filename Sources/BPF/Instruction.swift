/// One decoded slot of a program. RFC 9669 §3
///
/// Twelve bytes, laid out for an engine that reads them in place. A wide load is two entries, the second one a
/// `wideUpperHalf`, so that the index of an instruction is always the index of its slot.
public struct Instruction: BitwiseCopyable, Equatable, Sendable {
  public private(set) var operation: Operation
  public private(set) var destination: Register
  /// r0 where the field is not used or tells variants apart.
  public private(set) var source: Register
  /// What a verifier proved about this instruction; 0 after decoding. No part of the encoding.
  public var proofs: UInt8 = 0
  /// As in the slot, so in an instruction that tells its variants apart by the offset this is the variant.
  public private(set) var offset: Int16
  /// What a verifier looked up for the engines (of a helper call the position of the helper in `Helper.allCases`);
  /// 0 after decoding. No part of the encoding.
  public var resolved: UInt8 = 0
  /// Room for a verifier's work; 0 after decoding. No part of the encoding.
  public var mark: UInt8 = 0
  /// As in the slot, so in an instruction that tells its variants apart by the immediate this is the variant.
  public private(set) var immediate: Int32

  /// An instruction from its parts. Fields the operation does not use stay zero, variant fields are set.
  public init(
    _ operation: Operation, destination: Register = .r0, source: Register = .r0, offset: Int16 = 0,
    immediate: Int32 = 0
  ) {
    let format = InstructionFormat(opcode: operation.opcode)
    let (fields, variantField) = (format.fields, format.variant)
    self.operation = operation
    self.destination = fields.contains(.destination) ? destination : .r0
    self.source = fields.contains(.source) && !variantField.contains(.source) ? source : .r0
    if variantField.contains(.offset) {
      self.offset = Int16(operation.variant)
    } else {
      self.offset = fields.contains(.offset) ? offset : 0
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
    let sourceNumber = UInt8(truncatingIfNeeded: low >> 12) & 0x0F
    let offset = Int16(truncatingIfNeeded: low >> 16)
    let immediate = Int32(truncatingIfNeeded: slot >> 32)
    let format = InstructionFormat(opcode: opcode)
    let variantField = format.variant
    let operation =
      if variantField.isEmpty {
        try Operation(opcode: opcode)
      } else if variantField == .offset {
        try Operation(opcode: opcode, variant: Int32(offset))
      } else if variantField == .immediate {
        try Operation(opcode: opcode, variant: immediate)
      } else {
        try Operation(opcode: opcode, variant: Int32(sourceNumber))
      }
    // Every bit of a field that is not used has to be zero.
    let fields = format.fields
    var reservedBits = low & format.unusedBits
    if !fields.contains(.immediate) { reservedBits |= UInt32(bitPattern: immediate) }
    guard reservedBits == 0 else {
      throw .reservedFieldsNotZero(opcode: opcode, fields: Self.fields(notZeroIn: slot).subtracting(fields))
    }
    let destinationNumber = UInt8(truncatingIfNeeded: low >> 8) & 0x0F
    guard let destination = Register(number: destinationNumber) else {
      throw .destinationOutOfRange(destinationNumber)
    }
    guard let source = Register(number: variantField == .source ? 0 : sourceNumber) else {
      throw .sourceOutOfRange(sourceNumber)
    }
    self.operation = operation
    self.destination = destination
    self.source = source
    proofs = 0
    self.offset = offset
    resolved = 0
    mark = 0
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
