import Bytes

/// A number with a decimal point, or with zeros behind it, as a text.
struct DecimalText {
  private(set) var bytes = InlineArray<24, UInt8>(repeating: 0)
  private(set) var count = 0

  /// - Parameters:
  ///   - value: the number.
  ///   - exponent: the power of ten it is multiplied by, -16 to 16.
  init(_ value: Int16, exponent: Int) {
    if value < 0 { append(UInt8(ascii: "-")) }
    let places = max(-exponent, 0)
    append(UInt32(value.magnitude), minimum: places + 1, places: places)
    for _ in 0..<max(exponent, 0) { append(UInt8(ascii: "0")) }
  }

  init(_ value: UInt32) {
    append(value, minimum: 1, places: 0)
  }

  /// Appends at least `minimum` digits, the last `places` of them behind a point.
  private mutating func append(_ value: UInt32, minimum: Int, places: Int) {
    var digits = InlineArray<17, UInt8>(repeating: UInt8(ascii: "0"))
    var length = 0
    var rest = value
    while rest != 0 {
      digits[length] += UInt8(rest % 10)
      rest /= 10
      length += 1
    }
    length = max(length, minimum)
    while length > 0 {
      if length == places { append(UInt8(ascii: ".")) }
      length -= 1
      append(digits[length])
    }
  }

  private mutating func append(_ byte: UInt8) {
    bytes[count] = byte
    count += 1
  }
}
