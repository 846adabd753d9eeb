import Bytes
import Compartment

/// Formats a program's `printf` (C17 7.21.6.1 without floating point) from checked memory into a bounded buffer.
///
/// The format and every `%s` are read through the compartment's memory, so a program can print only what it may read.
/// Output that does not fit is cut off. Understood: `%d %i %u %x %X %p %s %c %%`, the flags `-` and `0`, width, precision,
/// and the lengths `hh`, `h`, `l`, `ll`, `z` (`l` and wider are 64 bits, as in eBPF's C).
struct PrintfFormatter {
  /// The values after the format, r2 to r5; a conversion beyond them takes 0.
  let values: InlineArray<4, UInt64>
  private var used = 0

  /// The argument that was read last, 1 for the format: the one at fault when formatting throws.
  var argument: UInt8 { UInt8(1 + used) }

  init(values: InlineArray<4, UInt64>) {
    self.values = values
  }

  /// Writes the text, as much of it as there is room for.
  ///
  /// - Throws: ``AccessFault`` when the format or a string lies outside the program's memory.
  mutating func format(
    _ format: Span<UInt8>, memory: borrowing CompartmentMemory, into output: inout ByteWriter
  ) throws(AccessFault) {
    var index = 0
    while index < format.count {
      let byte = format[index]
      index += 1
      guard byte == UInt8(ascii: "%") else {
        output.writeIfRoom(byte)
        continue
      }
      guard let conversion = Conversion(format, at: &index) else { return }
      try write(conversion, memory: memory, into: &output)
    }
  }

  private mutating func nextValue() -> UInt64 {
    guard used < values.count else { return 0 }
    defer { used += 1 }
    return values[used]
  }

  private mutating func write(
    _ conversion: Conversion, memory: borrowing CompartmentMemory, into output: inout ByteWriter
  ) throws(AccessFault) {
    switch conversion.letter {
    case UInt8(ascii: "d"), UInt8(ascii: "i"):
      let value = conversion.signed(nextValue())
      output.write(Digits(value.magnitude, base: 10), sign: value < 0 ? "-" : "", as: conversion)
    case UInt8(ascii: "u"):
      output.write(Digits(conversion.unsigned(nextValue()), base: 10), as: conversion)
    case UInt8(ascii: "x"):
      output.write(Digits(conversion.unsigned(nextValue()), base: 16), as: conversion)
    case UInt8(ascii: "X"):
      output.write(
        Digits(conversion.unsigned(nextValue()), base: 16, letters: UInt8(ascii: "A")), as: conversion)
    case UInt8(ascii: "p"):
      output.write(Digits(nextValue(), base: 16), sign: "0x", as: conversion)
    case UInt8(ascii: "c"):
      output.pad(conversion.width - 1, unless: conversion.leftAligned)
      output.writeIfRoom(UInt8(truncatingIfNeeded: nextValue()))
      output.pad(conversion.width - 1, unless: !conversion.leftAligned)
    case UInt8(ascii: "s"):
      let text = try memory.cString(at: nextValue(), limit: conversion.precision ?? output.capacity)
      output.pad(conversion.width - text.count, unless: conversion.leftAligned)
      for index in text.indices { output.writeIfRoom(text[index]) }
      output.pad(conversion.width - text.count, unless: !conversion.leftAligned)
    case UInt8(ascii: "%"):
      output.writeIfRoom(UInt8(ascii: "%"))
    default:
      // Shown as written, so that whoever reads the output sees which conversion is not understood.
      output.writeIfRoom(UInt8(ascii: "%"))
      output.writeIfRoom(conversion.letter)
    }
  }
}

/// One conversion specification: what stands between `%` and its letter.
private struct Conversion {
  var leftAligned = false
  var zeroPadded = false
  var width = 0
  var precision: Int?
  /// Bits of an integer.
  var bits: UInt64 = 32
  var letter: UInt8 = 0

  /// Reads on from the byte after the `%`; `nil` when the format ends before the letter.
  init?(_ format: Span<UInt8>, at index: inout Int) {
    func next() -> UInt8? { index < format.count ? format[index] : nil }
    /// A decimal number, held down to the longest output: a program cannot ask for more padding than fits.
    func number() -> Int? {
      var value: Int?
      while let byte = next(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
        value = min((value ?? 0) * 10 + Int(byte - UInt8(ascii: "0")), Limits.printedBytes)
        index += 1
      }
      return value
    }
    while let flag = next(), flag == UInt8(ascii: "-") || flag == UInt8(ascii: "0") {
      if flag == UInt8(ascii: "-") { leftAligned = true } else { zeroPadded = true }
      index += 1
    }
    width = number() ?? 0
    if next() == UInt8(ascii: ".") {
      index += 1
      precision = number() ?? 0
    }
    while let length = next(),
      length == UInt8(ascii: "l") || length == UInt8(ascii: "z") || length == UInt8(ascii: "h")
    {
      bits = length == UInt8(ascii: "h") ? max(bits / 2, 8) : 64
      index += 1
    }
    guard let letter = next() else { return nil }
    self.letter = letter
    index += 1
  }

  func unsigned(_ raw: UInt64) -> UInt64 {
    (raw << (64 - bits)) >> (64 - bits)
  }

  func signed(_ raw: UInt64) -> Int64 {
    Int64(bitPattern: raw << (64 - bits)) >> Int64(64 - bits)
  }
}

/// The digits of one number, least significant first; none of 0.
private struct Digits {
  var bytes = InlineArray<20, UInt8>(repeating: 0)
  var count = 0

  /// - Parameters:
  ///   - value: the number.
  ///   - base: 10 or 16.
  ///   - letters: the letter that stands for 10.
  init(_ value: UInt64, base: UInt64, letters: UInt8 = UInt8(ascii: "a")) {
    var rest = value
    while rest != 0 {
      let digit = UInt8(rest % base)
      bytes[count] = digit < 10 ? UInt8(ascii: "0") + digit : letters + digit - 10
      count += 1
      rest /= base
    }
  }
}

extension ByteWriter {
  fileprivate mutating func writeIfRoom(_ byte: UInt8) {
    guard remaining > 0 else { return }
    try? write(byte)
  }

  fileprivate mutating func pad(_ count: Int, with byte: UInt8 = UInt8(ascii: " "), unless skipped: Bool) {
    guard !skipped, count > 0 else { return }
    for _ in 0..<count { writeIfRoom(byte) }
  }

  /// Writes a number: padding, sign, zeros up to the precision, digits.
  fileprivate mutating func write(_ digits: Digits, sign: StaticString = "", as conversion: Conversion) {
    let fill = conversion.zeroPadded && !conversion.leftAligned && conversion.precision == nil
    let room = conversion.width - sign.utf8CodeUnitCount
    let minimum = conversion.precision ?? (fill ? max(room, 1) : 1)
    let length = max(digits.count, minimum)
    pad(room - length, unless: conversion.leftAligned)
    let sign = sign.bytes
    for index in sign.indices { writeIfRoom(sign[index]) }
    pad(length - digits.count, with: UInt8(ascii: "0"), unless: false)
    for index in 0..<digits.count { writeIfRoom(digits.bytes[digits.count - 1 - index]) }
    pad(room - length, unless: !conversion.leftAligned)
  }
}
