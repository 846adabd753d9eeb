import Bytes
import CBOR
public import CoAP

/// A number of at most so many digits, 9 or fewer, without leading zeros.
func decimal(_ text: Span<UInt8>, digits: Int = 4) -> Int? {
  guard text.count <= digits, let value = decimalNumber(text), value >= 0 else { return nil }
  return Int(value)
}

/// A number in decimal digits, at most 18, without leading zeros, with a `-` in front when it is negative.
public func decimalNumber(_ text: Span<UInt8>) -> Int64? {
  let isNegative = !text.isEmpty && text[0] == UInt8(ascii: "-")
  let first = isNegative ? 1 : 0
  let count = text.count - first
  guard (1...18).contains(count), count == 1 || text[first] != UInt8(ascii: "0") else { return nil }
  var value: Int64 = 0
  for index in first..<text.count {
    guard text[index] >= UInt8(ascii: "0"), text[index] <= UInt8(ascii: "9") else { return nil }
    value = value * 10 + Int64(text[index] - UInt8(ascii: "0"))
  }
  guard isNegative else { return value }
  return value == 0 ? nil : -value
}

/// The body of a request that gives a resource a number: in decimal digits, or a CBOR integer.
public enum NumberBody {
  public enum Failure: Error, Equatable, Sendable {
    /// It is neither text, JSON nor CBOR.
    case format(UInt32)
    /// It is no number.
    case noNumber
  }

  public static func read(_ request: borrowing Message) throws(Failure) -> Int64 {
    // As text unless something else is said.
    switch request.option(.contentFormat) == nil ? 0 : request.integer(.contentFormat) {
    case UInt32(ContentFormat.text.rawValue), UInt32(ContentFormat.json.rawValue):
      guard let value = decimalNumber(request.payload) else { throw .noNumber }
      return value
    case UInt32(ContentFormat.cbor.rawValue):
      var reader = CBORReader(request.payload)
      guard let value = try? reader.readInteger(), reader.isAtEnd else { throw .noNumber }
      return value
    case let other: throw .format(other ?? .max)
    }
  }
}
