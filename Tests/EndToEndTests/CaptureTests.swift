import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct Captures {
  @Test func `a capture holds the datagrams in both directions`() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/frames, all of them.pcap"
      _ = try await Board.run(capture: path) { _, device in try await device.description() }
      let datagrams = try CapturedFrame.all(in: path).filter(\.isDatagram)
      #expect(datagrams.contains { $0.isToBoard })
      #expect(datagrams.contains { $0.isFromBoard })
    }
  }
}
