import Bytes
import CBOR
import CoAP
import DeviceProtocol
import Runtime

/// The format of a response's body.
enum Format: UInt8 {
  case cbor, text, json, linkFormat

  /// What the request accepts; the resource's own format when it says nothing.
  init(accepting request: borrowing Message, otherwise own: ContentFormat) throws(Problem) {
    let asked =
      request.option(.accept) == nil ? own.rawValue : request.integer(.accept).flatMap(UInt16.init(exactly:))
    switch asked {
    case ContentFormat.linkFormat.rawValue where own == .linkFormat: self = .linkFormat
    case ContentFormat.cbor.rawValue where own != .linkFormat: self = .cbor
    case ContentFormat.text.rawValue where own != .linkFormat: self = .text
    case ContentFormat.json.rawValue where own != .linkFormat: self = .json
    default: throw Problem(.notAcceptable, asked: asked)
    }
  }

  var contentFormat: ContentFormat {
    switch self {
    case .cbor: .cbor
    case .text: .text
    case .json: .json
    case .linkFormat: .linkFormat
    }
  }
}

extension DeviceServer where B: ~Copyable {
  /// Answers with a representation in the format asked for; with an entity tag if what it tells lasts.
  mutating func respond(
    to request: RequestID, _ code: Code, _ format: Format, _ value: some Representation,
    hasEntityTag: Bool = false, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let length = try write(value, format)
    let now = now
    endpoint.respond(
      to: request, Response(code, contentFormat: format.contentFormat, hasEntityTag: hasEntityTag),
      body: body, count: length, at: now, sink: &sink)
  }

  /// Writes a representation into the body buffer and returns its length.
  @inline(never)
  mutating func write(_ value: some Representation, _ format: Format) throws(Problem) -> Int {
    do throws(OutOfBounds) {
      var writer = FieldWriter(ByteWriter(body.mutableSpan), format)
      try value.write(into: &writer)
      return writer.output.count
    } catch {
      throw Problem(responseTooLong: error)
    }
  }

  /// Answers with problem details.
  mutating func respond(
    to request: RequestID, with problem: Problem, sink: inout some DatagramSink & ~Copyable
  ) {
    traffic.refused &+= 1
    var length = 0
    do throws(OutOfBounds) {
      var writer = CBORWriter(body.mutableSpan)
      try problem.write(into: &writer)
      length = writer.count
    } catch {
      // Longer than the body buffer: the code has to do.
    }
    let now = now
    endpoint.respond(
      to: request,
      Response(
        problem.code, contentFormat: length == 0 ? nil : .conciseProblemDetails, size1: problem.bodyLimit),
      body: body, count: length, at: now, sink: &sink)
  }

  /// Answers with the links to what the device serves and the request's filter lets through, one for each slot where a
  /// resource stands for a slot.
  mutating func respondWithLinks(
    to request: RequestID, matching message: borrowing Message, sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let length: Int
    do throws(OutOfBounds) {
      length = try writeLinks(matching: message)
    } catch {
      throw Problem(responseTooLong: error)
    }
    let now = now
    endpoint.respond(
      to: request, Response(.content, contentFormat: .linkFormat, hasEntityTag: true), body: body,
      count: length, at: now, sink: &sink)
  }

  private mutating func writeLinks(matching message: borrowing Message) throws(OutOfBounds) -> Int {
    var path = InlineArray<32, UInt8>(repeating: 0)
    var links = LinkFormatWriter(ByteWriter(body.mutableSpan))
    for resource in Resource.allCases where resource != .wellKnownCore && resource.row.isLinked {
      for number in 0..<(resource.hasParameter ? Limits.slots : 1) {
        var pathWriter = ByteWriter(path.mutableSpan)
        try Route(resource, parameter: number).writePath(into: &pathWriter)
        try links.link(path: pathWriter.written, resource.row.link, matching: message)
      }
    }
    return links.output.count
  }
}

extension DeviceServer where B: ~Copyable {
  /// Answers with the first `count` bytes of the body.
  mutating func respond(
    to request: RequestID, _ response: Response, count: Int, sink: inout some DatagramSink & ~Copyable
  ) {
    let now = now
    endpoint.respond(to: request, response, body: body, count: count, at: now, sink: &sink)
  }
}

extension Endpoint {
  /// Answers with the first `count` bytes of `body`.
  ///
  /// Takes the buffer rather than a span of it, so that a server can lend its own while it changes its endpoint.
  fileprivate mutating func respond(
    to request: RequestID, _ response: Response, body: borrowing Buffer, count: Int, at now: Instant,
    sink: inout some DatagramSink & ~Copyable
  ) {
    respond(to: request, response, body: body.span.extracting(0..<count), at: now, sink: &sink)
  }
}
