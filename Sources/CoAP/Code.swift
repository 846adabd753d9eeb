/// The code of a message: a request method, a response code, or 0.00 for an empty message (RFC 7252 §12.1).
public struct Code: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The code written `class.detail`.
  public init(_ codeClass: UInt8, _ detail: UInt8) {
    rawValue = codeClass << 5 | detail & 0x1f
  }

  public var codeClass: UInt8 { rawValue >> 5 }
  public var detail: UInt8 { rawValue & 0x1f }
  public var isEmpty: Bool { rawValue == 0 }
  public var isRequest: Bool { codeClass == 0 && rawValue != 0 }
  public var isSuccess: Bool { codeClass == 2 }
  public var isResponse: Bool { codeClass == 2 || codeClass == 4 || codeClass == 5 }

  public static let empty = Code(0, 0)

  public static let get = Code(0, 1)
  public static let post = Code(0, 2)
  public static let put = Code(0, 3)
  public static let delete = Code(0, 4)

  public static let created = Code(2, 1)
  public static let deleted = Code(2, 2)
  public static let valid = Code(2, 3)
  public static let changed = Code(2, 4)
  public static let content = Code(2, 5)
  /// RFC 7959 §2.9.1.
  public static let continuation = Code(2, 31)

  public static let badRequest = Code(4, 0)
  public static let unauthorized = Code(4, 1)
  public static let badOption = Code(4, 2)
  public static let forbidden = Code(4, 3)
  public static let notFound = Code(4, 4)
  public static let methodNotAllowed = Code(4, 5)
  public static let notAcceptable = Code(4, 6)
  /// RFC 7959 §2.9.2.
  public static let requestEntityIncomplete = Code(4, 8)
  /// RFC 8132 §3.4.
  public static let conflict = Code(4, 9)
  public static let preconditionFailed = Code(4, 12)
  public static let requestEntityTooLarge = Code(4, 13)
  public static let unsupportedContentFormat = Code(4, 15)
  /// RFC 8132 §3.4.
  public static let unprocessableEntity = Code(4, 22)

  public static let internalServerError = Code(5, 0)
  public static let notImplemented = Code(5, 1)
  public static let badGateway = Code(5, 2)
  public static let serviceUnavailable = Code(5, 3)
  public static let gatewayTimeout = Code(5, 4)
  public static let proxyingNotSupported = Code(5, 5)
}

/// How a message is to be acknowledged (RFC 7252 §3).
public enum MessageType: UInt8, Sendable {
  case confirmable = 0, nonConfirmable, acknowledgement, reset
}

/// What a payload is (the IANA registry "CoAP Content-Formats").
public struct ContentFormat: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let text = ContentFormat(rawValue: 0)
  /// RFC 6690.
  public static let linkFormat = ContentFormat(rawValue: 40)
  public static let octetStream = ContentFormat(rawValue: 42)
  public static let json = ContentFormat(rawValue: 50)
  public static let cbor = ContentFormat(rawValue: 60)
  /// RFC 9290 §6.3.
  public static let conciseProblemDetails = ContentFormat(rawValue: 257)
}

/// An option's number; what it means for those who do not know it stands in its low bits (RFC 7252 §5.4.6).
public struct OptionNumber: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// Whoever does not know it must refuse the message.
  public var isCritical: Bool { rawValue & 1 == 1 }

  public static let ifMatch = OptionNumber(rawValue: 1)
  public static let uriHost = OptionNumber(rawValue: 3)
  public static let entityTag = OptionNumber(rawValue: 4)
  public static let ifNoneMatch = OptionNumber(rawValue: 5)
  /// RFC 7641 §2.
  public static let observe = OptionNumber(rawValue: 6)
  public static let uriPort = OptionNumber(rawValue: 7)
  public static let locationPath = OptionNumber(rawValue: 8)
  public static let uriPath = OptionNumber(rawValue: 11)
  public static let contentFormat = OptionNumber(rawValue: 12)
  public static let maxAge = OptionNumber(rawValue: 14)
  public static let uriQuery = OptionNumber(rawValue: 15)
  public static let accept = OptionNumber(rawValue: 17)
  /// RFC 7959 §2.1.
  public static let block2 = OptionNumber(rawValue: 23)
  /// RFC 7959 §2.1.
  public static let block1 = OptionNumber(rawValue: 27)
  /// RFC 7959 §4.
  public static let size2 = OptionNumber(rawValue: 28)
  public static let proxyURI = OptionNumber(rawValue: 35)
  public static let proxyScheme = OptionNumber(rawValue: 39)
  /// RFC 7252 §5.10.9, RFC 7959 §4.
  public static let size1 = OptionNumber(rawValue: 60)
}
