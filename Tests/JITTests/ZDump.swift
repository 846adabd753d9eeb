import Foundation
import Testing

@Suite struct ZDump {
  @Test func dump() async throws {
    for kernel in ["fletcher16", "fletcher32", "sieve", "binary_search", "moving_average", "decimal", "popcount", "crc32", "div64", "fnv1a64", "xorshift64s", "bubble_sort", "matmul", "siphash24", "coap_parse"] {
      let c = try await Compiled(kernel: kernel, isolation: .hardware, contextSize: 4096)
      try Data(c.code).write(to: URL(filePath: "/tmp/k/\(kernel).jit"))
    }
  }
}
