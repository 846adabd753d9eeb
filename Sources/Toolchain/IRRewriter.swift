/// Turns the LLVM IR that the Swift compiler writes for a bare-metal 64-bit machine into IR for eBPF.
///
/// Works line by line on the text, whose form LLVM's own printer fixes: one definition, attribute group or instruction
/// a line.
struct IRRewriter {
  private static let dataLayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
  private static let triple = "bpfel"
  /// Registers that carry arguments: what takes more has to be inlined. RFC 9669 §2
  private static let maximumArguments = 5

  /// Attribute groups of functions that have to be inlined; each gets a copy that says so.
  private var inlinedGroups: Set<String> = []

  static func rewrite(_ source: String) -> String {
    var rewriter = IRRewriter()
    var lines: [String] = []
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      lines += rewriter.rewrite(line)
    }
    return lines.joined(separator: "\n")
  }

  private mutating func rewrite(_ line: Substring) -> [String] {
    if line.hasPrefix("target datalayout = ") { return ["target datalayout = \"\(Self.dataLayout)\""] }
    if line.hasPrefix("target triple = ") { return ["target triple = \"\(Self.triple)\""] }
    // They keep what nobody uses.
    if line.hasPrefix("@llvm.used = ") || line.hasPrefix("@llvm.compiler.used = ") { return [] }
    if line.hasPrefix("define ") { return [definition(line)] }
    if line.hasPrefix("@") { return [global(line)] }
    if line.hasPrefix("attributes #") { return attributes(line) }
    if line.hasPrefix("declare "), let multiplication = CheckedMultiplication.of(line) {
      return [multiplication.definition]
    }
    if line.hasPrefix("  ") { return instruction(line).map { [$0] } ?? [] }
    return [String(line)]
  }

  // MARK: Linkage

  /// The words before a definition's type that say who sees it.
  private struct Linkage {
    var words: [Substring] = []
    var rest: Substring

    private static let known: Set<Substring> = [
      "private", "internal", "available_externally", "linkonce", "weak", "common", "appending", "extern_weak",
      "linkonce_odr", "weak_odr", "external", "dso_local", "dso_preemptable", "default", "hidden",
      "protected",
    ]

    init(_ text: Substring) {
      rest = text
      while let end = rest.firstIndex(of: " "), Self.known.contains(rest[..<end]) {
        words.append(rest[..<end])
        rest = rest[rest.index(after: end)...]
      }
    }

    /// The same, seen by nobody else if this module alone can use it: what every module of Swift's has a copy of, and what
    /// has a name of Swift's rather than one of C's.
    func text(name: Substring) -> String {
      let isCopy = words.contains { $0.hasPrefix("weak") || $0.hasPrefix("linkonce") }
      let isSwiftName = name.hasPrefix("@\"$e") || name.hasPrefix("@\"$s")
      let isDeclaration = words.contains("external") || words.contains("extern_weak")
      guard isCopy || isSwiftName, !isDeclaration, !words.contains("private") else {
        return words.map { $0 + " " }.joined()
      }
      return "internal "
    }
  }

  private mutating func definition(_ line: Substring) -> String {
    let linkage = Linkage(line.dropFirst("define ".count))
    guard let start = linkage.rest.firstIndex(of: "@") else { return String(line) }
    let name = linkage.rest[start...]
    guard let open = Self.openingParenthesis(of: name) else { return String(line) }
    var rest = String(linkage.rest)
    let returnsAggregate = linkage.rest[..<start].contains { "{[<".contains($0) }
    if returnsAggregate || Self.argumentCount(name[open...]) > Self.maximumArguments {
      rest = inlined(rest)
    }
    return "define " + linkage.text(name: name) + rest
  }

  /// Where the parameters of a function begin; names in quotes may hold parentheses.
  private static func openingParenthesis(of function: Substring) -> Substring.Index? {
    var isQuoted = false
    return function.indices.first { index in
      if function[index] == "\"" { isQuoted.toggle() }
      return !isQuoted && function[index] == "("
    }
  }

  /// How many parameters stand in the parentheses that `list` starts with.
  private static func argumentCount(_ list: Substring) -> Int {
    var depth = 0
    var count = 1
    for (position, character) in list.enumerated() {
      switch character {
      case "(", "{", "[", "<": depth += 1
      case ")", "}", "]", ">":
        depth -= 1
        if depth == 0 { return position == 1 ? 0 : count }
      case "," where depth == 1: count += 1
      default: break
      }
    }
    return count
  }

  /// The definition with attributes that have it inlined everywhere.
  private mutating func inlined(_ definition: String) -> String {
    guard let mark = definition.lastIndex(of: "#") else {
      guard let brace = definition.lastIndex(of: "{") else { return definition }
      return definition[..<brace] + "alwaysinline " + definition[brace...]
    }
    let number = definition[definition.index(after: mark)...].prefix(while: \.isNumber)
    inlinedGroups.insert(String(number))
    return definition[..<mark] + "#" + Self.inlinedGroup(String(number)) + definition[number.endIndex...]
  }

  /// The number of the copy of an attribute group, far behind all that a module has.
  private static func inlinedGroup(_ number: String) -> String { "1000000" + number }

  private func global(_ line: Substring) -> String {
    guard let separator = line.range(of: " = ") else { return String(line) }
    let linkage = Linkage(line[separator.upperBound...])
    return line[..<separator.upperBound] + linkage.text(name: line) + linkage.rest
  }

  // MARK: Attributes

  private func attributes(_ line: Substring) -> [String] {
    var kept = String(line)
    for key in ["target-cpu", "target-features", "tune-cpu"] {
      while let start = kept.range(of: "\"\(key)\"=\""),
        let end = kept[start.upperBound...].firstIndex(of: "\"")
      {
        kept.removeSubrange(start.lowerBound...end)
      }
    }
    let number = String(kept.dropFirst("attributes #".count).prefix(while: \.isNumber))
    guard inlinedGroups.contains(number), let brace = kept.firstIndex(of: "{") else { return [kept] }
    let words = kept[kept.index(after: brace)...].split(separator: " ").filter {
      $0 != "noinline" && $0 != "optnone"
    }
    let copy = "attributes #\(Self.inlinedGroup(number)) = { alwaysinline \(words.joined(separator: " "))"
    return [kept, copy]
  }

  // MARK: Instructions

  /// A program runs on one thread and nobody else touches its memory, so order needs no instructions: processors of
  /// eBPF's older versions have none.
  private func instruction(_ line: Substring) -> String? {
    let code = line.drop { $0 == " " }
    if code.hasPrefix("fence ") { return nil }
    if let multiplication = CheckedMultiplication.of(line) {
      return String(line).replacing(multiplication.rawValue, with: multiplication.name)
    }
    guard code.contains("load atomic ") || code.hasPrefix("store atomic ") else { return String(line) }
    var kept = String(line)
    for kind in ["load", "store"] {
      kept = kept.replacing("\(kind) atomic ", with: "\(kind) ", maxReplacements: 1)
    }
    for order in ["unordered", "monotonic", "acquire", "release", "acq_rel", "seq_cst"] {
      kept = kept.replacing(" \(order), align", with: ", align", maxReplacements: 1)
    }
    return kept
  }
}

extension IRRewriter {
  /// The functions and variables that a module uses and does not define, LLVM's own ones aside.
  static func undefinedSymbols(in source: String) -> [String] {
    source.split(separator: "\n").compactMap { line in
      let isFunction = line.hasPrefix("declare ")
      guard isFunction || line.hasPrefix("@") && line.contains(" = external "),
        let name = line.firstIndex(of: "@").map({ line[line.index(after: $0)...] })
      else { return nil }
      let symbol =
        name.first == "\"" ? name.dropFirst().prefix { $0 != "\"" } : name.prefix { $0 != "(" && $0 != " " }
      return symbol.hasPrefix("llvm.") ? nil : String(symbol)
    }
  }
}
