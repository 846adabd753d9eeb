/// What a helper expects in one of the registers r1 to r5.
public enum ArgumentKind: Equatable, Sendable {
  /// Any number.
  case scalar
  /// The address of bytes the helper reads; argument number `length` (1 for r1) says how many.
  case readableBytes(length: UInt8)
  /// The address of bytes the helper writes; argument number `length` (1 for r1) says how many.
  case writableBytes(length: UInt8)
  /// The address of this many bytes that the helper writes.
  case writable(count: UInt8)
  /// The address of bytes up to and including a zero byte.
  case cString
  /// A C string with the conversions of printf; it alone says how many of the registers after it are arguments too.
  case format
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
  public var contract: HelperContract {
    switch self {
    case .printf: HelperContract(.format)
    case .memcpy:
      HelperContract(
        .writableBytes(length: 3), .readableBytes(length: 3), .scalar, result: .pointer(argument: 1))
    case .storeLocal, .storeGlobal: HelperContract(.scalar, .scalar)
    case .fetchLocal, .fetchGlobal: HelperContract(.scalar, .writable(count: 4))
    case .nowMilliseconds: HelperContract()
    case .strlen: HelperContract(.cString)
    }
  }
}
