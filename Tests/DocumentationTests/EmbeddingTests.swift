import Compartment
import Foundation
import Helpers
import Interpreter
import Runtime
import Testing
import Toolchain

// docs/embedding.md shows what follows, up to the tests.

/// What programs may ask of this application.
struct Application: HelperHost {
  var greetings = 0

  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    guard helper == .printDebug else { throw HelperFault(.unavailable) }
    greetings += 1
    return arguments.r1 * 2
  }
}

/// Verifies the program in this image and runs it, 100,000 instructions at most.
func runUntrusted(
  _ image: Span<UInt8>, input: Span<UInt8>, for application: inout Application
) throws(LoadError) -> Outcome {
  var compartment = ProgramCompartment(arenaBytes: 2048, policy: HelperSet(.printDebug))
  try compartment.check(image)
  return try compartment.run(image, context: input, budget: 100_000, host: &application)
}

@Suite struct EmbeddingTests {
  private func image(_ source: String) async throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).c")
    try Data("#include <bpf/helpers.h>\n\(source)".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Linker().link([try await Compiler().compile(file).object]).image
  }

  @Test func `the page's function runs a program and carries out its helper`() async throws {
    let image = try await image(
      "uint64_t program(const uint8_t *input) { return (uint64_t)bpf_print_debug(input[0]) + 1; }")
    var application = Application()
    let input: [UInt8] = [20]
    let outcome = try runUntrusted(image.span, input: input.span, for: &application)
    #expect(outcome.result == .returned(41))
    #expect(application.greetings == 1)
  }

  @Test func `a helper that was not granted is refused before anything runs`() async throws {
    let image = try await image("uint64_t program(void) { return bpf_now_ms(); }")
    var application = Application()
    #expect(throws: LoadError.self) {
      let nothing: [UInt8] = []
      _ = try runUntrusted(image.span, input: nothing.span, for: &application)
    }
  }

  @Test func `a program that leaves its compartment is trapped, and the application goes on`() async throws {
    let image = try await image("uint64_t program(const uint64_t *input) { return input[100000]; }")
    var application = Application()
    let input: [UInt8] = [1]
    let outcome = try runUntrusted(image.span, input: input.span, for: &application)
    guard case .trapped(let trap) = outcome.result else { throw NotTrapped() }
    #expect(trap.rule == .readOutside)
  }

  private struct NotTrapped: Error {}
}
