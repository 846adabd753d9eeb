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
  /// The next head.
  mutating func readHead() throws(CBORError) -> Head {
    let start = offset
    var next = self
    guard let initialByte = try? next.readByte() else {
      throw CBORError(.truncated, at: start, expected: 1, found: 0)
    }
    let information = initialByte & 0x1F
    var argument = UInt64(information)
    if information > Head.Information.eightBytes {
      throw CBORError(
        information == Head.Information.indefinite ? .indefiniteLength : .reserved, at: start,
        found: Int(initialByte))
    }
    if information >= Head.Information.oneByte {
      let width = 1 << Int(information - Head.Information.oneByte)
      guard let field = try? next.read(width) else {
        throw CBORError(.truncated, at: start, expected: width, found: next.remaining)
      }
      argument = 0
      for index in field.indices { argument = argument << 8 | UInt64(field[index]) }
    }
    let head = Head(initialByte: initialByte, argument: argument)
    if information == Head.Information.oneByte, head.type == .simple, argument < 32 {
      throw CBORError(.reserved, at: start, found: Int(initialByte))
    }
    self = next
    return head
  }
}
