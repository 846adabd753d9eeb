/// A helper's texts: the C header and the documentation are made from them and from its `HelperContract`.
public struct HelperSignature: Sendable {
  /// The name in C.
  public let name: StaticString
  /// The result in C.
  public let result: StaticString
  /// The parameter list in C, without parentheses.
  public let parameters: StaticString
  /// One line on what the helper does and returns.
  public let summary: StaticString
}

extension Helper {
  public var signature: HelperSignature {
    switch self {
    case .printf:
      HelperSignature(
        name: "bpf_printf", result: "void *", parameters: "const char *fmt, ...",
        summary:
          "Prints on the device's console: up to four values by %d %i %u %x %X %c %s %p %%. Returns 0.")
    case .memcpy:
      HelperSignature(
        name: "bpf_memcpy", result: "void *", parameters: "void *dst, const void *src, size_t n",
        summary: "Copies n bytes, also between ranges that overlap. Returns dst.")
    case .storeLocal:
      HelperSignature(
        name: "bpf_store_local", result: "int", parameters: "uint32_t key, uint32_t value",
        summary:
          "Keeps a value under a key for this program alone. Returns 0, or -1 when the store is full.")
    case .storeGlobal:
      HelperSignature(
        name: "bpf_store_global", result: "int", parameters: "uint32_t key, uint32_t value",
        summary:
          "Keeps a value under a key that all programs share. Returns 0, or -1 when the store is full.")
    case .fetchLocal:
      HelperSignature(
        name: "bpf_fetch_local", result: "int", parameters: "uint32_t key, uint32_t *value",
        summary: "Reads what this program keeps under a key, 0 when there is nothing. Returns 0.")
    case .fetchGlobal:
      HelperSignature(
        name: "bpf_fetch_global", result: "int", parameters: "uint32_t key, uint32_t *value",
        summary:
          "Reads what all programs share under a key, 0 when there is nothing. Returns 0.")
    case .nowMilliseconds:
      HelperSignature(
        name: "bpf_now_ms", result: "uint32_t", parameters: "void",
        summary: "Returns the milliseconds since the device started, modulo 2^32.")
    case .strlen:
      HelperSignature(
        name: "bpf_strlen", result: "size_t", parameters: "const char *text",
        summary: "Returns the number of bytes before the zero byte.")
    }
  }
}
