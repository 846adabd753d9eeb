import Bytes
import CoAP
import DeviceProtocol
import Helpers

/// A path of the earlier system.
enum EarlierPath: UInt8, CaseIterable {
  case pull, shortExecution, withPacket, longRunning, running

  /// The path, segments divided by `/`.
  var path: StaticString {
    switch self {
    case .pull: "suit/pull"
    case .shortExecution: "short-execution"
    case .withPacket: "with_coap_pkt"
    case .longRunning: "long-running"
    case .running: "running_vm"
    }
  }

  /// Whether a datagram could be a request for one of these paths: whether one begins with a segment as long as the first of its
  /// options, if that is a segment.
  static func mayStandIn(_ datagram: Span<UInt8>) -> Bool {
    guard datagram.count > 4 else { return false }
    let start = 4 + Int(datagram[0] & 15)
    guard start < datagram.count, datagram[start] >> 4 == UInt8(OptionNumber.uriPath.rawValue) else {
      return true
    }
    // 13 stands for whatever is longer (RFC 7252 §3.1).
    switch datagram[start] & 15 {
    case 4, 10, 12, 13: return true
    default: return false
    }
  }

  var method: Code { self == .running ? .get : .post }

  /// The path that a request names, if it is one of these.
  init?(_ request: borrowing Message) {
    for candidate in EarlierPath.allCases where candidate.isPath(of: request) {
      self = candidate
      return
    }
    return nil
  }

  private func isPath(of request: borrowing Message) -> Bool {
    let path = path.bytes
    var position = 0
    var options = request.options
    while let option = options.next() {
      guard option.number == .uriPath else { continue }
      let end = position + option.value.count
      guard position <= path.count, end <= path.count,
        path.extracting(position..<end).holdsSameBytes(as: option.value),
        end == path.count || path[end] == UInt8(ascii: "/")
      else { return false }
      position = end + 1
    }
    return position == path.count + 1
  }
}

/// How a program is to be run: four hexadecimal digits, then two for each helper that it may call.
struct EarlierExecution {
  private let configuration: UInt16
  private let helpers: HelperSet

  /// `nil` for anything else.
  init?(_ payload: Span<UInt8>) {
    guard payload.count >= 4, let configuration = hexadecimal(payload.extracting(0..<4)),
      let helpers = HelperSet(hexadecimal: payload.extracting(4..<payload.count))
    else { return nil }
    self.configuration = configuration
    self.helpers = helpers
  }

  var slot: Int { Int(configuration >> 1 & 15) }
  private var runsCompiled: Bool { configuration >> 10 & 1 == 1 }
  private var compiles: Bool { configuration >> 11 & 1 == 1 }
  /// Whether the image's own list counts, not the request's.
  private var takesListOfImage: Bool { configuration >> 9 & 1 == 1 }

  func writeQuery(into message: inout MessageWriter) throws(OutOfBounds) {
    if runsCompiled {
      try message.option(.uriQuery, Choice.jit.text)
      if compiles { try message.option(.uriQuery, Choice.compileNow.text) }
    }
    guard !takesListOfImage else { return }
    var text = InlineArray<128, UInt8>(repeating: 0)
    var writer = ByteWriter(text.mutableSpan)
    try writer.write(Query.helpersName)
    try helpers.forEach { (helper) throws(OutOfBounds) in
      try writer.write(character(helper.rawValue >> 4))
      try writer.write(character(helper.rawValue & 15))
    }
    try message.option(.uriQuery, writer.written)
  }
}

/// Where a manifest is to be fetched: `ip|manifest|interface|configuration|helpers|erase`.
///
/// Slot, layout and helpers are the manifest's and the image's to say, which are signed; so are the sequence numbers, which take the
/// place of the leave to erase. They are read, so that nothing is taken that the earlier system did not take, and not used.
struct EarlierPull: ~Escapable {
  /// An IPv6 address without its colons.
  private let address: Span<UInt8>
  let manifest: Span<UInt8>

  /// `nil` for anything else.
  @_lifetime(copy payload)
  init?(_ payload: Span<UInt8>) {
    var fields = InlineArray<6, Range<Int>>(repeating: 0..<0)
    var count = 0
    var start = 0
    for index in 0...payload.count {
      guard index == payload.count || payload[index] == UInt8(ascii: "|") else { continue }
      guard count < 6 else { return nil }
      fields[count] = start..<index
      count += 1
      start = index + 1
    }
    guard count == 6 else { return nil }
    address = payload.extracting(fields[0])
    manifest = payload.extracting(fields[1])
    let interface = decimalNumber(payload.extracting(fields[2]))
    let configuration = hexadecimal(payload.extracting(fields[3]))
    let erase = payload.extracting(fields[5])
    guard address.count & 3 == 0, (8...32).contains(address.count), areDigits(address),
      (1...64).contains(manifest.count), interface ?? -1 >= 0, configuration != nil,
      HelperSet(hexadecimal: payload.extracting(fields[4])) != nil,
      erase.holdsSameBytes(as: "0") || erase.holdsSameBytes(as: "1")
    else { return nil }
  }

  /// Writes the URL: of fewer than eight groups the first stands before the zeros that were left out.
  func writeURL(into output: inout ByteWriter) throws(OutOfBounds) {
    try output.write("coap://[")
    for group in 0..<address.count / 4 {
      if group > 0 { try output.write(group == 1 && address.count < 32 ? "::" : ":") }
      try output.write(address.extracting(group * 4..<group * 4 + 4))
    }
    try output.write("]/")
    try output.write(manifest)
  }
}

/// A number of one to four hexadecimal digits.
private func hexadecimal(_ text: Span<UInt8>) -> UInt16? {
  guard (1...4).contains(text.count) else { return nil }
  var value: UInt16 = 0
  for index in text.indices {
    guard let digit = digit(text[index]) else { return nil }
    value = value << 4 | UInt16(digit)
  }
  return value
}

private func areDigits(_ text: Span<UInt8>) -> Bool {
  for index in text.indices where digit(text[index]) == nil { return false }
  return true
}

private func character(_ digit: UInt8) -> UInt8 {
  digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
}

private func digit(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension HelperSet {
  /// Two digits for each helper; numbers that no helper has add nothing.
  fileprivate init?(hexadecimal text: Span<UInt8>) {
    guard text.count & 1 == 0 else { return nil }
    self = .empty
    var index = 0
    while index < text.count {
      guard let high = digit(text[index]), let low = digit(text[index + 1]) else { return nil }
      if let helper = Helper(rawValue: high << 4 | low) { insert(helper) }
      index += 2
    }
  }
}
