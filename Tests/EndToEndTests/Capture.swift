import Foundation
import Testing

/// A frame of a capture, and when it crossed the board's Ethernet, in microseconds of the board's clock.
struct CapturedFrame {
  let microseconds: Int
  let bytes: [UInt8]

  /// Those in a file of libpcap's format, as a little-endian machine writes it.
  static func all(in path: String) throws -> [CapturedFrame] {
    let file = try Array(Data(contentsOf: URL(filePath: path)))
    try #require(file.starts(with: [0xd4, 0xc3, 0xb2, 0xa1]) && file.count >= 24)
    func number(at offset: Int) -> Int {
      file[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var frames: [CapturedFrame] = []
    var offset = 24
    while offset < file.count {
      // Seconds, microseconds, the length in the file, that on the wire.
      try #require(offset + 16 <= file.count)
      let length = number(at: offset + 8)
      try #require(offset + 16 + length <= file.count)
      frames.append(
        CapturedFrame(
          microseconds: number(at: offset) * 1_000_000 + number(at: offset + 4),
          bytes: Array(file[offset + 16..<offset + 16 + length])))
      offset += 16 + length
    }
    return frames
  }

  var isDatagram: Bool { IPv4.isDatagram(bytes) }
  var isToBoard: Bool { bytes.starts(with: IPv6Gateway.boardStation.bytes) }
  var isFromBoard: Bool { bytes[6..<12] == IPv6Gateway.boardStation.bytes[...] }
}
