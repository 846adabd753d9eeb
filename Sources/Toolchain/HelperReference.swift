import Helpers

/// Prints `docs/helpers.md` from the tables in Sources/Helpers.
public enum HelperReference {
  public static let path = "docs/helpers.md"

  public static func text() -> String {
    var lines = [introduction]
    var family: UInt8?
    for helper in Helper.allCases {
      if helper.rawValue >> 4 != family {
        family = helper.rawValue >> 4
        lines += ["## \(title(ofFamily: helper.rawValue >> 4))", ""]
      }
      lines += section(on: helper)
    }
    lines += ["## Types of sensors and actuators", "", "| Number | Name |", "|---|---|"]
    lines += DeviceType.allCases.map { "| \(hexadecimal($0.rawValue)) | `\($0.name)` |" }
    lines += ["", "## Units", "", "| Number | Name |", "|---|---|"]
    lines += PhysicalUnit.allCases.map { "| \($0.rawValue) | `\($0.name)` |" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let introduction = """
    # Helpers

    Made from the tables in `Sources/Helpers` (`RECORD_GENERATED=1 swift test --filter HeaderTests`); do not change by hand.

    What a program may call, by the number in its call instruction. C programs include `<bpf/helpers.h>`, Swift programs
    import `BPFHelpers`. A program calls only what it was granted: the list in its signed image or the device's policy for
    the slot, narrowed by the request.

    An address may be given to a helper only if the program itself may use the bytes there: its arena for what is
    written, its arena or its read-only data for what is read. Whatever else is given stops the program with the trap
    `helperFault`, which names the argument and the address; nothing was read or written then. `int` results are
    sign-extended to 64 bits, unsigned ones have an upper half of zeros.

    """

  private static func title(ofFamily number: UInt8) -> String {
    switch number {
    case 0: "Console and memory"
    case 1: "Stores"
    case 2: "Clock"
    case 3: "Sensors and actuators"
    case 4: "CoAP responses"
    case 5: "Texts"
    case 6: "Timers"
    case 7: "Pins"
    default: "Display and keypad"
    }
  }

  private static func section(on helper: Helper) -> [String] {
    let signature = helper.signature
    let space = "\(signature.result)".hasSuffix("*") ? "" : " "
    let parameters = "\(signature.parameters)".replacing("_Nullable ", with: "")
    var lines = [
      "### \(hexadecimal(helper.rawValue)) `\(signature.name)`", "",
      "```c", "\(signature.result)\(space)\(signature.name)(\(parameters));", "```", "",
      "\(signature.summary)", "",
    ]
    let names = parameters.split(separator: ", ").map { $0.split { " *".contains($0) }.last ?? $0 }
    var checks: [String] = []
    for (index, name) in names.enumerated() {
      guard let kind = helper.contract.argument(index + 1),
        let check = check(of: kind, names: names.map(String.init))
      else { continue }
      checks.append("- `\(name)`: \(check)")
    }
    if !checks.isEmpty { lines += checks + [""] }
    return lines
  }

  private static func check(of kind: ArgumentKind, names: [String]) -> String? {
    switch kind {
    case .scalar: nil
    case .handle: "a handle that another helper returned, looked up at each call"
    case .readableBytes(let length): "`\(names[Int(length) - 1])` bytes that are read"
    case .writableBytes(let length): "`\(names[Int(length) - 1])` bytes that are written"
    case .readable(let count): "\(count) bytes that are read"
    case .writable(let count): "\(count) bytes that are written"
    case .optionalText(let limit): "NULL, or room for the text, which has at most \(limit) bytes"
    case .cString: "bytes up to and including a zero byte, that are read"
    case .format: "a text that ends with a zero byte; the address of each `%s` is checked in the same way"
    case .coapContext: "what r1 was when the program started to answer a CoAP request"
    }
  }

  private static func hexadecimal(_ number: UInt8) -> String {
    "0x" + (number < 16 ? "0" : "") + String(number, radix: 16)
  }
}
