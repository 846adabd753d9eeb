import DeviceProtocol
import Foundation
import Runtime
import Testing

@Suite struct FactTests {
  @Test func `the limits that the page for programs names are those of the device`() throws {
    let page = try Page(path: "docs/writing-programs.md")
    let facts = [
      "| image | \(Limits.imageBytes) |", "| output that is kept | \(Limits.logBytes) |",
      "| output in one second, at most | \(Limits.logBytesPerSecond) |",
      "| stack frames, variables and input together | \(Limits.arenaBytes) |",
      "| values kept under keys, of the program alone | \(Limits.localStoreEntries) values |",
      "| values kept under keys, shared by all programs | \(Limits.globalStoreEntries) values, \(Limits.globalStoreQuota) of them of one slot |",
      "| `tooLong` | more than \(Limits.instructions) instructions |",
    ]
    for fact in facts { #expect(page.prose.contains(fact)) }
  }

  @Test func `the page of the device's resources names all of them, and which can be observed`() throws {
    let page = try Page(path: "docs/device-protocol.md").prose.joined(separator: "\n")
    let start = try #require(page.range(of: "\n`GET /slots`, ")).lowerBound
    let observable = page[start...].prefix { $0 != "(" }
    for resource in Resource.allCases {
      var segments = "\(resource.path)".split(separator: "/").map(String.init)
      if resource == .pin { segments[1...2] = ["PORT", "PIN"] }
      let path = "/" + segments.map { $0 == "+" ? "N" : $0 == "*" ? "KEY" : $0 }.joined(separator: "/")
      let name = try Regex("[` ]\(path)[`?]")
      #expect(page.contains(name), "\(path)")
      #expect(observable.contains(name) == resource.row.isObservable, "\(path)")
    }
  }

  @Test func `every test that the threat model names exists`() throws {
    let tests = Page.root.appending(path: "Tests")
    let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
    let names = Set(files.compactMap { ($0 as? URL)?.deletingPathExtension().lastPathComponent })
    for line in try Page(path: "docs/threat-model.md").prose {
      for match in line.matches(of: /`([A-Z]\w*(?:Tests|Attacks|Programs))`/) {
        #expect(names.contains(String(match.1)), "\(match.1)")
      }
    }
  }
}
