/// What a helper expects in one of the registers r1 to r5.
public enum ArgumentKind: Equatable, Sendable {
  /// Any number.
  case scalar
  /// The address of bytes the helper reads; argument number `length` (1 for r1) says how many.
  case readableBytes(length: UInt8)
  /// The address of bytes the helper writes; argument number `length` (1 for r1) says how many.
  case writableBytes(length: UInt8)
  /// The address of this many bytes that the helper writes.
  case writable(count: UInt8)
  /// The address of bytes up to and including a zero byte.
  case cString
  /// A C string with the conversions of printf; it alone says how many of the registers after it are arguments too.
  case format
}

/// What a helper leaves in r0.
public enum ResultKind: Equatable, Sendable {
  /// A number.
  case scalar
  /// The address that was argument number `argument` (1 for r1).
  case pointer(argument: UInt8)
}

/// A helper's row of the table: the C header, the documentation and a verifier's rules are made from it.
public struct HelperSignature: Sendable {
  /// The name in C.
  public let name: StaticString
  /// The result in C.
  public let result: StaticString
  /// The parameter list in C, without parentheses.
  public let parameters: StaticString
  /// One line on what the helper does and returns.
  public let summary: StaticString
  /// What the registers from r1 on have to hold; only the first `argumentCount` count.
  public let arguments: InlineArray<5, ArgumentKind>
  public let argumentCount: Int
  public let resultKind: ResultKind
}

extension Helper {
  public var signature: HelperSignature {
    switch self {
    case .printf:
      HelperSignature(
        name: "bpf_printf", result: "void *", parameters: "const char *fmt, ...",
        summary:
          "Prints on the device's console: up to four values by %d %i %u %x %X %c %s %p %%. Returns 0.",
        arguments: [.format, .scalar, .scalar, .scalar, .scalar], argumentCount: 1, resultKind: .scalar)
    case .memcpy:
      HelperSignature(
        name: "bpf_memcpy", result: "void *", parameters: "void *dst, const void *src, size_t n",
        summary: "Copies n bytes, also between ranges that overlap. Returns dst.",
        arguments: [
          .writableBytes(length: 3), .readableBytes(length: 3), .scalar, .scalar, .scalar,
        ], argumentCount: 3, resultKind: .pointer(argument: 1))
    case .storeLocal:
      HelperSignature(
        name: "bpf_store_local", result: "int", parameters: "uint32_t key, uint32_t value",
        summary:
          "Keeps a value under a key for this program alone. Returns 0, or -1 when the store is full.",
        arguments: .init(repeating: .scalar), argumentCount: 2, resultKind: .scalar)
    case .storeGlobal:
      HelperSignature(
        name: "bpf_store_global", result: "int", parameters: "uint32_t key, uint32_t value",
        summary:
          "Keeps a value under a key that all programs share. Returns 0, or -1 when the store is full.",
        arguments: .init(repeating: .scalar), argumentCount: 2, resultKind: .scalar)
    case .fetchLocal:
      HelperSignature(
        name: "bpf_fetch_local", result: "int", parameters: "uint32_t key, uint32_t *value",
        summary: "Reads what this program keeps under a key, 0 when there is nothing. Returns 0.",
        arguments: [.scalar, .writable(count: 4), .scalar, .scalar, .scalar], argumentCount: 2,
        resultKind: .scalar)
    case .fetchGlobal:
      HelperSignature(
        name: "bpf_fetch_global", result: "int", parameters: "uint32_t key, uint32_t *value",
        summary:
          "Reads what all programs share under a key, 0 when there is nothing. Returns 0.",
        arguments: [.scalar, .writable(count: 4), .scalar, .scalar, .scalar], argumentCount: 2,
        resultKind: .scalar)
    case .nowMilliseconds:
      HelperSignature(
        name: "bpf_now_ms", result: "uint32_t", parameters: "void",
        summary: "Returns the milliseconds since the device started, modulo 2^32.",
        arguments: .init(repeating: .scalar), argumentCount: 0, resultKind: .scalar)
    case .strlen:
      HelperSignature(
        name: "bpf_strlen", result: "size_t", parameters: "const char *text",
        summary: "Returns the number of bytes before the zero byte.",
        arguments: [.cString, .scalar, .scalar, .scalar, .scalar], argumentCount: 1, resultKind: .scalar)
    }
  }
}
