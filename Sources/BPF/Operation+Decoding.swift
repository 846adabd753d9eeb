extension Operation {
  /// For each opcode the position, in the order of declaration, of the first operation that has it; 255 for no operation.
  ///
  /// An index over `Operation`'s raw values, kept as constant data because the device decodes with it: the compiler turns
  /// `init(rawValue:)` into a chain of comparisons. A test makes it again from the raw values.
  static let firstPosition: InlineArray<256, UInt8> = [
    168, 255, 255, 255, 0, 72, 73, 31, 255, 255, 255, 255, 1, 255, 255, 32,
    255, 255, 255, 255, 2, 74, 96, 33, 159, 255, 255, 255, 3, 75, 97, 34,
    171, 255, 255, 255, 4, 76, 98, 35, 170, 255, 255, 255, 5, 77, 99, 36,
    169, 255, 255, 255, 6, 78, 100, 37, 255, 255, 255, 255, 8, 79, 101, 39,
    174, 255, 255, 255, 10, 80, 102, 41, 173, 255, 255, 255, 11, 81, 103, 42,
    172, 255, 255, 255, 12, 82, 104, 43, 255, 255, 255, 255, 13, 83, 105, 44,
    255, 126, 133, 137, 14, 84, 106, 45, 255, 125, 132, 136, 15, 85, 107, 46,
    255, 124, 131, 135, 16, 86, 108, 47, 255, 127, 134, 138, 17, 87, 109, 48,
    255, 130, 255, 255, 18, 118, 255, 49, 255, 129, 255, 255, 255, 122, 255, 255,
    255, 128, 255, 255, 19, 123, 255, 50, 255, 255, 255, 255, 21, 255, 255, 52,
    255, 255, 255, 255, 23, 88, 110, 54, 255, 255, 255, 255, 24, 89, 111, 55,
    255, 255, 255, 255, 25, 90, 112, 56, 166, 255, 255, 255, 26, 91, 113, 57,
    255, 255, 255, 139, 29, 92, 114, 61, 255, 255, 255, 255, 30, 93, 115, 62,
    255, 255, 255, 255, 63, 94, 116, 69, 167, 255, 255, 149, 66, 95, 117, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  ]

  /// The opcode of each operation, in the order of declaration. Kept as constant data, and made again by a test, for the same
  /// reason: every inlined copy of `rawValue` brings a table of its own.
  static let opcodes: InlineArray<175, UInt8> = [
    0x04, 0x0C, 0x14, 0x1C, 0x24, 0x2C, 0x34, 0x34, 0x3C, 0x3C, 0x44, 0x4C, 0x54, 0x5C, 0x64, 0x6C,
    0x74, 0x7C, 0x84, 0x94, 0x94, 0x9C, 0x9C, 0xA4, 0xAC, 0xB4, 0xBC, 0xBC, 0xBC, 0xC4, 0xCC, 0x07,
    0x0F, 0x17, 0x1F, 0x27, 0x2F, 0x37, 0x37, 0x3F, 0x3F, 0x47, 0x4F, 0x57, 0x5F, 0x67, 0x6F, 0x77,
    0x7F, 0x87, 0x97, 0x97, 0x9F, 0x9F, 0xA7, 0xAF, 0xB7, 0xBF, 0xBF, 0xBF, 0xBF, 0xC7, 0xCF, 0xD4,
    0xD4, 0xD4, 0xDC, 0xDC, 0xDC, 0xD7, 0xD7, 0xD7, 0x05, 0x06, 0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D,
    0x45, 0x4D, 0x55, 0x5D, 0x65, 0x6D, 0x75, 0x7D, 0xA5, 0xAD, 0xB5, 0xBD, 0xC5, 0xCD, 0xD5, 0xDD,
    0x16, 0x1E, 0x26, 0x2E, 0x36, 0x3E, 0x46, 0x4E, 0x56, 0x5E, 0x66, 0x6E, 0x76, 0x7E, 0xA6, 0xAE,
    0xB6, 0xBE, 0xC6, 0xCE, 0xD6, 0xDE, 0x85, 0x85, 0x85, 0x85, 0x8D, 0x95, 0x71, 0x69, 0x61, 0x79,
    0x91, 0x89, 0x81, 0x72, 0x6A, 0x62, 0x7A, 0x73, 0x6B, 0x63, 0x7B, 0xC3, 0xC3, 0xC3, 0xC3, 0xC3,
    0xC3, 0xC3, 0xC3, 0xC3, 0xC3, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0xDB, 0x18,
    0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0xB8, 0xD8, 0x00, 0x30, 0x28, 0x20, 0x50, 0x48, 0x40,
  ]

  // SAFETY: an enumeration without payloads and with at most 256 cases is one byte that numbers the cases in the order
  // of declaration. `position` and `at` are the two places that use it.
  var position: UInt8 { unsafe unsafeBitCast(self, to: UInt8.self) }

  /// The operation declared last.
  private static var last: Operation { .ldindw }

  /// The operation that is number `position` in the order of declaration.
  static func at(_ position: UInt8) -> Operation? {
    guard position <= last.position else { return nil }
    // SAFETY: see `position`; the number is that of a case.
    return unsafe unsafeBitCast(position, to: Operation.self)
  }

  /// In place of a position: no operation.
  static var none: UInt8 { 255 }

  /// The position of the first operation with this opcode.
  @inline(__always)
  static func firstPosition(of opcode: UInt8) -> UInt8 {
    // SAFETY: the table has an entry for each opcode.
    unsafe firstPosition[unchecked: Int(opcode)]
  }

  /// The position of the operation whose variant stands in `field` of a slot; `none` when there is none.
  @inline(never)
  static func position(of low: UInt32, _ immediate: Int32, _ field: InstructionFields) -> UInt8 {
    let variant = variant(in: low, immediate, field)
    let opcode = UInt8(truncatingIfNeeded: low)
    var position = firstPosition(of: opcode)
    while let candidate = at(position), candidate.opcode == opcode {
      if Int32(candidate.variant) == variant { return position }
      position &+= 1
    }
    return none
  }

  /// What stands in the field that tells variants apart.
  static func variant(in low: UInt32, _ immediate: Int32, _ field: InstructionFields) -> Int32 {
    if field == .immediate { return immediate }
    return field == .offset ? Int32(Int16(truncatingIfNeeded: low >> 16)) : Int32(low >> 12 & 0x0F)
  }
}
