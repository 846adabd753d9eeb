import Bytes
import CoAP
import DeviceProtocol
import Runtime

extension Problem {
  init(_ error: URIError, isImage: Bool) {
    self.init(
      isImage ? .unprocessableEntity : .badRequest, .transfer,
      rule: (isImage ? TransferRule.imageURL : .manifestURL).rawValue,
      title: isImage ? "Image URL not usable" : "Manifest URL not usable",
      detail: Self.sentence(for: error.rule), index: Int64(error.offset))
  }

  private static func sentence(for rule: URIError.Rule) -> StaticString {
    switch rule {
    case .scheme: "a URL has to begin with coap://"
    case .host: "the host has to be an IPv4 address or an IPv6 address in brackets; names are not resolved"
    case .port: "the port has to be a number from 1 to 65535"
    case .encoding: "a character has to be percent-encoded"
    case .fragment: "a CoAP URL has no fragment"
    }
  }

  init(_ failure: ExchangeFailure) {
    switch failure {
    case .timedOut:
      self.init(
        .gatewayTimeout, .transfer, rule: TransferRule.noAnswer.rawValue,
        title: "No answer from the file server",
        detail: "the server in the URL did not answer in time")
    case .reset:
      self.init(
        .badGateway, .transfer, rule: TransferRule.reset.rawValue, title: "File server refused",
        detail: "the server in the URL answered with a reset")
    case .unknownOption:
      self.init(
        .badGateway, .transfer, rule: TransferRule.unknownOption.rawValue,
        title: "File server not understood",
        detail: "its answer has an option that the device would have to know")
    }
  }

  init(_ error: BlockwiseError) {
    switch error {
    case .refused(let code):
      self.init(
        .badGateway, .transfer, rule: TransferRule.refused.rawValue, title: "File server refused",
        detail: "the server in the URL answered with this code", found: Int64(code.rawValue))
    case .wrongBlock(let expected, let found):
      self.init(
        .badGateway, .transfer, rule: TransferRule.wrongBlock.rawValue, title: "Transfer out of order",
        detail: "the file server kept sending another block than was asked for", expected: Int64(expected),
        found: Int64(found))
    case .largerBlock(let expected, let found), .blockLength(let expected, let found):
      self.init(
        .badGateway, .transfer, rule: TransferRule.blockSize.rawValue, title: "Wrong block size",
        detail: "the file server sent a block of another length", expected: Int64(expected),
        found: Int64(found))
    case .changed:
      self.init(
        .badGateway, .transfer, rule: TransferRule.changed.rawValue, title: "File changed",
        detail: "the file on the server changed during the transfer")
    case .tooManyBlocks:
      self.init(
        .badGateway, .transfer, rule: TransferRule.tooLong.rawValue, title: "File too long",
        detail: "the file has more blocks than a transfer can count")
    }
  }

  /// A part of an image beyond a slot's end. The manifest's size is checked before, so this means a fault of ours.
  init(_ error: OutOfBounds) {
    self.init(
      .internalServerError, .transfer, rule: TransferRule.tooLong.rawValue, title: "Image too long",
      detail: "the image goes beyond its slot", index: Int64(error.offset), expected: Int64(error.available))
  }
}
