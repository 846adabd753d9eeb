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
