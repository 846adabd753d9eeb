import Helpers

/// Prints what programs include to call helpers: a C header, and the module map that makes it a Swift module.
public enum HeaderGenerator {
  /// Where the header stands below a directory of headers.
  public static let headerPath = "bpf/helpers.h"
  /// Where the module map stands; its directory has to be searched for `import BPFHelpers` to work.
  public static let moduleMapPath = "bpf/module.modulemap"

  public static let moduleMap = """
    module BPFHelpers {
      header "helpers.h"
      export *
    }

    """

  /// The header, made from the table of helpers.
  public static func header() -> String {
    var lines = [
      "// The helpers a program may call. Made from the table in Sources/Helpers; do not change by hand.",
      "//",
      "// A helper is a function at a constant address, its number: compilers make one call instruction of it.",
      "#pragma once", "",
      "#include <stddef.h>",
      "#include <stdint.h>", "",
      "#pragma clang assume_nonnull begin",
    ]
    for helper in Helper.allCases { lines += [""] + declaration(of: helper) }
    lines += ["", "#pragma clang assume_nonnull end", ""]
    return lines.joined(separator: "\n")
  }

  private static func declaration(of helper: Helper) -> [String] {
    let signature = helper.signature
    var result = "\(signature.result)"
    if result.hasSuffix("*") { result += helper.contract.resultKind == .scalar ? "_Nullable" : "_Nonnull" }
    result += " "
    let parameters = "\(signature.parameters)"
    let address = "0x" + String(helper.rawValue, radix: 16)
    var lines = ["/// \(signature.summary)"]
    lines.append("static \(result)(*_Nonnull const \(signature.name))(\(parameters)) =")
    lines.append("    (\(result)(*_Nonnull)(\(parameters)))\(address);")
    if parameters.hasSuffix(", ...") {
      lines += functionsForSwift(signature, result: result, fixed: String(parameters.dropLast(5)))
    }
    return lines
  }

  /// Swift cannot call a C function with any number of arguments: it gets one for each number.
  private static func functionsForSwift(_ signature: HelperSignature, result: String, fixed: String)
    -> [String]
  {
    let letters = ["a", "b", "c", "d"]
    var lines = ["#ifdef __swift__"]
    let format = fixed.split(separator: " ").last.map { $0.drop { $0 == "*" } } ?? ""
    for count in 0...letters.count {
      let values = letters.prefix(count)
      let labels = String(repeating: "_:", count: count + 1)
      lines += [
        "__attribute__((always_inline, swift_name(\"\(signature.name)(\(labels))\")))",
        "static inline \(result)\(signature.name)_\(count)("
          + (["const void *\(format)"] + values.map { "uint64_t \($0)" }).joined(separator: ", ") + ") {",
        "  return \(signature.name)("
          + (["(const char *)\(format)"] + values).joined(separator: ", ") + ");",
        "}",
      ]
    }
    return lines + ["#endif"]
  }
}
