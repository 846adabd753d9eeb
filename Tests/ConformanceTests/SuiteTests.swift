import Conformance
import Foundation
import Testing

/// The public suite's cases, if this machine has them.
private let folder = ConformanceCase.folder(
  besidePackage: URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent())

@Suite(
  .enabled(
    if: folder != nil,
    "no conformance suite: neither BPF_CONFORMANCE_DIR nor shared/conformance beside the package"
  ))
struct SuiteTests {
  @Test func `the interpreter meets every case of the suite`() async throws {
    let cases = try ConformanceCase.load(folder: try #require(folder))
    #expect(cases.count >= 313)
    let report = try await InterpreterEngine().run(cases)
    for failure in report.failures { Issue.record("\(failure)") }
    #expect(report.passed == cases.count)
  }

  @Test func `programs assemble to the slots that their cases state`() throws {
    let cases = try ConformanceCase.load(folder: try #require(folder))
    for conformanceCase in cases {
      guard let raw = conformanceCase.raw else { continue }
      #expect(conformanceCase.program == raw, "\(conformanceCase.name)")
    }
  }
}
