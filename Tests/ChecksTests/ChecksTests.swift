import COSE
import Checks
import Testing
import Toolchain

extension Check: CustomTestStringConvertible {
  public var testDescription: String { name.description }
}

@Test(arguments: checkGroups.flatMap { $0 } + cryptographyChecks(HostCryptography.self))
func `holds on the host as on the board`(check: Check) {
  do throws(CheckFailure) {
    try check.body()
  } catch {
    Issue.record(
      "\(error.message)",
      sourceLocation: SourceLocation(
        fileID: "\(error.file)", filePath: "\(error.file)", line: Int(error.line), column: 1))
  }
}

@Suite struct Expectations {
  @Test func `a condition that does not hold names its place`() {
    #expect {
      try expect(false, "never", line: 7)
    } throws: {
      ($0 as? CheckFailure)?.line == 7
    }
  }

  @Test func `another refusal than the expected one is a failure, and so is none`() {
    struct Refusal: Error, Equatable { let number: Int }
    #expect(throws: CheckFailure.self) {
      try expect(refusal: Refusal(number: 1), "the first") { () throws(Refusal) in throw Refusal(number: 2) }
    }
    #expect(throws: CheckFailure.self) {
      try expect(refusal: Refusal(number: 1), "the first") { () throws(Refusal) in }
    }
    #expect(throws: Never.self) {
      try expect(refusal: Refusal(number: 1), "the first") { () throws(Refusal) in throw Refusal(number: 1) }
    }
  }
}
