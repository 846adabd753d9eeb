import Bytes

/// Why a request is refused before anyone looks at its path: an option that must be understood is not, or stands where
/// or how often it may not (RFC 7252 §5.4), or asks for what the endpoint does not do.
struct Refusal: Equatable {
  let code: Code
  /// The option it is about.
  let option: OptionNumber?

  private init(_ code: Code, _ option: OptionNumber? = nil) {
    self.code = code
    self.option = option
  }

  /// `nil` if the request may be handed out to who takes these features.
  @_optimize(speed)
  init?(of message: borrowing Message, taking features: RequestFeatures) {
    var previous: OptionNumber?
    var options = message.options
    while let option = options.next() {
      if option.number == .uriPath, option.value.count <= 255 { continue }
      if let refusal = Self.judge(
        option, in: message, isRepeated: option.number == previous, taking: features)
      {
        self = refusal
        return
      }
      previous = option.number
    }
    return nil
  }

  @inline(never) @_optimize(speed)
  private static func judge(
    _ option: borrowing Option, in message: borrowing Message, isRepeated: Bool,
    taking features: RequestFeatures
  ) -> Refusal? {
    let number = option.number
    guard number.isCritical else { return nil }
    if number == .ifMatch || number == .ifNoneMatch, !features.contains(.conditions) {
      return Refusal(.badOption, number)
    }
    guard let (longest, isRepeatable) = number.form, option.value.count <= longest,
      isRepeatable || !isRepeated
    else { return Refusal(.badOption, number) }
    switch number {
    case .proxyURI, .proxyScheme:
      return Refusal(.proxyingNotSupported)
    case .block2 where message.block(.block2) == nil:
      // The reserved size exponent (RFC 7959 §2.2).
      return Refusal(.badRequest, number)
    case .block1:
      guard let block = message.block(.block1) else { return Refusal(.badRequest, number) }
      guard !features.contains(.bodiesInBlocks) else { return nil }
      guard block.number == 0 else { return Refusal(.requestEntityIncomplete) }
      return block.more ? Refusal(.requestEntityTooLarge) : nil
    default:
      return nil
    }
  }
}

/// What a server takes besides plain requests. Whatever it does not take is refused before it sees it.
public struct RequestFeatures: OptionSet, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Bodies in the blocks of several requests (RFC 7959 §2.5), each handed out as one; see ``BlockwiseReception``.
  public static let bodiesInBlocks = RequestFeatures(rawValue: 1)
  /// If-Match and If-None-Match; see ``Conditions``.
  public static let conditions = RequestFeatures(rawValue: 2)
}

extension OptionNumber {
  /// The longest value, in bytes, and whether there may be several, of the critical options that a server here knows
  /// (RFC 7252 §5.10, RFC 7959 §2.1); `nil` for all others.
  fileprivate var form: (longest: Int, isRepeatable: Bool)? {
    switch self {
    case .ifMatch: (8, true)
    case .ifNoneMatch: (0, false)
    case .uriHost: (255, false)
    case .uriPort, .accept: (2, false)
    case .uriPath, .uriQuery: (255, true)
    case .block1, .block2: (3, false)
    case .proxyURI: (1034, false)
    case .proxyScheme: (255, false)
    default: nil
    }
  }
}

extension Message {
  /// Whether a response must be rejected: of the critical options only those of block-wise transfer mean anything in it.
  var holdsUnknownCriticalOption: Bool {
    var options = options
    while let option = options.nextSeldom() {
      if option.number.isCritical, option.number != .block1, option.number != .block2 { return true }
    }
    return false
  }
}
