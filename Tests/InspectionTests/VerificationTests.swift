import BPFText
import Foundation
import ProgramImage
import Testing
import Toolchain
import Verifier

@testable import Inspection

@Suite struct VerificationRules {
  private func verification(of source: String, contextSize: Int? = nil) throws -> Verification {
    try Verification(image: try Assembler(syntax: .llvm).assemble(source), contextSize: contextSize)
  }

  @Test func `an accepted program is shown with what is known and what is proven`() throws {
    let it = try verification(
      of: """
        *(u64 *)(r10 - 8) = r2
        r0 = *(u8 *)(r1 + 63)
        if r0 > 9 goto end
        r0 = *(u64 *)(r10 - 8)
        end:
        exit
        """, contextSize: 64)
    #expect(it.accepted)
    #expect(
      it.text == """
        program:
                    r1=ctx+0  r2=64
                0: *(u64 *)(r10 - 8) = r2               ; in bounds, aligned, 32 bits: source
                    fp-8=64
                1: w0 = *(u8 *)(r1 + 63)                ; in bounds, aligned, 32 bits: result
                    r0=0..255
                2: if r0 > 9 goto L4                    ; 32 bits: destination source
                    r0=0..9
                3: r0 = *(u64 *)(r10 - 8)               ; in bounds, aligned, 32 bits: result
        L4:
                    r0=10..255  r1=ctx+0  r2=64  fp-8=64
                4: exit                                 ; 32 bits: destination

        accepted; 1 stack frame at most; 3 of 3 accesses proven in bounds, the others are checked when they run
        """)
  }

  @Test func `without the size of the context its accesses are not proven`() throws {
    let it = try verification(of: "r0 = *(u8 *)(r1 + 63)\nexit")
    #expect(it.accesses == 1)
    #expect(it.accessesInBounds == 0)
    #expect(it.text.contains("; checked when it runs"))
  }

  @Test func `an instruction that cannot be reached is shown as such`() throws {
    let it = try verification(of: "r0 = 1\nif r0 == 1 goto end\nr0 = 2\nend:\nexit")
    #expect(it.lines[2].proofs == "never runs")
    #expect(it.lines[2].state == nil)
  }

  @Test func `a refusal names rule, place, what was found and what to do`() throws {
    let it = try verification(of: "r1 = 5\nr2 = r10\n*(u32 *)(r2 + 0) = r1\nr0 = 0\nexit")
    #expect(!it.accepted)
    let refusal = try #require(it.refusal)
    #expect(refusal.rule == "outsideStackFrame")
    #expect(refusal.number == 26)
    #expect(refusal.index == 2)
    #expect(refusal.facts == ["instruction 2", "offset 0, 4 bytes from there within -512 to -1"])
    #expect(
      it.text.hasSuffix(
        """
                    r1=5  r2=stack+0
        -->     2: *(u32 *)(r2 + 0) = w1
                3: r0 = 0
                4: exit

        refused at instruction 2: the access is outside the stack frame (outsideStackFrame, rule 26)
          found:  offset 0, 4 bytes from there within -512 to -1
          to do:  check the index; a function's local variables have 512 bytes together
        """))
  }

  @Test func `what breaks a rule of structure is pointed at as well`() throws {
    let it = try verification(of: "r0 = 1")
    #expect(it.refusal?.rule == "fallsOffTheEnd")
    #expect(it.lines.map(\.text) == ["r0 = 1"])
    #expect(it.text.contains("-->     0: r0 = 1\n"))
  }

  @Test func `a program that cannot be decoded is refused without a listing`() throws {
    let it = try Verification(image: [0xff, 0, 0, 0, 0, 0, 0, 0], contextSize: nil)
    #expect(it.refusal?.rule == "unknownOpcode")
    #expect(it.lines.isEmpty)
  }

  @Test func `what is no image is no program to judge`() {
    #expect(throws: ImageError.self) { try Verification(image: [1, 2, 3], contextSize: nil) }
  }

  @Test func `a mistake is shown in the source when the object file tells lines`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "verification-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "mistake.c")
    try """
    static const int table[4] = {1, 2, 3, 4};
    __attribute__((noinline)) static int sum(int n) {
      return n + *(volatile int *)&table[4];
    }
    int program(void) {
      return sum(1);
    }
    """.write(to: file, atomically: true, encoding: .utf8)
    let it = try await verify(file.path)
    let refusal = try #require(it.refusal)
    #expect(refusal.rule == "outsideReadOnlyData")
    #expect(
      refusal.source
        == SourceLine(file: file.path, line: 3, text: "return n + *(volatile int *)&table[4];"))
    #expect(it.text.contains("  source: \(file.path):3: return n + *(volatile int *)&table[4];\n"))
    #expect(it.lines.contains { $0.source?.line == 6 })
  }

  @Test func `the report is JSON too`() throws {
    let it = try verification(of: "r0 = 7\nexit", contextSize: 0)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(
      String(decoding: try encoder.encode(it), as: UTF8.self)
        == #"{"accepted":true,"accesses":0,"accessesInBounds":0,"lines":[{"index":0,"label":"program","#
        + #""proofs":"32 bits: source result","state":{"r1":"any","r2":"0"},"text":"r0 = 7"},"#
        + #"{"index":1,"proofs":"32 bits: destination","state":{"r0":"7","r1":"any","r2":"0"},"text":"exit"}],"maximumDepth":1}"#
    )
  }

  @Test(arguments: VerifierError.Rule.allCases)
  func `every rule says what to do`(rule: VerifierError.Rule) {
    #expect(rule.advice.count > 10)
  }
}

@Suite struct SourceLineRules {
  @Test(arguments: ["fletcher16.c", "fletcher16.swift", "globals.c"])
  func `the examples are accepted, and their instructions have lines`(name: String) async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let it = try await verify(root.appending(path: "Examples/\(name)").path)
    #expect(it.accepted)
    #expect(it.lines.contains { $0.source?.file.hasSuffix(name) == true })
  }
}
