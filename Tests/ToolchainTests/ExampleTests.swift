import Foundation
import Interpreter
import ProgramImage
import Testing
import Toolchain

@Suite struct ExampleTests {
  static let names = ["fletcher16.c", "fletcher16.swift", "hello.c", "counter.c", "globals.c"]

  @Test(arguments: names)
  func `an example returns what its first line says`(name: String) async throws {
    let source = packageDirectory.appendingPathComponent("Examples/\(name)")
    let object = try await Compiler().compile(source)
    #expect(object.diagnostics == "")
    let program = try Linker().link([object.object])
    let expected = try #require(try expectedResult(of: source))
    var device = TestDevice()
    #expect(try device.run(program.image) == .returned(expected))
  }

  @Test func `every file among the examples is tested`() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: packageDirectory.appendingPathComponent("Examples").path)
    #expect(Set(files) == Set(Self.names))
  }
}
