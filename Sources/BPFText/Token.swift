/// A piece of a line of text.
struct Token: Equatable, Sendable {
  enum Kind: Hashable, Sendable {
    /// A name, a mnemonic, a register.
    case word(String)
    /// A number without its sign.
    case number(UInt64)
    /// One that starts with a digit and is no number of at most 64 bits.
    case malformedNumber(String)
    case symbol(Character)
    case endOfLine

    /// As it is written in messages.
    var text: String {
      switch self {
      case .word(let name): name
      case .number(let value): String(value)
      case .malformedNumber(let text): text
      case .symbol(let symbol): String(symbol)
      case .endOfLine: "the end of the line"
      }
    }
  }

  let kind: Kind
  /// Where it starts, counted in characters from 1.
  let column: Int
}

/// The tokens of a line without its comment, which `#` and `//` start.
func tokens(of line: Substring) -> [Token] {
  var result: [Token] = []
  var rest = line
  var column = 1
  while let character = rest.first {
    if character == "#" || rest.hasPrefix("//") { break }
    let next = rest.dropFirst().first
    let kind: Token.Kind
    let text: Substring
    if character.isWhitespace {
      rest = rest.dropFirst()
      column += 1
      continue
    } else if character.isASCIIDigit {
      text = rest.prefix { $0.continuesWord }
      kind = number(text).map { .number($0) } ?? .malformedNumber(String(text))
    } else if character.startsWord || character == "%" && next?.startsWord == true {
      text = rest.prefix(1 + rest.dropFirst().prefix { $0.continuesWord }.count)
      kind = .word(String(text))
    } else {
      text = rest.prefix(1)
      kind = .symbol(character)
    }
    result.append(Token(kind: kind, column: column))
    column += text.count
    rest = rest.dropFirst(text.count)
  }
  return result
}

/// The value of a decimal number, or of a hexadecimal one behind `0x`.
private func number(_ text: Substring) -> UInt64? {
  if text.hasPrefix("0x") || text.hasPrefix("0X") {
    let digits = text.dropFirst(2)
    return digits.allSatisfy(\.isHexDigit) ? UInt64(digits, radix: 16) : nil
  }
  return UInt64(text)
}

extension Character {
  var isASCIIDigit: Bool { ("0"..."9").contains(self) }
  var startsWord: Bool { isASCII && isLetter || self == "_" || self == "." || self == "$" }
  var continuesWord: Bool { startsWord || isASCIIDigit }
}
