/// LLVM's multiplications that say whether the product fits 64 bits, which is Swift's `*`.
///
/// For eBPF, LLVM calculates the whole product with a library function that no program has. These functions take its place.
/// They multiply halves, so no register needs more than 64 bits, and are inlined, since two results fit no register.
enum CheckedMultiplication: String, CaseIterable {
  case unsigned = "@llvm.umul.with.overflow.i64"
  case signed = "@llvm.smul.with.overflow.i64"

  /// The multiplication that a line of IR calls or declares.
  static func of(_ line: Substring) -> Self? {
    allCases.first { line.contains($0.rawValue + "(") }
  }

  /// The function in its place.
  var name: String { rawValue.replacing("@llvm.", with: "@microbpf.") }

  /// The function in LLVM IR.
  var definition: String {
    switch self {
    case .unsigned: Self.header(name) + Self.unsignedOverflow("%a", "%b") + Self.result("%u.overflow")
    case .signed:
      // The magnitude of a product may be 2^63 if it is negative, else one less.
      Self.header(name) + Self.magnitude("a") + Self.magnitude("b")
        + Self.unsignedOverflow("%a.mag", "%b.mag") + """
            %mag = mul i64 %a.mag, %b.mag
            %signs = xor i64 %a, %b
            %negative = lshr i64 %signs, 63
            %limit = add i64 %negative, 9223372036854775807
            %s.overflow = icmp ugt i64 %mag, %limit
            %overflow = or i1 %u.overflow, %s.overflow

          """ + Self.result("%overflow")
    }
  }

  private static func header(_ name: String) -> String {
    "define internal { i64, i1 } \(name)(i64 %a, i64 %b) alwaysinline {\n"
  }

  private static func magnitude(_ operand: String) -> String {
    """
      %\(operand).sign = ashr i64 %\(operand), 63
      %\(operand).flip = xor i64 %\(operand), %\(operand).sign
      %\(operand).mag = sub i64 %\(operand).flip, %\(operand).sign

    """
  }

  /// The product fits if at most one upper half is not zero, and the products of an upper with a lower half, together with
  /// what the lower halves carry, stay below 2^32.
  private static func unsignedOverflow(_ a: String, _ b: String) -> String {
    """
      %a.high = lshr i64 \(a), 32
      %b.high = lshr i64 \(b), 32
      %a.low = and i64 \(a), 4294967295
      %b.low = and i64 \(b), 4294967295
      %a.large = icmp ne i64 %a.high, 0
      %b.large = icmp ne i64 %b.high, 0
      %large = and i1 %a.large, %b.large
      %low = mul i64 %a.low, %b.low
      %carry = lshr i64 %low, 32
      %cross.a = mul i64 %a.high, %b.low
      %cross.b = mul i64 %a.low, %b.high
      %cross = add i64 %cross.a, %cross.b
      %middle = add i64 %cross, %carry
      %wide = icmp ugt i64 %middle, 4294967295
      %u.overflow = or i1 %large, %wide

    """
  }

  private static func result(_ overflow: String) -> String {
    """
      %product = mul i64 %a, %b
      %first = insertvalue { i64, i1 } poison, i64 %product, 0
      %both = insertvalue { i64, i1 } %first, i1 \(overflow), 1
      ret { i64, i1 } %both
    }
    """
  }
}
