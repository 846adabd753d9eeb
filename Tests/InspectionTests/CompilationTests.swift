import Foundation
import Inspection
import JIT
import Testing
import Toolchain

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// The code of the kernels, kept so that a change in what the compiler makes is seen in review.
@Suite struct GoldenListings {
  static let kernels = [
    "binary_search", "bubble_sort", "coap_parse", "crc32", "decimal", "div64", "fletcher16", "fletcher32",
    "fnv1a64", "matmul", "moving_average", "noop", "popcount", "sieve", "siphash24", "xorshift64s",
  ]

  /// `RECORD_LISTINGS=1 swift test --filter GoldenListings` writes them anew.
  @Test(arguments: kernels, Isolation.allCases)
  func `the code of a kernel is as it was`(kernel: String, isolation: Isolation) async throws {
    let object = try await Compiler().compile(root.appending(path: "Benchmarks/Kernels/\(kernel).c")).object
    let listing =
      try Compilation(
        image: Linker(layout: .elf).link([object]).image, isolation: isolation, contextSize: 1024
      ).text + "\n"
    let file = root.appending(path: "Tests/InspectionTests/Listings/\(kernel).\(isolation).txt")
    if ProcessInfo.processInfo.environment["RECORD_LISTINGS"] != nil {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(listing.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == listing)
  }
}

@Suite struct CompilationRules {
  @Test func `instructions stand beside their code and their source`() async throws {
    let it = try await compile(root.appending(path: "Examples/fletcher16.c").path, for: .hardware)
    #expect(it.isolation == "hardware")
    #expect(it.checkedAccesses == 0)
    #expect(it.lines.contains { $0.source != nil && !$0.code.isEmpty })
    let listed = (it.start + it.lines.flatMap(\.code)).map(\.size).reduce(0, +)
    #expect(listed == it.codeBytes)
  }

  @Test func `a program that the verifier refuses is not compiled`() throws {
    // r0 is returned without a value.
    let image: [UInt8] = [0x95, 0, 0, 0, 0, 0, 0, 0]
    let error = #expect(throws: CompilationError.self) { try Compilation(image: image, isolation: .checked) }
    #expect("\(try #require(error))".contains("instruction 0"))
  }
}
