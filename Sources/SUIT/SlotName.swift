/// How a component identifier names a slot: the segments `ram` and the slot's number.
enum SlotName {
  /// The number written as decimal digits without leading zeros; nil for anything else and beyond 16 bits.
  static func number(_ digits: Span<UInt8>) -> Int? {
    guard digits.count > 0, digits.count == 1 || digits[0] != UInt8(ascii: "0") else { return nil }
    var number = 0
    for index in digits.indices {
      let digit = digits[index]
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
      guard number <= Int(UInt16.max) else { return nil }
    }
    return number
  }
}
