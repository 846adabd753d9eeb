import BPF
import TestSupport
import Testing

@testable import BPFText

extension Operation {
  /// Whether LLVM has a notation for the operation by itself. It writes local calls by name only.
  fileprivate var isKnownToLLVM: Bool {
    ![.callLocal, .callBTF, .trap, .lddwData, .lddwRodata, .wideUpperHalf].contains(self)
  }

  /// Fields of which LLVM prints everything: of wide loads that are no numbers it takes the lower half, of
  /// indexed packet access no number.
  fileprivate func exampleForLLVM(offset: Int16, immediate: Int32) -> [Instruction] {
    switch self {
    case .ldindb, .ldindh, .ldindw:
      [Instruction(self, source: .r7)]
    case .ja32:
      // LLVM's assembler takes longer distances from labels alone.
      [Instruction(self, immediate: Int32(offset))]
    case .lddw:
      example(of: self, immediate: immediate)
    case _ where isWide:
      [Instruction(self, destination: .r3, immediate: 70_000), Instruction(.wideUpperHalf)]
    default:
      example(of: self, offset: offset, immediate: immediate)
    }
  }
}

extension LLVMTools {
  fileprivate func disassembly(
    of source: String, language: String, flags: [String] = []
  ) throws -> [Line] {
    try disassembly(of: source, language: language, target: "bpfel", flags: ["-mcpu=v4"] + flags)
  }
}

extension LLVMTools.Line {
  fileprivate var bytes: [UInt8] { code.compactMap { UInt8($0, radix: 16) } }
}

@Suite(.enabled(if: LLVMTools.areWanted, "no clang with llvm-objdump beside it in PATH"))
struct LLVMTests {
  let assembler = Assembler(syntax: .llvm)
  let disassembler = Disassembler(syntax: .llvm)

  @Test(arguments: [(-5, -70_000), (7, 70_000), (0, 0), (.min, .min), (.max, .max)] as [(Int16, Int32)])
  func `LLVM reads and writes every operation that it knows as this module does`(
    offset: Int16, immediate: Int32
  ) throws {
    let tools = try #require(LLVMTools.found)
    let programs = Operation.allCases.filter(\.isKnownToLLVM).map {
      $0.exampleForLLVM(offset: offset, immediate: immediate)
    }
    let lines = programs.map { disassembler.line(for: $0[0], next: $0.count > 1 ? $0[1] : nil) }
    let disassembly = try tools.disassembly(of: lines.joined(separator: "\n") + "\n", language: "assembler")
    try #require(disassembly.count == programs.count)
    for ((program, line), theirs) in zip(zip(programs, lines), disassembly) {
      #expect(theirs.bytes == bytes(program), "\(line)")
      #expect(try assembler.assemble(theirs.text) == bytes(program), "\(theirs.text)")
      // LLVM writes the numbers of wide loads in decimal.
      if program.count == 1 { #expect(line.prefix { $0 != "#" }.trimmed == theirs.text) }
    }
  }

  @Test func `calls and jumps to labels are encoded as LLVM does`() throws {
    let tools = try #require(LLVMTools.found)
    let source = """
      start:
        r0 = 1; if r0 != 1 goto end
        gotol start
        w1 = -1
        goto end
      end:
        exit

      """
    let theirs = try tools.disassembly(of: source, language: "assembler").flatMap(\.bytes)
    #expect(try assembler.assemble(source) == theirs)
  }

  @Test(arguments: ["-mcpu=v1", "-mcpu=v2", "-mcpu=v3", "-mcpu=v4"])
  func `what a C compiler makes is read from its disassembly`(cpu: String) throws {
    let tools = try #require(LLVMTools.found)
    let source = """
      typedef unsigned long u64; typedef unsigned char u8;
      u64 program(u8 *data, u64 length) {
        u64 sum = 0; int smallest = 127;
        for (u64 i = 0; i < length; i++) {
          sum = sum * 31 + data[i] / (i + 1) % 5;
          signed char c = (signed char)data[i];
          if (c < smallest) smallest = c;
          if (data[i] & 4) sum ^= (sum << 7) | (sum >> 3);
          data[i] = (u8)sum;
        }
        __sync_fetch_and_add((u64 *)data, sum);
        return sum + (u64)(long)smallest + __builtin_bswap32((unsigned)sum) + 0x123456789abcUL;
      }
      """
    let disassembly = try tools.disassembly(of: source, language: "c", flags: ["-O2", "-ffreestanding", cpu])
    try #require(disassembly.count > 20)
    for line in disassembly { #expect(try assembler.assemble(line.text) == line.bytes, "\(line.text)") }
  }
}

extension Substring {
  /// Without the white space at its end.
  fileprivate var trimmed: Substring {
    var rest = self
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }
}
