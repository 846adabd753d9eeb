import BPF

// Indexed by the operation's code. RFC 9669 §4.1, §4.3
private let arithmetic = [
  "add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor", "mov", "arsh",
]
private let jumps = [
  "ja", "jeq", "jgt", "jge", "jset", "jne", "jsgt", "jsge", "call", "exit", "jlt", "jle", "jslt", "jsle",
]
// Indexed by the upper four bits of the variant. RFC 9669 §5.3
private let atomics: [UInt8: String] = [
  0x0: "add", 0x4: "or", 0x5: "and", 0xA: "xor", 0xE: "xchg", 0xF: "cmpxchg",
]

extension Operation {
  /// The forms of the classic assembler, and in its style what it has no notation for.
  var classicForms: [String] {
    switch instructionClass {
    case .alu, .alu64: classicArithmetic
    case .jmp, .jmp32: classicJump
    case .ldx: ["ldx\(isSignedLoad ? "s" : "")\(sizeSuffix) {d}, [{s}{o}]"]
    case .st: ["st\(sizeSuffix) [{d}{o}], {i}"]
    case .stx: isAtomic ? [classicAtomic] : ["stx\(sizeSuffix) [{d}{o}], {s}"]
    case .ld: classicLoad
    }
  }

  private var sizeSuffix: String {
    switch width {
    case 1: "b"
    case 2: "h"
    case 4: "w"
    default: "dw"
    }
  }

  private var secondOperand: String { takesRegister ? "{s}" : "{i}" }

  private var classicArithmetic: [String] {
    if isByteSwap {
      if instructionClass == .alu64 { return ["bswap\(variant) {d}", "swap\(variant) {d}"] }
      return ["\(opcode & 0x08 == 0 ? "le" : "be")\(variant) {d}"]
    }
    if let bits = signExtendedBits { return ["movsx\(bits)\(is64Bit ? 64 : 32) {d}, {s}"] }
    let name = "\(isSignedDivision ? "s" : "")\(arithmetic[code])\(is64Bit ? "" : "32")"
    return ["\(name) {d}\(self == .neg32 || self == .neg64 ? "" : ", \(secondOperand)")"]
  }

  private var classicJump: [String] {
    let name = "\(jumps[code])\(is64Bit ? "" : "32")"
    return switch self {
    case .ja, .ja32: Self.targets.map { "\(name) \($0)" }
    case .callHelper: ["\(name) {i}"]
    case .callLocal: Self.targets.map { "\(name) local \($0)" }
    case .callBTF: ["\(name) btf {i}"]
    case .trap: ["trap {i}"]
    case .callx: ["\(name) {d}", "callx {d}"]
    case .exit: [name]
    default: Self.targets.map { "\(name) {d}, \(secondOperand), \($0)" }
    }
  }

  private var classicAtomic: String {
    let isExchange = variant >= 0xE0
    let name = "\(atomics[variant >> 4] ?? "")\(width == 8 ? "" : "32")"
    return "lock \(variant & 1 != 0 && !isExchange ? "fetch " : "")\(name) [{d}{o}], {s}"
  }

  private var classicLoad: [String] {
    switch self {
    case .lddw: ["lddw {d}, {q}"]
    case .lddwData: ["lddwd {d}, {q}"]
    case .lddwRodata: ["lddwr {d}, {q}"]
    case .wideUpperHalf: []
    case .ldabsb, .ldabsh, .ldabsw: ["ldabs\(sizeSuffix) {i}"]
    case .ldindb, .ldindh, .ldindw: ["ldind\(sizeSuffix) {s}, {i}"]
    default: ["ld_pseudo {d}, \(variant), {q}"]
    }
  }
}
