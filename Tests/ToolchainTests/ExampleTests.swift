import Foundation
import Interpreter
import ProgramImage
import Testing
import Toolchain

/// What a few examples do on this machine; the tests of the emulated board run all of them.
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

  @Test(arguments: names, [ImageLayout.femtoContainers, .extended])
  func `an example does the same in every layout with data`(name: String, layout: ImageLayout) async throws {
    let source = packageDirectory.appendingPathComponent("Examples/\(name)")
    let program = try Linker(layout: layout).link([try await Compiler().compile(source).object])
    let expected = try #require(try expectedResult(of: source))
    var device = TestDevice()
    #expect(try device.run(program.image) == .returned(expected))
  }

  @Test(arguments: names)
  func `an example without data does the same as a text, others are refused`(name: String) async throws {
    let source = packageDirectory.appendingPathComponent("Examples/\(name)")
    let object = try await Compiler().compile(source).object
    let image: [UInt8]
    do throws(LinkError) { image = try Linker(layout: .text).link([object]).image } catch {
      guard case .moreThanText(let sections) = error else { throw error }
      #expect(!sections.isEmpty)
      return
    }
    let expected = try #require(try expectedResult(of: source))
    var device = TestDevice()
    #expect(try device.run(image) == .returned(expected))
  }
}
