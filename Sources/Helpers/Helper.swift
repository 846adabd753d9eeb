/// The functions of the device that a program may call, by the number its call instruction carries.
public enum Helper: UInt8, CaseIterable, Sendable {
  case printf = 0x01
  case memcpy = 0x02
  case printDebug = 0x03
  case storeLocal = 0x10
  case storeGlobal = 0x11
  case fetchLocal = 0x12
  case fetchGlobal = 0x13
  case nowMilliseconds = 0x20
  case saulFindNth = 0x30
  case saulFindType = 0x31
  case saulRead = 0x32
  case saulWrite = 0x33
  case saulReadTemperature = 0x34
  case coapInitResponse = 0x40
  case coapFinishOptions = 0x41
  case coapAddFormat = 0x42
  case coapGetPDU = 0x43
  case formatS16 = 0x50
  case formatU32 = 0x51
  case strlen = 0x52
  case nowMicroseconds = 0x60
  case periodicWakeup = 0x61
  case gpioReadInput = 0x70
  case gpioReadRaw = 0x71
  case gpioWrite = 0x72
  case displayInit = 0x80
  case displayClear = 0x81
  case displayPrint = 0x82
  case displaySetCursor = 0x83
  case keypadRead = 0x84

  /// The position in `allCases`, which is also the helper's bit in a `HelperSet`.
  public var position: UInt8 {
    // SAFETY: an enumeration without payloads and with at most 256 cases is one byte that numbers the cases in the
    // order of declaration.
    unsafe unsafeBitCast(self, to: UInt8.self)
  }

  /// The helper at `position` in `allCases`.
  public init?(position: UInt8) {
    guard position < Self.count else { return nil }
    // SAFETY: as above, and `position` is the number of a case.
    self = unsafe unsafeBitCast(position, to: Helper.self)
  }

  /// How many helpers there are: at most 64, for the bits of a `HelperSet`.
  public static var count: UInt8 { Helper.keypadRead.position + 1 }
}
