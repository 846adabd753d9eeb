import Helpers

/// Prints what programs include to call helpers: a C header, the name that published programs include it by, and the module
/// map that makes it a Swift module.
public enum HeaderGenerator {
  /// Where the header stands below a directory of headers.
  public static let headerPath = "bpf/helpers.h"
  /// Where the module map stands; its directory has to be searched for `import BPFHelpers` to work.
  public static let moduleMapPath = "bpf/module.modulemap"
  /// The Swift that the module has beside its header.
  public static let swiftPath = "bpf/BPFHelpers.swift"
  /// The name by which programs written for Femto-Containers and micro-bpf include the header.
  public static let publishedPath = "bpf/bpfapi/helpers.h"

  /// All files, by their paths below a directory of headers.
  public static var files: [(path: String, text: String)] {
    [
      (headerPath, header()), (moduleMapPath, moduleMap), (swiftPath, SwiftModule.source()),
      (publishedPath, publishedHeader),
    ]
  }

  static let moduleMap = """
    module BPFHelpers {
      header "helpers.h"
      export *
    }

    """

  static let publishedHeader = """
    // The name by which programs written for Femto-Containers and micro-bpf include the helpers.
    #pragma once

    #include "../helpers.h"

    """

  /// The header, made from the tables in Sources/Helpers.
  static func header() -> String {
    var lines = [
      "// The helpers a program may call. Made from the tables in Sources/Helpers; do not change by hand.",
      "//",
      "// A helper is a function at a constant address, its number: compilers make one call instruction of it.",
      "#pragma once", "",
      "#include <stddef.h>",
      "#include <stdint.h>", "",
      "#pragma clang assume_nonnull begin", "",
      types,
    ]
    lines += constants(
      "What a sensor or an actuator is.", DeviceType.allCases.map { ("\($0.name)", $0.rawValue) })
    lines += constants("Units of physical values.", PhysicalUnit.allCases.map { ("\($0.name)", $0.rawValue) })
    for helper in Helper.allCases { lines += [""] + declaration(of: helper) }
    lines += ["", "#pragma clang assume_nonnull end", ""]
    return lines.joined(separator: "\n")
  }

  private static let types = """
    typedef ptrdiff_t ssize_t;

    /// Physical values: each is val times 10 to the power of scale.
    typedef struct {
      int16_t val[3];
      uint8_t unit;
      int8_t scale;
    } phydat_t;

    /// A sensor or an actuator. Programs have handles of them; there is nothing behind that they could read.
    typedef struct bpf_saul_reg bpf_saul_reg_t;

    /// What r1 points to in a program that answers CoAP requests.
    typedef struct {
      /// The packet, a bpf_coap_packet_t.
      void *pkt;
      /// The request at first; the response is built over it.
      uint8_t *buf;
      /// Bytes the buffer has, at least as many as the request.
      size_t buf_len;
    } bpf_coap_ctx_t;

    /// A CoAP packet that is read or built. Addresses have 32 bits.
    typedef struct {
      /// The header.
      uint32_t hdr_p;
      /// Where the payload starts, or the next option of a response.
      uint32_t payload_p;
      /// The token, behind the header.
      uint32_t token_p;
      /// Bytes of the request's payload; of a response those that are left in the buffer.
      uint16_t payload_len;
      /// Options of the response so far.
      uint16_t options_len;
    } bpf_coap_packet_t;

    /// For bpf_coap_opt_finish: a payload follows.
    #define COAP_OPT_FINISH_PAYLOAD (0x0001)
    """

  private static func constants(_ title: String, _ rows: [(name: String, value: UInt8)]) -> [String] {
    ["", "/// \(title)", "enum {"] + rows.map { "  \($0.name) = \(hexadecimal($0.value))," } + ["};"]
  }

  private static func hexadecimal(_ number: UInt8) -> String { "0x" + String(number, radix: 16) }

  private static func declaration(of helper: Helper) -> [String] {
    let signature = helper.signature
    var result = "\(signature.result)"
    if result.hasSuffix("*") { result += helper.contract.resultKind == .scalar ? "_Nullable" : "_Nonnull" }
    result += " "
    let parameters = "\(signature.parameters)"
    var lines = wrapped("\(signature.summary)").map { "/// \($0)" }
    lines.append("static \(result)(*_Nonnull const \(signature.name))(\(parameters)) =")
    lines.append("    (\(result)(*_Nonnull)(\(parameters)))\(hexadecimal(helper.rawValue));")
    if parameters.hasSuffix(", ...") {
      lines += functionsForSwift(signature, result: result, fixed: String(parameters.dropLast(5)))
    }
    return lines
  }

  private static func wrapped(_ text: String) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + word.count < 106 {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
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
