import Bytes
import CBOR

/// An item to be encoded, for writing nested structures down as they read.
package indirect enum CBORItem: Sendable {
  case integer(Int64)
  case bytes([UInt8])
  case text(String)
  case array([CBORItem])
  /// Keys and values in the order to be written.
  case map([(Int64, CBORItem)])
  /// The same with keys of any type.
  case pairs([(CBORItem, CBORItem)])
  case tagged(UInt64, CBORItem)
  case bool(Bool)
  case null

  /// A byte string that holds the encoding of `item`.
  package static func wrapped(_ item: CBORItem) -> CBORItem {
    .bytes(item.encoded)
  }

  package var encoded: [UInt8] {
    var storage = [UInt8](repeating: 0, count: byteLimit)
    var writer = CBORWriter(storage.mutableSpan)
    do throws(OutOfBounds) { try write(to: &writer) } catch {
      preconditionFailure("an item is larger than its bound")
    }
    let count = writer.count
    return Array(storage[..<count])
  }

  /// At least the bytes of the encoding: heads take nine at most.
  private var byteLimit: Int {
    switch self {
    case .integer, .bool, .null: 9
    case .bytes(let bytes): 9 + bytes.count
    case .text(let text): 9 + text.utf8.count
    case .array(let items): items.reduce(9) { $0 + $1.byteLimit }
    case .map(let pairs): pairs.reduce(9) { $0 + 9 + $1.1.byteLimit }
    case .pairs(let pairs): pairs.reduce(9) { $0 + $1.0.byteLimit + $1.1.byteLimit }
    case .tagged(_, let item): 9 + item.byteLimit
    }
  }

  private func write(to writer: inout CBORWriter) throws(OutOfBounds) {
    switch self {
    case .integer(let value): try writer.writeInteger(value)
    case .bytes(let bytes): try writer.writeBytes(bytes.span)
    case .text(let text):
      let bytes = Array(text.utf8)
      try writer.writeText(bytes.span)
    case .array(let items):
      try writer.beginArray(items.count)
      for item in items { try item.write(to: &writer) }
    case .map(let pairs):
      try writer.beginMap(pairs.count)
      for (key, value) in pairs {
        try writer.writeInteger(key)
        try value.write(to: &writer)
      }
    case .pairs(let pairs):
      try writer.beginMap(pairs.count)
      for (key, value) in pairs {
        try key.write(to: &writer)
        try value.write(to: &writer)
      }
    case .tagged(let number, let item):
      try writer.writeTag(number)
      try item.write(to: &writer)
    case .bool(let value): try writer.writeBool(value)
    case .null: try writer.writeNull()
    }
  }
}
