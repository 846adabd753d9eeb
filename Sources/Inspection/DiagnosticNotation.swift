import CBOR

/// An encoded item as people read it (RFC 8949 §8), a level of nesting a line; byte strings that hold maps or arrays are
/// opened: `<<...>>`. `nil` unless the bytes are exactly one well-formed item.
func diagnosticNotation(of bytes: [UInt8]) -> String? {
  var reader = CBORReader(bytes.span)
  do throws(CBORError) {
    try reader.checkWellFormed()
    return try notation(&reader, indent: "")
  } catch {
    return nil
  }
}

private func notation(_ reader: inout CBORReader, indent: String) throws(CBORError) -> String {
  let deeper = indent + "  "
  switch try reader.peekType() {
  case .unsigned, .negative:
    return "\(try reader.readInteger())"
  case .bytes:
    let span = try reader.readBytes()
    return notation(ofBytes: span.indices.map { span[$0] }, indent: indent)
  case .text:
    let span = try reader.readText()
    return "\"\(String(decoding: span.indices.map { span[$0] }, as: UTF8.self))\""
  case .array:
    var items: [String] = []
    for _ in 0..<(try reader.readArray()) { items.append(try notation(&reader, indent: deeper)) }
    return enclosed("[", items, "]", indent: indent)
  case .map:
    var entries: [String] = []
    for _ in 0..<(try reader.readMap()) {
      entries.append("\(try notation(&reader, indent: deeper)): \(try notation(&reader, indent: deeper))")
    }
    return enclosed("{", entries, "}", indent: indent)
  case .tag:
    return "\(try reader.readTag())(\(try notation(&reader, indent: indent)))"
  case .simple:
    if let value = try? reader.readBool() { return "\(value)" }
    try reader.readNull()
    return "null"
  }
}

private func notation(ofBytes bytes: [UInt8], indent: String) -> String {
  // Major types 4 and 5: only containers are opened, for a short byte string is often an integer by chance.
  if let first = bytes.first, first >> 5 == 4 || first >> 5 == 5, let inner = diagnosticNotation(of: bytes) {
    return
      "<<\(inner.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + indent))>>"
  }
  return "h'\(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())'"
}

/// On one line if that is short.
private func enclosed(_ open: String, _ items: [String], _ close: String, indent: String) -> String {
  let line = open + items.joined(separator: ", ") + close
  guard line.count > 60 || line.contains("\n") else { return line }
  return "\(open)\n\(items.map { "\(indent)  \($0)" }.joined(separator: ",\n"))\n\(indent)\(close)"
}
