import Bytes

/// Names a body by what it holds (RFC 7252 §5.10.6): FNV-1a of its bytes, never 0, which would be no bytes.
public struct EntityTag: Equatable, Sendable {
  let value: UInt32

  public init(of body: Span<UInt8>) {
    var hash: UInt32 = 0x811c_9dc5
    for index in body.indices { hash = (hash ^ UInt32(body[index])) &* 0x0100_0193 }
    value = hash | 1
  }

  /// `nil` for a tag that cannot be one of ours: more than four bytes, none, or leading zeros.
  init?(_ bytes: Span<UInt8>) {
    guard (1...4).contains(bytes.count), bytes[0] != 0 else { return nil }
    var value: UInt32 = 0
    for index in bytes.indices { value = value << 8 | UInt32(bytes[index]) }
    self.value = value
  }
}

/// What a request demands of the state of what it changes (RFC 7252 §5.10.8).
public struct Conditions: Equatable, Sendable {
  /// If-None-Match: there must be nothing yet.
  public private(set) var demandsAbsence = false
  /// If-Match: there must be something, in one of the states that `allow(_:)` is asked about.
  public private(set) var demandsPresence = false
  /// If-Match without a tag: any state will do.
  private var allowsAny = false

  public init(of message: borrowing Message) {
    guard message.mayHold(.ifMatch) || message.mayHold(.ifNoneMatch) else { return }
    var options = message.options
    while let option = options.nextSeldom() {
      if option.number == .ifNoneMatch { demandsAbsence = true }
      guard option.number == .ifMatch else { continue }
      demandsPresence = true
      if option.value.isEmpty { allowsAny = true }
    }
  }

  /// Whether the request has none.
  public var isEmpty: Bool { !demandsAbsence && !demandsPresence }
  /// Whether the tag of the state decides: they are met by what exists, if its tag is one of those in the request.
  public var dependsOnTag: Bool { demandsPresence && !allowsAny && !demandsAbsence }
  /// Whether they are met by whatever exists.
  public var areMetByAnything: Bool { !demandsAbsence && (!demandsPresence || allowsAny) }
}

extension Message {
  /// Whether one of the request's If-Match options names this state.
  public func matches(_ tag: EntityTag) -> Bool {
    var options = options
    while let option = options.nextSeldom() {
      if option.number == .ifMatch, EntityTag(option.value) == tag { return true }
    }
    return false
  }

  /// Whether the payload is one of several parts of a body (RFC 7959 §2.2).
  public var isPartOfBody: Bool {
    guard let block = block(.block1) else { return false }
    return block.more || block.number > 0
  }
}
