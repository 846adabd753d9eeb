import Bytes
import CBOR
import DeviceProtocol

/// A CBOR item with everything in it, as the host's tools like it.
public indirect enum Value: Equatable, Sendable {
  case integer(Int64)
  /// An integer above the range of the other case.
  case unsigned(UInt64)
  case bytes([UInt8])
  case text(String)
  case array([Value])
  case map([(key: Value, value: Value)])

  /// `nil` unless `bytes` are exactly one well-formed item of these kinds.
  public init?(_ bytes: [UInt8]) {
    var reader = CBORReader(bytes.span)
    do throws(CBORError) {
      try reader.checkWellFormed()
      self = try Value(&reader)
    } catch {
      return nil
    }
  }

  private init(_ reader: inout CBORReader) throws(CBORError) {
    switch try reader.peekType() {
    case .bytes:
      let content = try reader.readBytes()
      self = .bytes(content.indices.map { content[$0] })
    case .text:
      let content = try reader.readText()
      self = .text(String(decoding: content.indices.map { content[$0] }, as: UTF8.self))
    case .array:
      var items: [Value] = []
      for _ in 0..<(try reader.readArray()) { items.append(try Value(&reader)) }
      self = .array(items)
    case .map:
      var entries: [(Value, Value)] = []
      for _ in 0..<(try reader.readMap()) { entries.append((try Value(&reader), try Value(&reader))) }
      self = .map(entries)
    case .unsigned:
      let number = try reader.readUnsigned()
      self = Int64(exactly: number).map { .integer($0) } ?? .unsigned(number)
    default:
      self = .integer(try reader.readInteger())
    }
  }

  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)): left == right
    case (.unsigned(let left), .unsigned(let right)): left == right
    case (.bytes(let left), .bytes(let right)): left == right
    case (.text(let left), .text(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.map(let left), .map(let right)):
      left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  subscript(key: Value) -> Value? {
    guard case .map(let entries) = self else { return nil }
    return entries.first { $0.key == key }?.value
  }

  var integer: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// A number that may need all 64 bits, such as an address.
  var unsigned: UInt64? {
    switch self {
    case .integer(let value): UInt64(exactly: value)
    case .unsigned(let value): value
    default: nil
    }
  }

  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  var bytes: [UInt8]? {
    if case .bytes(let value) = self { value } else { nil }
  }
}

extension Route {
  /// The path, without a leading slash.
  var path: String {
    var storage = [UInt8](repeating: 0, count: 64)
    var writer = ByteWriter(storage.mutableSpan)
    guard (try? writePath(into: &writer)) != nil else {
      preconditionFailure("no path of the table is that long")
    }
    let written = writer.written
    return String(decoding: written.indices.map { written[$0] }, as: UTF8.self)
  }
}
