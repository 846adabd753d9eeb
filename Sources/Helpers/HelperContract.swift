/// What a helper expects in one of the registers r1 to r5.
public enum ArgumentKind: Equatable, Sendable {
  /// Any number.
  case scalar
  /// A number that another helper gave out and that stands for a device. Never an address; looked up at each call.
  case handle
  /// The address of bytes the helper reads; argument number `length` (1 for r1) says how many.
  case readableBytes(length: UInt8)
  /// The address of bytes the helper writes; argument number `length` (1 for r1) says how many.
  case writableBytes(length: UInt8)
  /// The address of this many bytes that the helper reads.
  case readable(count: UInt8)
  /// The address of this many bytes that the helper writes, and may read before.
  case writable(count: UInt8)
  /// The address of a text the helper writes, of one to this many bytes; or 0, when only its length is wanted.
  case optionalText(limit: UInt8)
  /// The address of bytes up to and including a zero byte.
  case cString
  /// A C string with the conversions of printf; it alone says how many of the registers after it are arguments too.
  case format
  /// The address of the CoAP context, as r1 held it when the program started. The helper writes there, never to the stack.
  case coapContext
}

/// What a helper leaves in r0.
public enum ResultKind: Equatable, Sendable {
  /// A number.
  case scalar
  /// The address that was argument number `argument` (1 for r1).
  case pointer(argument: UInt8)
}

/// What a helper expects and returns, as a verifier needs it. Texts are in `HelperSignature`.
public struct HelperContract: Sendable {
  /// What r1, r2, and r3 have to hold; `nil` from where on the helper expects nothing.
  private let first, second, third: ArgumentKind?
  public let resultKind: ResultKind

  init(
    _ first: ArgumentKind? = nil, _ second: ArgumentKind? = nil, _ third: ArgumentKind? = nil,
    result: ResultKind = .scalar
  ) {
    self.first = first
    self.second = second
    self.third = third
    resultKind = result
  }

  public var argumentCount: Int { third != nil ? 3 : second != nil ? 2 : first != nil ? 1 : 0 }

  /// What argument `number` (1 for r1) has to be; `nil` beyond those that the helper has.
  public func argument(_ number: Int) -> ArgumentKind? {
    switch number {
    case 1: first
    case 2: second
    case 3: third
    default: nil
    }
  }
}

extension Helper {
  /// The most places that `formatS16` moves the decimal point, either way.
  public static var decimalPlaces: UInt8 { 16 }

  public var contract: HelperContract {
    switch self {
    case .printf: HelperContract(.format)
    case .memcpy:
      HelperContract(
        .writableBytes(length: 3), .readableBytes(length: 3), .scalar, result: .pointer(argument: 1))
    case .storeLocal, .storeGlobal: HelperContract(.scalar, .scalar)
    case .fetchLocal, .fetchGlobal: HelperContract(.scalar, .writable(count: 4))
    case .nowMilliseconds, .nowMicroseconds, .displayInit: HelperContract()
    case .printDebug, .saulFindNth, .saulFindType, .keypadRead: HelperContract(.scalar)
    case .saulRead: HelperContract(.handle, .writable(count: 8))
    case .saulWrite: HelperContract(.handle, .readable(count: 8))
    case .saulReadTemperature: HelperContract(.handle, .writable(count: 4))
    case .coapInitResponse, .coapFinishOptions, .coapAddFormat: HelperContract(.coapContext, .scalar)
    case .coapGetPDU: HelperContract(.coapContext)
    case .formatS16:
      // A sign, five digits and zeros, or a sign, a zero, a point and places.
      HelperContract(.optionalText(limit: 6 + Self.decimalPlaces), .scalar, .scalar)
    case .formatU32: HelperContract(.optionalText(limit: 10), .scalar)
    case .strlen: HelperContract(.cString)
    case .periodicWakeup: HelperContract(.writable(count: 4), .scalar)
    case .gpioReadInput, .gpioReadRaw: HelperContract(.scalar, .scalar)
    case .gpioWrite: HelperContract(.scalar, .scalar, .scalar)
    case .displayClear: HelperContract(.handle)
    case .displayPrint: HelperContract(.handle, .cString)
    case .displaySetCursor: HelperContract(.handle, .scalar, .scalar)
    }
  }
}
