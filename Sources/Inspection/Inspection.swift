import BPF
public import BPFText
import Bytes
import Delivery
import Foundation
import Helpers
import ProgramImage
import Toolchain
import Verifier

/// Says what is in a file: a program in any form from source to image, or a signed manifest.
public func inspect(_ path: String) async throws -> String {
  guard ["c", "swift", "o"].contains(URL(filePath: path).pathExtension) else {
    let bytes = try Array(Data(contentsOf: URL(filePath: path)))
    if let envelope = try? Envelope(encoded: bytes) { return describe(envelope, byteCount: bytes.count) }
    return try describe(image: bytes)
  }
  return try describe(image: try await build(path))
}

/// The instructions of a program in any form from source to image, as text that assembles to them again.
///
/// - Throws: ``ImageError``, or what building the image throws.
public func disassemble(_ path: String, syntax: Syntax) async throws -> String {
  try disassemble(image: try await build(path), syntax: syntax)
}

func disassemble(image bytes: [UInt8], syntax: Syntax) throws(ImageError) -> String {
  let image = try ProgramImage(bytes.span)
  var storage = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
  var buffer = storage.mutableSpan
  let count = try image.decode(into: &buffer)
  return Disassembler(syntax: syntax).source(of: (0..<count).map { buffer[$0] }).joined(separator: "\n")
}

/// An image: its parts, what the verifier says, and its instructions.
func describe(image bytes: [UInt8]) throws(ImageError) -> String {
  let image = try ProgramImage(bytes.span)
  var storage = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
  var buffer = storage.mutableSpan
  let count = try image.decode(into: &buffer)
  let instructions = (0..<count).map { buffer[$0] }
  var grants: [String] = []
  image.grantedHelpers?.forEach { grants.append("\($0.signature.name)") }
  let lines =
    [
      "layout        \(image.layout)", "image         \(bytes.count) bytes",
      "instructions  \(count), starting at \(image.entry)", "constants     \(image.rodata.count) bytes",
      "data          \(image.dataSize) bytes, then \(image.bssSize) of zeros",
    ]
    + (image.grantedHelpers == nil
      ? [] : ["grants        \(grants.isEmpty ? "no helper" : grants.joined(separator: ", "))"])
    + [
      "verifier      \(verdict(on: buffer, entry: image.entry, granting: image.grantedHelpers ?? .all))", "",
    ]
  let listing = Disassembler(syntax: .llvm).listing(of: instructions, functions: [image.entry: "program"])
  return (lines + listing).joined(separator: "\n")
}

/// What the verifier says of a decoded program.
private func verdict(
  on instructions: consuming MutableSpan<Instruction>, entry: Int, granting helpers: HelperSet
) -> String {
  do throws(VerifierError) {
    let program = try verify(instructions, entry: entry, granting: helpers)
    var helpers: [String] = []
    program.helpers.forEach { helpers.append("\($0.signature.name)") }
    let calls = helpers.isEmpty ? "calls no helper" : "calls \(helpers.joined(separator: ", "))"
    return "accepts it; \(program.maximumDepth) stack frames at most; \(calls)"
  } catch {
    return "refuses it at instruction \(error.index): \(error.rule)"
  }
}

/// A manifest: its signatures and its content in diagnostic notation.
func describe(_ envelope: Envelope, byteCount: Int) -> String {
  """
  envelope      \(byteCount) bytes
  signatures    \(envelope.signatures.count)
  manifest      \(envelope.manifest.count) bytes

  \(diagnosticNotation(of: envelope.manifest) ?? "not well-formed")
  """
}
