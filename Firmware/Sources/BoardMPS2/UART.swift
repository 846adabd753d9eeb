import _Volatile

/// The board's first serial port, a CMSDK APB UART (Arm DDI 0479, 4.3).
public enum UART {
  private static let data = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x4000_4000)
  private static let state = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x4000_4004)
  private static let control = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x4000_4008)
  private static let baudDivider = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x4000_4010)

  /// Turns transmitter and receiver on, at 115,200 baud from the 25 MHz peripheral clock.
  public static func start() {
    baudDivider.store(25_000_000 / 115_200)
    control.store(0b11)
  }

  public static func write(_ byte: UInt8) {
    // Bit 0: the transmit buffer is full.
    while state.load() & 1 != 0 {}
    data.store(UInt32(byte))
  }

  public static func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices { write(bytes[index]) }
  }

  public static func write(_ text: StaticString) {
    // SAFETY: a literal's bytes are valid for as long as the program.
    write(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span)
  }

  /// A byte that has come in, if one has.
  public static func read() -> UInt8? {
    // Bit 1: the receive buffer is full.
    state.load() & 2 != 0 ? UInt8(truncatingIfNeeded: data.load()) : nil
  }
}

/// Where `print` puts its characters; only checks and fault reports use it.
@c(putchar)
public func putCharacter(_ character: CInt) -> CInt {
  UART.write(UInt8(truncatingIfNeeded: character))
  return character
}
