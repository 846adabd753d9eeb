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

  /// The operation with this opcode whose variant field holds `variant`.
  @inline(__always)
  init(opcode: UInt8, variant: Int32) throws(DecodeError) {
    var position = Self.firstPosition[Int(opcode)]
    guard position != 255 else { throw .unknownOpcode(opcode) }
    while let candidate = Self.at(position) {
      let encoding = candidate.rawValue
      guard UInt8(truncatingIfNeeded: encoding) == opcode else { break }
      if Int32(encoding >> 8) == variant {
        self = candidate
        return
      }
      position += 1
    }
    throw .unknownVariant(opcode: opcode, variant: variant)
  }
}
