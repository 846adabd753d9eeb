import Bytes
import CoAP
import DeviceProtocol
import Runtime

extension Problem {
  /// Nothing is served there, or not by this method.
  init(request code: Code) {
    if code == .methodNotAllowed {
      self.init(
        code, .request, rule: RequestRule.method.rawValue, title: "Method not allowed",
        detail: "this resource does not answer that method")
    } else {
      self.init(
        code, .request, rule: RequestRule.unknownPath.rawValue, title: "Not found",
        detail: "nothing is served under this path; /.well-known/core lists what is")
    }
  }

  /// The response cannot be given in the format asked for.
  init(_ code: Code, asked: UInt16?) {
    self.init(
      code, .request, rule: RequestRule.format.rawValue, title: "Not acceptable",
      detail: "this resource is not given in the content format asked for", found: asked.map(Int64.init))
  }

  static var busy: Problem {
    Problem(
      .serviceUnavailable, .request, rule: RequestRule.busy.rawValue, title: "Busy",
      detail: "another deployment is under way; try again when it has ended")
  }

  init(urlTooLong length: Int, limit: Int) {
    self.init(
      .badRequest, .request, rule: RequestRule.urlTooLong.rawValue, title: "URL too long",
      detail: "the manifest's URL has more characters than the device keeps", expected: Int64(limit),
      found: Int64(length))
  }

  init(responseTooLong error: OutOfBounds) {
    self.init(
      .internalServerError, .request, rule: RequestRule.responseTooLong.rawValue, title: "Response too long",
      detail: "the device has no room to build this response", expected: Int64(error.available))
  }

  init(unknownQuery index: Int) {
    self.init(
      .badRequest, .request, rule: RequestRule.query.rawValue, title: "Query not understood",
      detail: "this resource does not know the query option, or it contradicts another one",
      index: Int64(index))
  }

  init(_ error: ReceptionError) {
    switch error {
    case .busy: self = .busy
    case .gap(let expected, let found):
      self.init(
        .requestEntityIncomplete, .request, rule: RequestRule.missingBlock.rawValue, title: "Block missing",
        detail: "the blocks before this one have not come, or their transfer has ended; begin again",
        expected: Int64(expected), found: Int64(found))
    case .blockLength(let expected, let found):
      self.init(
        .badRequest, .request, rule: RequestRule.blockLength.rawValue, title: "Wrong block size",
        detail: "the payload has another length than its block", expected: Int64(expected),
        found: Int64(found))
    }
  }

  static var bodyTooLong: Problem {
    Problem(
      .requestEntityTooLarge, .request, rule: RequestRule.bodyTooLong.rawValue, title: "Body too long",
      detail: "this resource takes bodies of one block", expected: 1024)
  }

  /// The longest request body, in bytes, that would have been taken, if that was the problem.
  var bodyLimit: UInt32? {
    guard code == .requestEntityTooLarge, stage == .request else { return nil }
    return expected.flatMap(UInt32.init(exactly:))
  }

  static var conditionFailed: Problem {
    Problem(
      .preconditionFailed, .request, rule: RequestRule.condition.rawValue, title: "Not in that state",
      detail: "the resource is not in the state that If-Match or If-None-Match demands")
  }

  init(_ error: EndpointError) {
    self.init(
      .serviceUnavailable, .request, rule: RequestRule.noFreeExchange.rawValue, title: "Busy",
      detail: "the device has no room for another request of its own; try again later")
  }
}

extension SlotNumber {
  /// The slot that a path names.
  init(in route: Route) throws(Problem) {
    guard let number = route.parameter, let slot = SlotNumber(number) else {
      throw Problem(
        .notFound, .request, rule: RequestRule.unknownSlot.rawValue, title: "No such slot",
        detail: "the device has fewer slots", expected: Int64(Limits.slots),
        found: route.parameter.map(Int64.init))
    }
    self = slot
  }
}
