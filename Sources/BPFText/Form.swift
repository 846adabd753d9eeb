import BPF

/// One way to write one operation: literal text with places for its fields.
///
/// A form is given as a pattern, from which both the disassembler's and the assembler's half follow: `{d}`
/// and `{s}` are the destination and source registers (`{dw}`, `{sw}` their lower halves), `{i}` the
/// immediate, `{o}` the offset behind an address, `{j}` the immediate in that place, `{q}` the number of a
/// wide load, `{t}` the distance of a jump or call, `{l}` its target's name.
struct Form: Sendable {
  enum Field: Equatable, Sendable {
    case destination(half: Bool)
    case source(half: Bool)
    case immediate
    case offset
    case indexImmediate
    case wide
    case distance
    case label
  }

  enum Part: Sendable {
    /// Text to print, and what it consists of.
    case literal(String, [Token.Kind])
    case field(Field)
  }

  let parts: [Part]
  /// Whether the target is written by name.
  let isLabelled: Bool

  init(_ pattern: String) {
    var parts: [Part] = []
    var rest = pattern[...]
    while !rest.isEmpty {
      let literal = rest.prefix { $0 != "{" }
      if !literal.isEmpty { parts.append(.literal(String(literal), tokens(of: literal).map(\.kind))) }
      rest = rest[literal.endIndex...]
      guard let end = rest.firstIndex(of: "}") else { break }
      parts.append(.field(Self.field(rest[rest.index(after: rest.startIndex)..<end])))
      rest = rest[rest.index(after: end)...]
    }
    self.parts = parts
    isLabelled = pattern.contains("{l}")
  }

  private static func field(_ name: Substring) -> Field {
    switch name {
    case "d": .destination(half: false)
    case "dw": .destination(half: true)
    case "s": .source(half: false)
    case "sw": .source(half: true)
    case "i": .immediate
    case "o": .offset
    case "j": .indexImmediate
    case "q": .wide
    case "t": .distance
    case "l": .label
    default: preconditionFailure("no field is called \(name)")
    }
  }
}

/// The values of an instruction's fields, wherever the operation keeps them.
struct FieldValues: Equatable {
  var destination: Register?
  var source: Register?
  var offset: Int16 = 0
  var immediate: Int32 = 0
  /// The number of a wide load, both slots together.
  var wide: UInt64 = 0
  /// What is written as the target: a number of slots, or a name.
  var distance: Int64 = 0
  var label: Token?
}
