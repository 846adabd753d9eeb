import BPF

// Indexed by the operation's code; where a name is empty the operation has a form of its own. RFC 9669 §4.1, §4.3
private let assignments = ["+", "-", "*", "/", "|", "&", "<<", ">>", "", "%", "^", "", "s>>"]
private let comparisons = ["", "==", ">", ">=", "&", "!=", "s>", "s>=", "", "", "<", "<=", "s<", "s<="]
// Indexed by the upper four bits of the variant. RFC 9669 §5.3
private let atomics: [UInt8: (symbol: String, name: String)] = [
  0x0: ("+", "add"), 0x4: ("|", "or"), 0x5: ("&", "and"), 0xA: ("^", "xor"),
]

extension Operation {
  /// The forms of LLVM's assembler. What LLVM has no notation for (local calls by distance, calls by BTF number, traps,
  /// Femto-Containers' wide loads, packet access with both a register and a number) has one in its style.
  var llvmForms: [String] {
    switch instructionClass {
    case .alu, .alu64: [llvmArithmetic]
    case .jmp, .jmp32: llvmJump
    case .ldx:
      isSignedLoad
        ? ["{d} = \(llvmPlace(sign: "s", base: "{s}"))"]
        : narrow("d").map { "\($0) = \(llvmPlace(base: "{s}"))" }
    case .st: ["\(llvmPlace(base: "{d}")) = {i}"]
    case .stx:
      isAtomic ? llvmAtomic : narrow("s").map { "\(llvmPlace(base: "{d}")) = \($0)" }
    case .ld: llvmLoad
    }
  }

  /// A register field of 32-bit and narrower accesses: LLVM prints the half register and reads both.
  private func narrow(_ field: String) -> [String] {
    width == 8 ? ["{\(field)}"] : ["{\(field)w}", "{\(field)}"]
  }

  /// A register field of arithmetic or of a comparison.
  private func operand(_ field: String) -> String { is64Bit ? "{\(field)}" : "{\(field)w}" }

  private var secondOperand: String { takesRegister ? operand("s") : "{i}" }

  private func llvmPlace(sign: String = "u", base: String) -> String {
    "*(\(sign)\(width * 8) *)(\(base){o})"
  }

  private var llvmArithmetic: String {
    let destination = operand("d")
    if isByteSwap {
      let name = instructionClass == .alu64 ? "bswap" : opcode & 0x08 == 0 ? "le" : "be"
      return "{d} = \(name)\(variant) {d}"
    }
    if self == .neg32 || self == .neg64 { return "\(destination) = -\(destination)" }
    if let bits = signExtendedBits { return "\(destination) = (s\(bits))\(secondOperand)" }
    return "\(destination) \(isSignedDivision ? "s" : "")\(assignments[code])= \(secondOperand)"
  }

  private var llvmJump: [String] {
    switch self {
    case .ja: Self.targets.map { "goto \($0)" }
    case .ja32: Self.targets.map { "gotol \($0)" }
    case .callHelper: ["call {i}"]
    case .callLocal: ["call pc{t}", "call {l}"]
    case .callBTF: ["call btf {i}"]
    case .trap: ["trap {i}"]
    case .callx: ["callx {d}"]
    case .exit: ["exit"]
    default: Self.targets.map { "if \(operand("d")) \(comparisons[code]) \(secondOperand) goto \($0)" }
    }
  }

  private var llvmAtomic: [String] {
    let isWide = width == 8
    let source = isWide ? "{s}" : "{sw}"
    let place = "{d}{o}"
    if let (symbol, name) = atomics[variant >> 4] {
      let type = isWide ? "u64" : "u32"
      if variant & 1 != 0 { return ["\(source) = atomic_fetch_\(name)((\(type) *)(\(place)), \(source))"] }
      return (isWide ? [source] : [source, "{s}"]).map { "lock *(\(type) *)(\(place)) \(symbol)= \($0)" }
    }
    let size = isWide ? "_64" : "32_32"
    if variant & 0xF0 == 0xE0 { return ["\(source) = xchg\(size)(\(place), \(source))"] }
    let old = isWide ? "r0" : "w0"
    return ["\(old) = cmpxchg\(size)(\(place), \(old), \(source))"]
  }

  private var llvmLoad: [String] {
    switch self {
    case .lddw: ["{d} = {q} ll"]
    case .lddwData: ["{d} = data + {q} ll"]
    case .lddwRodata: ["{d} = rodata + {q} ll"]
    case .wideUpperHalf: []
    case .ldabsb, .ldabsh, .ldabsw: ["r0 = *(u\(width * 8) *)skb[{i}]"]
    case .ldindb, .ldindh, .ldindw: ["r0 = *(u\(width * 8) *)skb[{s}{j}]"]
    default: ["ld_pseudo {d}, \(variant), {q}"]
    }
  }
}
