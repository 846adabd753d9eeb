import BPF

/// A program made from text.
public struct Assembly: Equatable, Sendable {
  /// The text section: slots of 8 bytes.
  public let text: [UInt8]
  /// The index of the slot behind each label.
  public let labels: [String: Int]
  /// For each slot the line, counted from 1, that it comes from.
  public let lines: [Int]
}

/// Makes a text section of a program's text: an instruction or a label with a colon in each line, `.quad` with the number of a slot
/// for what is no instruction. `#` and `//` start comments; on `;` see `Syntax`.
///
/// A jump or a local call says how many slots it goes, counted from the next one, or names a label. In the classic syntax
/// `exit` names the last exit instruction unless a line has that label.
public struct Assembler: Sendable {
  public let syntax: Syntax

  public init(syntax: Syntax) {
    self.syntax = syntax
  }

  /// The text section for `source`.
  public func assemble(_ source: String) throws(AssemblerError) -> [UInt8] {
    try assembly(of: source).text
  }

  /// The text section for `source` with what is known about it.
  public func assembly(of source: String) throws(AssemblerError) -> Assembly {
    var program = AssemblyInProgress(syntax: syntax)
    // A newline behind a carriage return is one character with it.
    for (index, line) in source.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      for statement in statements(of: line, number: index + 1) {
        try program.add(statement)
      }
    }
    return try program.finish()
  }

  private func statements(of line: Substring, number: Int) -> [Statement] {
    let tokens = tokens(of: line)
    let isComment = tokens.first?.kind == .symbol(";")
    guard !isComment else { return [] }
    let parts = tokens.split(maxSplits: syntax == .llvm ? .max : 1) { $0.kind == .symbol(";") }
    let kept = syntax == .llvm ? parts[...] : parts.prefix(1)
    return kept.map { Statement(tokens: $0, line: number, endColumn: line.count + 1) }
  }
}

/// A label or an instruction, or one behind the other.
struct Statement {
  var tokens: ArraySlice<Token>
  let line: Int
  /// Where the line ends.
  let endColumn: Int

  func column(at position: Int) -> Int {
    position < tokens.endIndex ? tokens[position].column : endColumn
  }
}

private struct AssemblyInProgress {
  /// An instruction that goes to a label.
  struct Reference {
    let slot: Int
    let operation: Operation
    var values: FieldValues
    let label: String
    let line: Int
    let column: Int
  }

  let syntax: Syntax
  private var slots: [UInt64] = []
  private var lines: [Int] = []
  private var labels: [String: (slot: Int, line: Int)] = [:]
  private var references: [Reference] = []
  private var lastExit: Int?

  init(syntax: Syntax) {
    self.syntax = syntax
  }

  mutating func add(_ statement: Statement) throws(AssemblerError) {
    var statement = statement
    while let (name, column) = label(at: &statement.tokens) {
      if let (_, line) = labels[name] {
        throw AssemblerError(line: statement.line, column: column, .repeatedLabel(name, firstLine: line))
      }
      labels[name] = (slots.count, statement.line)
    }
    guard let first = statement.tokens.first else { return }
    if first.kind == .word(".quad") {
      append([try number(in: statement)], line: statement.line)
      return
    }
    let (operation, values) = try read(statement)
    if operation == .exit { lastExit = slots.count }
    if let label = values.label {
      references.append(
        Reference(
          slot: slots.count, operation: operation, values: values, label: label.kind.text,
          line: statement.line,
          column: label.column))
    }
    append(encode(operation, values), line: statement.line)
  }

  func finish() throws(AssemblerError) -> Assembly {
    var slots = slots
    for reference in references {
      func error(_ reason: AssemblerError.Reason) -> AssemblerError {
        AssemblerError(line: reference.line, column: reference.column, reason)
      }
      let implicit = syntax == .classic && reference.label == "exit" ? lastExit : nil
      guard let target = labels[reference.label]?.slot ?? implicit else {
        throw error(.unknownLabel(reference.label))
      }
      let distance = target - reference.slot - 1
      let range = reference.operation.distanceRange
      guard distance >= range.minimum, distance <= range.maximum else {
        throw error(
          .targetTooFar(reference.label, distance: distance, minimum: range.minimum, maximum: range.maximum))
      }
      var values = reference.values
      values.distance = Int64(distance)
      slots[reference.slot] = encode(reference.operation, values)[0]
    }
    return Assembly(
      text: slots.flatMap { slot in (0..<8).map { UInt8(truncatingIfNeeded: slot >> ($0 * 8)) } },
      labels: labels.mapValues(\.slot), lines: lines)
  }

  private mutating func append(_ new: [UInt64], line: Int) {
    slots += new
    lines += new.map { _ in line }
  }

  /// Takes a name with a colon from the front.
  private func label(at tokens: inout ArraySlice<Token>) -> (name: String, column: Int)? {
    guard let first = tokens.first, case .word(let name) = first.kind,
      tokens.dropFirst().first?.kind == .symbol(":")
    else { return nil }
    tokens = tokens.dropFirst(2)
    return (name, first.column)
  }

  private func number(in statement: Statement) throws(AssemblerError) -> UInt64 {
    do throws(Matcher.Failure) {
      return try Matcher.number(statement.tokens.dropFirst(), minimum: .min, maximum: .max)
    } catch {
      throw self.error(for: [error], in: statement)
    }
  }

  /// Compares the statement with every form.
  private func read(_ statement: Statement) throws(AssemblerError) -> (Operation, FieldValues) {
    var failures: [Matcher.Failure] = []
    for (operation, form) in syntax.allForms {
      do throws(Matcher.Failure) {
        return (operation, try Matcher.match(statement.tokens, form, of: operation, syntax: syntax))
      } catch {
        failures.append(error)
      }
    }
    throw error(for: failures, in: statement)
  }

  /// What the forms that fit furthest have to say.
  private func error(for failures: [Matcher.Failure], in statement: Statement) -> AssemblerError {
    let position = failures.map(\.position).max() ?? statement.tokens.startIndex
    let found = position < statement.tokens.endIndex ? statement.tokens[position].kind : .endOfLine
    var expected: Set<String> = []
    var other: AssemblerError.Reason?
    for failure in failures where failure.position == position {
      switch failure.reason {
      case .expected(let text): expected.insert(text)
      case .other(let reason): other = other ?? reason
      }
    }
    let isFirst = position == statement.tokens.startIndex
    let reason: AssemblerError.Reason =
      other
      ?? (isFirst
        ? .unknownInstruction(found.text) : .unexpected(found: found.text, expected: expected.sorted()))
    return AssemblerError(line: statement.line, column: statement.column(at: position), reason)
  }

  private func encode(_ operation: Operation, _ values: FieldValues) -> [UInt64] {
    let distanceIsImmediate = operation == .ja32 || operation == .callLocal
    let isJump = operation.isJump
    let immediate =
      if operation.isWide { Int32(truncatingIfNeeded: values.wide) } else if distanceIsImmediate {
        Int32(truncatingIfNeeded: values.distance)
      } else { values.immediate }
    let instruction = Instruction(
      operation, destination: values.destination ?? .r0, source: values.source ?? .r0,
      offset: isJump && !distanceIsImmediate ? Int16(truncatingIfNeeded: values.distance) : values.offset,
      immediate: immediate)
    guard operation.isWide else { return [instruction.slot] }
    let upper = Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: values.wide >> 32))
    return [instruction.slot, upper.slot]
  }
}
