import Foundation
import ProgramImage
import Testing

@testable import Toolchain

@Suite struct SourceLinesRules {
  /// The lines of a source file, compiled and linked: by the index of the slot.
  private func lines(of source: String, in name: String) async throws -> [Int: SourceLine] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: name)
    try Data(source.utf8).write(to: file)
    let object = try await Compiler().compile(file).object
    return try await SourceLines(ofObject: object).lines(of: Linker().link([object]).functions)
  }

  @Test func `each function's instructions have its lines, wherever they come to lie`() async throws {
    let lines = try await lines(
      of: """
        __attribute__((noinline)) static int less(int n) {
          return n - 7;
        }
        __attribute__((noinline)) static int more(int n) {
          return n + less(n);
        }
        int program(int *c) {
          return more(*c);
        }
        """, in: "three.c")
    let numbers = Set(lines.values.map(\.line))
    #expect(numbers.isSuperset(of: [2, 5, 8]))
    #expect(lines[0]?.line == 8)
    #expect(lines.values.first { $0.line == 2 }?.text == "return n - 7;")
  }

  @Test func `what is inlined has its own line`() async throws {
    let lines = try await lines(
      of: """
        static inline unsigned twice(unsigned x) {
          return x * 3 / (x - 1);
        }
        unsigned program(unsigned *c) {
          return twice(*c);
        }
        """, in: "inlined.c")
    #expect(Set(lines.values.map(\.line)).isSuperset(of: [2, 5]))
  }

  @Test func `a failed check has the line of what is checked, and says what was wrong`() async throws {
    let lines = try await lines(
      of: """
        import BPFHelpers

        func average(_ sum: UInt32, of count: UInt32) -> UInt32 {
          sum / count
        }

        @c public func program() -> UInt64 {
          let count = UInt32(truncatingIfNeeded: Store.local[7])
          return UInt64(average(100, of: count))
        }
        """, in: "check.swift")
    let failure = try #require(lines.values.first { $0.failure != nil })
    #expect(failure.line == 4)
    #expect(failure.text == "sum / count")
    #expect(failure.failure == "division by zero")
    #expect(failure.description.hasSuffix("check.swift:4: sum / count (division by zero)"))
  }

  @Test func `what the helpers' own files do counts for the line that calls them`() async throws {
    let lines = try await lines(
      of: """
        import BPFHelpers

        @c public func program() -> UInt64 {
          return UInt64(Store.local[7])
        }
        """, in: "store.swift")
    #expect(lines.values.allSatisfy { $0.file.hasSuffix("/store.swift") })
    #expect(lines.values.contains { $0.line == 4 })
  }

  @Test func `what is no object file has no lines`() async throws {
    #expect(try await SourceLines(ofObject: [1, 2, 3]).lines(of: []).isEmpty)
  }

  @Test func `answers that are none are left out`() {
    let addresses = (0..<4).map {
      SourceLines.SlotAddress(address: UInt64($0 * 8), section: ".text", slot: $0)
    }
    let answers: [Substring] = [
      #"{"Address":"0x0","Symbol":[{"FunctionName":"f","FileName":"a.c","Line":3}]}"#,
      #"{"Address":"0x8","Symbol":[{"FunctionName":"f","FileName":"a.c","Line":0}]}"#,
      #"{"Address":"0x10","Error":{"Message":"no"}}"#, "?",
    ]
    let lines = SourceLines(answers: answers, to: addresses)
      .lines(of: [LinkedFunction(name: "f", slots: 0..<4, section: ".text", offset: 0)])
    #expect(lines == [0: SourceLine(file: "a.c", line: 3), 1: SourceLine(file: "a.c", line: 3)])
  }
}
