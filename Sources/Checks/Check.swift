/// One thing that must hold on every machine the portable modules run on.
///
/// The same checks run under Swift Testing on the host and, on the board, from a program that prints their verdicts.
/// They dwell on what differs there: `Int` has 32 bits, memory is scarce, and 64-bit division is library code.
public struct Check: Sendable {
  /// A sentence about behaviour.
  public let name: StaticString
  public let body: @Sendable () throws(CheckFailure) -> Void

  public init(_ name: StaticString, _ body: @escaping @Sendable () throws(CheckFailure) -> Void) {
    self.name = name
    self.body = body
  }
}

/// An expectation that did not hold, and where it stands.
public struct CheckFailure: Error, Sendable {
  public let message: StaticString
  public let file: StaticString
  public let line: UInt

  public init(_ message: StaticString, file: StaticString = #fileID, line: UInt = #line) {
    self.message = message
    self.file = file
    self.line = line
  }
}

/// Throws unless `condition` holds. `message` says what was expected.
@inline(never)
public func expect(
  _ condition: Bool, _ message: StaticString, file: StaticString = #fileID, line: UInt = #line
) throws(CheckFailure) {
  guard condition else { throw CheckFailure(message, file: file, line: line) }
}

/// Throws unless `body` throws exactly `refusal`.
public func expect<Refusal: Error & Equatable>(
  refusal: Refusal, _ message: StaticString, file: StaticString = #fileID, line: UInt = #line,
  _ body: () throws(Refusal) -> Void
) throws(CheckFailure) {
  do throws(Refusal) {
    try body()
  } catch {
    return try expect(error == refusal, message, file: file, line: line)
  }
  throw CheckFailure(message, file: file, line: line)
}
