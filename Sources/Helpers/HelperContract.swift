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
  /// What the registers from r1 on have to hold; only the first `argumentCount` count.
  public let arguments: InlineArray<5, ArgumentKind>
  public let argumentCount: Int
  public let resultKind: ResultKind

  init(_ arguments: InlineArray<5, ArgumentKind>, count: Int, result: ResultKind = .scalar) {
    self.arguments = arguments
    argumentCount = count
    resultKind = result
  }
}

extension Helper {
  public var contract: HelperContract {
    switch self {
    case .printf:
      HelperContract([.format, .scalar, .scalar, .scalar, .scalar], count: 1)
    case .memcpy:
      HelperContract(
        [.writableBytes(length: 3), .readableBytes(length: 3), .scalar, .scalar, .scalar], count: 3,
        result: .pointer(argument: 1))
    case .storeLocal, .storeGlobal:
      HelperContract(.init(repeating: .scalar), count: 2)
    case .fetchLocal, .fetchGlobal:
      HelperContract([.scalar, .writable(count: 4), .scalar, .scalar, .scalar], count: 2)
    case .nowMilliseconds:
      HelperContract(.init(repeating: .scalar), count: 0)
    case .strlen:
      HelperContract([.cString, .scalar, .scalar, .scalar, .scalar], count: 1)
    }
  }
}
