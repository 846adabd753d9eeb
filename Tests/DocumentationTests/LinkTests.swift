import Foundation
import Testing

@Suite struct LinkTests {
  @Test(arguments: Page.all) func `every relative link leads somewhere`(page: Page) throws {
    let folder = Page.root.appending(path: page.path).deletingLastPathComponent()
    for target in links(of: page) {
      guard !target.contains("://"), !target.hasPrefix("mailto:") else { continue }
      let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      let file =
        parts[0].isEmpty
        ? Page.root.appending(path: page.path) : folder.appending(path: parts[0]).standardized
      #expect(FileManager.default.fileExists(atPath: file.path), "\(page.path) links to \(target)")
      guard parts.count == 2, file.pathExtension == "md" else { continue }
      let path = String(file.path.dropFirst(Page.root.standardized.path.count + 1))
      #expect(anchors(of: try Page(path: path)).contains(parts[1]), "\(page.path) links to \(target)")
    }
  }

  @Test func `the README leads to every page of docs`() throws {
    let links = Set(links(of: try Page(path: "README.md")))
    for page in Page.all where page.path.hasPrefix("docs/") {
      #expect(links.contains(page.path), "\(page.path)")
    }
  }

  private func links(of page: Page) -> [String] {
    page.prose.flatMap { line in
      line.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }
    }
  }

  /// What GitHub makes of headings.
  private func anchors(of page: Page) -> Set<String> {
    Set(
      page.prose.filter { $0.hasPrefix("#") }.map { heading in
        heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
          .filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.replacing(" ", with: "-")
      })
  }
}
