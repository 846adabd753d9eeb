import Foundation
import Testing

/// The modules and arrows of a manifest, read from the lines `portableModule("Name", ["A", "B"])` and `hostModule(...)`.
struct Manifest {
  var portable: [String: Set<String>] = [:]
  var host: [String: Set<String>] = [:]
  /// The modules that tests may import, by the folder they are in.
  var tests: [String: Set<String>] = [:]
  /// Modules in the order they stand in: an arrow points to a module that stands earlier.
  var order: [String] = []

  init(contentsOf url: URL) throws {
    let text = try String(contentsOf: url, encoding: .utf8)
    let declaration = /(portableModule|hostModule)\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/
    for match in text.matches(of: declaration) {
      let name = String(match.output.2)
      let dependencies = Self.names(match.output.3)
      order.append(name)
      if match.output.1 == "portableModule" {
        portable[name] = dependencies
      } else {
        host[name] = dependencies
      }
    }
    for match in text.matches(of: /tests\(\s*of: "(\w+)"(?:,\s*\[((?:[^\[\]])*)\])?/) {
      let name = String(match.output.1)
      tests["\(name)Tests"] = Self.names(match.output.2).union([name])
    }
    for match in text.matches(
      of: /arget\(\s*name: "(\w+Tests|TestSupport)"(?:,\s*dependencies: \[([^\]]*)\])?/)
    {
      tests[String(match.output.1)] = Self.names(match.output.2)
    }
  }

  private static func names(_ list: Substring?) -> Set<String> {
    Set((list ?? "").matches(of: /"(\w+)"/).map { String($0.output.1) })
  }
}

@Suite struct ArchitectureRules {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let manifest: Manifest

  init() throws {
    manifest = try Manifest(contentsOf: Self.root.appending(path: "Package.swift"))
    try #require(manifest.portable.count > 10, "the manifest's form has changed: adapt this reader")
  }

  /// What the source files of a module import, by file.
  func imports(of module: String, in folder: String = "Sources") throws -> [(
    file: String, modules: Set<String>
  )] {
    let folder = Self.root.appending(path: "\(folder)/\(module)")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { file in
      let text = try String(contentsOf: file, encoding: .utf8)
      let matches = text.matches(
        of:
          /(?m)^\s*(?:@testable )?(?:public |package |internal )?import (?:(?:struct|enum|class|func) )?(\w+)/
      )
      return (file.lastPathComponent, Set(matches.map { String($0.output.1) }))
    }
  }

  @Test func `a portable module imports its arrows and nothing of the host`() throws {
    for (module, arrows) in manifest.portable {
      for (file, modules) in try imports(of: module) {
        #expect(modules.subtracting(arrows).isEmpty, "\(module)/\(file)")
      }
    }
  }

  @Test func `a host module imports of this project only what its arrows grant`() throws {
    let own = Set(manifest.order)
    for (module, arrows) in manifest.host {
      for (file, modules) in try imports(of: module) {
        #expect(modules.intersection(own).subtracting(arrows).isEmpty, "\(module)/\(file)")
      }
    }
  }

  @Test func `tests import of this project only what the manifest grants them`() throws {
    try #require(manifest.tests.count > 10, "the manifest's form has changed: adapt this reader")
    let own = Set(manifest.order).union(["TestSupport"])
    for (folder, arrows) in manifest.tests {
      for (file, modules) in try imports(of: folder, in: "Tests") {
        #expect(modules.intersection(own).subtracting(arrows).isEmpty, "\(folder)/\(file)")
      }
    }
  }

  @Test func `arrows point to modules that stand earlier in the manifest`() throws {
    var seen: Set<String> = []
    for module in manifest.order {
      let arrows = manifest.portable[module] ?? manifest.host[module] ?? []
      #expect(arrows.intersection(manifest.order).isSubset(of: seen), "\(module)")
      seen.insert(module)
    }
  }

  @Test(arguments: [("Interpreter", "JIT"), ("SUIT", "CoAP")])
  func `these two never know each other`(one: String, other: String) {
    #expect(manifest.portable[one]?.contains(other) != true)
    #expect(manifest.portable[other]?.contains(one) != true)
  }
}
