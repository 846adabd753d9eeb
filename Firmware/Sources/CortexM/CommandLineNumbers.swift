import CCortexM

/// The decimal numbers on the emulator's command line, for programs that run under one with semihosting on.
public struct CommandLineNumbers {
  private var text = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0
  private var position = 0

  public init() {
    var span = text.mutableSpan
    count = span.withUnsafeMutableBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return Int(semihosting_command_line(start, UInt32(bytes.count)))
    }
  }

  public mutating func next() -> UInt64? {
    while position < count, text[position] == UInt8(ascii: " ") { position += 1 }
    var number: UInt64?
    while position < count, case let digit = text[position] &- UInt8(ascii: "0"), digit < 10 {
      number = (number ?? 0) &* 10 &+ UInt64(digit)
      position += 1
    }
    return number
  }
}
