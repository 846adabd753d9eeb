/// What it means that a program wants a function which others find in a runtime library.
enum RuntimeSymbol {
  /// Half a sentence on why a program cannot have this symbol.
  static func explanation(of name: String) -> String {
    for (prefixes, explanation) in explanations where prefixes.contains(where: name.hasPrefix) {
      return explanation
    }
    return "a program can use its own functions and the helpers of <bpf/helpers.h>"
  }

  /// What a compiler said, with the reason behind each library function it could not call.
  static func explaining(_ diagnostics: String) -> String {
    var symbols: [String] = []
    for line in diagnostics.split(separator: "\n") {
      guard let start = line.range(of: "A call to built-in function '") else { continue }
      let symbol = String(line[start.upperBound...].prefix { $0 != "'" })
      if !symbols.contains(symbol) { symbols.append(symbol) }
    }
    return diagnostics + symbols.map { "note: '\($0)' is not there: \(explanation(of: $0))\n" }.joined()
  }

  private static let explanations: [([String], String)] = [
    (
      [
        "posix_memalign", "aligned_alloc", "malloc", "calloc", "realloc", "free", "swift_alloc",
        "swift_slowAlloc", "swift_dealloc", "swift_slowDealloc", "swift_retain", "swift_release",
      ],
      "there is no heap; use values of fixed size (InlineArray, tuples, structs) instead of arrays, strings and classes"
    ),
    (
      ["_swift_stdlib", "swift_stdlib"],
      "there are no Unicode tables; use bytes or StaticString instead of comparing and splitting strings"
    ),
    (["putchar", "puts", "printf"], "print with the helper bpf_printf"),
    (["arc4random", "getentropy"], "there is no source of random numbers, nor of hash seeds"),
    (
      ["memcpy", "memmove", "memset", "memcmp", "bzero", "bcmp"],
      "there is no C library; copy in a loop, or with the helper bpf_memcpy"
    ),
    (
      ["__divti", "__udivti", "__modti", "__umodti", "__multi", "__muloti"],
      "there is no arithmetic on more than 64 bits"
    ),
    (
      [
        "__add", "__sub", "__mul", "__div", "__float", "__fix", "__extend", "__trunc", "__eq", "__ne", "__lt",
        "__gt",
      ],
      "there is no floating point; calculate with integers"
    ),
  ]
}
