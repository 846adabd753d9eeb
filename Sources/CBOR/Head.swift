import Bytes

/// The eight major types. RFC 8949 §3.1.
public enum CBORType: UInt8, Sendable {
  case unsigned = 0, negative, bytes, text, array, map, tag, simple
}

/// The simple values with a name, as initial bytes. RFC 8949 §3.3.
enum Simple {
  static let `false`: UInt8 = 0xF4
  static let `true`: UInt8 = 0xF5
  static let null: UInt8 = 0xF6
}

/// The initial byte of an item and its argument. RFC 8949 §3.
struct Head: Equatable {
  /// Values of the additional information (the low five bits) with a meaning of their own.
  enum Information {
    static let oneByte: UInt8 = 24, twoBytes: UInt8 = 25, fourBytes: UInt8 = 26, eightBytes: UInt8 = 27
    static let indefinite: UInt8 = 31
  }

  let initialByte: UInt8
  /// Value, length, count, tag number, or the bits of a simple value or float.
  let argument: UInt64

  var type: CBORType {
    switch initialByte >> 5 {
    case 0: .unsigned
    case 1: .negative
    case 2: .bytes
    case 3: .text
    case 4: .array
    case 5: .map
    case 6: .tag
    default: .simple
    }
  }

  /// Whether other items stand inside this one.
  var opensLevel: Bool {
    switch type {
    case .array, .map, .tag: true
    case .unsigned, .negative, .bytes, .text, .simple: false
    }
  }
}

extension ByteReader {
  /// The next head. `base` is what the offset of an error is counted from.
  mutating func readHead(base: Int) throws(CBORError) -> Head {
    let start = base + offset
    var next = self
    let initialByte: UInt8
    let argument: UInt64
    do throws(OutOfBounds) {
      initialByte = try next.readByte()
      let information = initialByte & 0x1F
      switch information {
      case 0..<Head.Information.oneByte: argument = UInt64(information)
      case Head.Information.oneByte: argument = UInt64(try next.readByte())
      case Head.Information.twoBytes: argument = UInt64(try next.readBigEndian(UInt16.self))
      case Head.Information.fourBytes: argument = UInt64(try next.readBigEndian(UInt32.self))
      case Head.Information.eightBytes: argument = try next.readBigEndian(UInt64.self)
      default: argument = 0
      }
    } catch {
      throw CBORError(.truncated, at: start, expected: error.count, found: next.remaining)
    }
    let head = Head(initialByte: initialByte, argument: argument)
    switch initialByte & 0x1F {
    case Head.Information.indefinite:
      throw CBORError(.indefiniteLength, at: start, found: Int(initialByte))
    case Head.Information.eightBytes + 1..<Head.Information.indefinite:
      throw CBORError(.reserved, at: start, found: Int(initialByte))
    case Head.Information.oneByte where head.type == .simple && argument < 32:
      throw CBORError(.reserved, at: start, found: Int(initialByte))
    default: break
    }
    self = next
    return head
  }
}
