/// The functions of the device that a program may call, by the number its call instruction carries.
public enum Helper: UInt8, CaseIterable, Sendable {
  case printf = 0x01
  case memcpy = 0x02
  case storeLocal = 0x10
  case storeGlobal = 0x11
  case fetchLocal = 0x12
  case fetchGlobal = 0x13
  case nowMilliseconds = 0x20
  case strlen = 0x52

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
  public static var count: UInt8 { Helper.strlen.position + 1 }
}
