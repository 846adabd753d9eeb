import Benchmarks
import Testing

@Suite(.enabled(if: Machine.isRequired, "the firmware has not been built: run make firmware"))
struct FirmwareSizeRules {
  @Test func `messages, manifests, signatures and their encoding take at most 28 KiB`() async throws {
    let protocols = try await FirmwareSize.measure().parts.filter {
      ["CoAP", "SUIT", "COSE", "CBOR"].contains($0.name)
    }
    #expect(protocols.count == 4)
    #expect(protocols.map(\.flash).reduce(0, +) <= 28 * 1024, "\(protocols.map { ($0.name, $0.flash) })")
  }
}
