import BPF
public import BPFText
import Bytes
import Delivery
import Foundation
import Helpers
import ProgramImage
public import Toolchain
import Verifier

/// What is in a file: a program in any form from source to image, or a signed manifest.
public enum FileDescription: Encodable, Sendable {
  case image(ImageDescription)
  case manifest(ManifestDescription)

  /// - Throws: ``ImageError``, or what building the image throws.
  public init(of path: String) async throws {
    if !["c", "swift", "o"].contains(URL(filePath: path).pathExtension) {
      let bytes = try Array(Data(contentsOf: URL(filePath: path)))
      if let envelope = try? Envelope(encoded: bytes) {
        self = .manifest(ManifestDescription(envelope, byteCount: bytes.count))
        return
      }
    }
    let program = try await buildProgram(path)
    self = .image(
      try ImageDescription(
        of: program.image, functions: program.functions, sources: try await program.sourceLines()))
  }

  public var text: String {
    switch self {
    case .image(let image): image.text
    case .manifest(let manifest): manifest.text
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .image(let image): try image.encode(to: encoder)
    case .manifest(let manifest): try manifest.encode(to: encoder)
    }
  }
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
public struct ImageDescription: Encodable, Sendable {
  /// One slot. The second one of a wide load has no text.
  public struct Line: Encodable, Sendable {
    public let index: Int
    /// The name that stands before it, of a function or of a place that jumps lead to.
    public let label: String?
    /// Its bytes in hexadecimal, and what they mean.
    public let text: String
    public let source: SourceLine?
  }

  public let layout: String
  public let imageBytes: Int
  /// The slot that the program starts with.
  public let entry: Int
  public let constantBytes, dataBytes, zeroBytes: Int
  /// The helpers that the image grants itself; `nil` when it does not say.
  public let grants: [String]?
  /// What the verifier says, in a sentence.
  public let verdict: String
  public let lines: [Line]

  init(
    of bytes: [UInt8], functions: [LinkedFunction] = [], sources: [Int: SourceLine] = [:]
  ) throws(ImageError) {
    let image = try ProgramImage(bytes.span)
    var storage = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var buffer = storage.mutableSpan
    let count = try image.decode(into: &buffer)
    let instructions = (0..<count).map { buffer[$0] }
    layout = "\(image.layout)"
    imageBytes = bytes.count
    entry = image.entry
    constantBytes = image.rodata.count
    dataBytes = image.dataSize
    zeroBytes = image.bssSize
    var grants: [String] = []
    image.grantedHelpers?.forEach { grants.append("\($0.signature.name)") }
    self.grants = image.grantedHelpers == nil ? nil : grants
    verdict = Inspection.verdict(
      on: buffer, entry: image.entry, granting: image.grantedHelpers ?? .all,
      Regions(dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: nil))
    var names = [image.entry: "program"]
    for function in functions where function.slots.lowerBound >= 0 {
      names[function.slots.lowerBound] = function.name
    }
    lines = Self.lines(
      Disassembler(syntax: .llvm).listing(of: instructions, functions: names), sources: sources)
  }

  /// - Parameters:
  ///   - listing: a line for each slot, which begins with its index and a colon, and for labels lines that do not.
  ///   - sources: by the index of the slot.
  /// - Returns: the slots.
  private static func lines(_ listing: [String], sources: [Int: SourceLine]) -> [Line] {
    var lines: [Line] = []
    var label: String?
    for line in listing {
      guard line.hasPrefix(" "), let colon = line.firstIndex(of: ":") else {
        label = String(line.dropLast())
        continue
      }
      let text = line[line.index(after: colon)...].drop { $0 == " " }
      lines.append(
        Line(index: lines.count, label: label, text: String(text), source: sources[lines.count]))
      label = nil
    }
    return lines
  }

  /// The instructions stand below the source lines they come from.
  public var text: String {
    var output = [
      "layout        \(layout)", "image         \(imageBytes) bytes",
      "instructions  \(lines.count), starting at \(entry)", "constants     \(constantBytes) bytes",
      "data          \(dataBytes) bytes, then \(zeroBytes) of zeros",
    ]
    if let grants {
      output.append("grants        \(grants.isEmpty ? "no helper" : grants.joined(separator: ", "))")
    }
    output += ["verifier      \(verdict)", ""]
    var source: SourceLine?
    for line in lines {
      if let label = line.label { output.append("\(label):") }
      // The second slot of a wide load has no line of its own.
      if let next = line.source, next != source {
        output.append("; \(next)")
        source = next
      }
      let number = "\(line.index)"
      output.append("\(String(repeating: " ", count: max(0, 6 - number.count)))\(number): \(line.text)")
    }
    return output.joined(separator: "\n")
  }
}

/// What the verifier says of a decoded program.
private func verdict(
  on instructions: consuming MutableSpan<Instruction>, entry: Int, granting helpers: HelperSet,
  _ regions: Regions
) -> String {
  let count = instructions.count
  var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
  do throws(VerifierError) {
    let program = try verify(
      instructions, entry: entry, granting: helpers, regions: regions, using: cells.mutableSpan)
    var helpers: [String] = []
    program.helpers.forEach { helpers.append("\($0.signature.name)") }
    let calls = helpers.isEmpty ? "calls no helper" : "calls \(helpers.joined(separator: ", "))"
    return
      "accepts it; \(program.maximumDepth) stack \(program.maximumDepth == 1 ? "frame" : "frames") at most; \(calls)"
  } catch {
    return "refuses it at instruction \(error.index): \(error.rule)"
  }
}

/// A manifest: its signatures and its content.
public struct ManifestDescription: Encodable, Sendable {
  /// Bytes of the whole envelope, and of the manifest in it.
  public let envelopeBytes, manifestBytes: Int
  public let signatures: Int
  /// In diagnostic notation (RFC 8949 §8).
  public let manifest: String

  init(_ envelope: Envelope, byteCount: Int) {
    envelopeBytes = byteCount
    manifestBytes = envelope.manifest.count
    signatures = envelope.signatures.count
    manifest = diagnosticNotation(of: envelope.manifest) ?? "not well-formed"
  }

  public var text: String {
    """
    envelope      \(envelopeBytes) bytes
    signatures    \(signatures)
    manifest      \(manifestBytes) bytes

    \(manifest)
    """
  }
}
