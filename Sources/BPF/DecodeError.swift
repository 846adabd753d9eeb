/// Why eight bytes are no instruction.
public enum DecodeError: Error, Equatable, Sendable {
  /// No instruction has this opcode.
  case unknownOpcode(UInt8)
  /// The opcode exists, but not with this in its variant field (see `Operation`).
  case unknownVariant(opcode: UInt8, variant: Int32)
  /// The destination register is beyond r10.
  case destinationOutOfRange(UInt8)
  /// The source register is beyond r10.
  case sourceOutOfRange(UInt8)
  /// Fields that the instruction does not use hold something.
  case reservedFieldsNotZero(opcode: UInt8, fields: InstructionFields)
}
