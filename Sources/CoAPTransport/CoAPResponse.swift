import CoAP

/// A response with its whole body.
public struct CoAPResponse: Sendable {
  public let code: Code
  public let contentFormat: ContentFormat?
  public let body: [UInt8]
  /// Datagrams the exchange took, retransmissions included; those of other requests that the client had under way at
  /// the same time are among them.
  public let datagrams: DatagramCounts

  public init(code: Code, contentFormat: ContentFormat?, body: [UInt8], datagrams: DatagramCounts) {
    self.code = code
    self.contentFormat = contentFormat
    self.body = body
    self.datagrams = datagrams
  }
}

/// Why a request brought no response.
public enum CoAPClientError: Error, Equatable, Sendable {
  case uri(URIError, text: String)
  /// The request does not fit a datagram of `limit` bytes.
  case requestTooLong(limit: Int)
  /// Too many requests are under way.
  case busy
  case timedOut(uri: String)
  /// The peer answered with a reset.
  case reset(uri: String)
  /// The response holds an option that must be understood and is not.
  case unknownOption(uri: String)
  case transfer(BlockwiseError, uri: String)
  /// Only the answer to a GET may be longer than one datagram.
  case longAnswer(uri: String)
  /// The body is longer than the client takes, in bytes.
  case bodyTooLong(limit: Int, uri: String)
  case closed
  case cancelled
}

extension CoAPClientError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .uri(let error, let text): "'\(text)': \(error.explanation)"
    case .requestTooLong(let limit): "the request is longer than a datagram of \(limit) bytes"
    case .busy: "too many requests are under way"
    case .timedOut(let uri): "\(uri): no answer in time"
    case .reset(let uri): "\(uri): the peer reset the exchange"
    case .unknownOption(let uri): "\(uri): the response needs an option that this client does not know"
    case .transfer(let error, let uri): "\(uri): \(error.explanation)"
    case .longAnswer(let uri):
      "\(uri): the answer is longer than one datagram, which only that to a GET may be"
    case .bodyTooLong(let limit, let uri): "\(uri): the body is longer than \(limit) bytes"
    case .closed: "the client has been closed"
    case .cancelled: "the request was cancelled"
    }
  }
}

extension URIError {
  /// What is wrong, with the place counted from 1.
  public var explanation: String {
    let what =
      switch rule {
      case .scheme: "a CoAP URI begins with coap://"
      case .host: "the host must be an IPv4 address, or an IPv6 address in brackets"
      case .port: "the port must be a number from 1 to 65535"
      case .encoding: "a character that a URI may not hold, or a % without two hexadecimal digits"
      case .fragment: "a CoAP URI has no fragment"
      }
    return "\(what) (character \(offset + 1))"
  }
}

extension BlockwiseError {
  public var explanation: String {
    switch self {
    case .refused(let code): "the server refused a block with \(code.text)"
    case .wrongBlock(let expected, let found):
      "block \(expected) was asked for and block \(found) came, repeatedly"
    case .largerBlock(let asked, let found): "blocks of \(asked) bytes were asked for and \(found) came"
    case .blockLength(let expected, let found): "a block of \(expected) bytes came with \(found)"
    case .changed: "the resource changed during the transfer"
    case .tooManyBlocks: "the body has more blocks than can be counted"
    }
  }
}

extension Code {
  /// As people write it: class, point, two digits.
  public var text: String {
    "\(codeClass).\(detail < 10 ? "0" : "")\(detail)"
  }
}
