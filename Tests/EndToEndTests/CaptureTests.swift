import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(2))) struct Captures {
  @Test func `a capture holds the datagrams in both directions`() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/frames, all of them.pcap"
      _ = try await Board.run(capture: path) { _, device in try await device.description() }
      let frames = try Self.frames(of: Array(Data(contentsOf: URL(filePath: path))))
      let datagrams = frames.filter(IPv4.isDatagram)
      #expect(datagrams.contains { $0.starts(with: IPv6Gateway.boardStation.bytes) })
      #expect(datagrams.contains { $0[6..<12] == IPv6Gateway.boardStation.bytes[...] })
    }
  }

  /// The frames in a file of libpcap's format, as a little-endian machine writes it.
  private static func frames(of file: [UInt8]) throws -> [[UInt8]] {
    try #require(file.starts(with: [0xd4, 0xc3, 0xb2, 0xa1]) && file.count >= 24)
    var frames: [[UInt8]] = []
    var offset = 24
    while offset < file.count {
      // Seconds, microseconds, the length in the file, that on the wire.
      try #require(offset + 16 <= file.count)
      let length = file[offset + 8..<offset + 12].reversed().reduce(0) { $0 << 8 | Int($1) }
      try #require(offset + 16 + length <= file.count)
      frames.append(Array(file[offset + 16..<offset + 16 + length]))
      offset += 16 + length
    }
    return frames
  }
}
