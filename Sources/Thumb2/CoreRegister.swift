/// A core register of the processor. Arm ARM (ARMv7-M) B1.4.2
public enum CoreRegister: UInt8, CaseIterable, Sendable {
  case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12
  /// The stack pointer, r13.
  case sp
  /// The link register, r14.
  case lr
  /// The program counter, r15.
  case pc

  /// Whether most 16-bit encodings can name it.
  @inline(__always)
  public var isLow: Bool { rawValue < 8 }
}

/// When a conditional instruction is carried out. Arm ARM A7.3
public enum Condition: UInt8, CaseIterable, Sendable {
  case equal, notEqual
  /// Unsigned higher or same, or carry set.
  case higherOrSame
  /// Unsigned lower, or carry clear.
  case lower
  case negative, positiveOrZero, overflow, noOverflow
  /// Unsigned higher.
  case higher
  /// Unsigned lower or same.
  case lowerOrSame
  /// Signed.
  case greaterOrEqual, less, greater, lessOrEqual

  /// Holds exactly when this one does not.
  @inline(__always)
  public var inverse: Condition {
    // Conditions come in pairs that differ in the lowest bit.
    Condition(rawValue: rawValue ^ 1) ?? .equal
  }
}

/// How a register operand is shifted. Arm ARM A7.4.2
public enum ShiftType: UInt8, CaseIterable, Sendable {
  case left, right, arithmeticRight, rotateRight
}
