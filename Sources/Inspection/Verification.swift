import BPF
import BPFText
import Bytes
import Delivery
import DeviceClient
import DeviceProtocol
import DeviceServer
public import Helpers
import ProgramImage
import Runtime
public import Toolchain
import Verifier

/// What the verifier finds out about a program.
public struct Verification: Encodable, Sendable {
  /// One instruction; a wide load is one of two slots.
  public struct Line: Encodable, Sendable {
    /// The index of its slot.
    public let index: Int
    /// The name that stands before it, of a function or of a place that jumps lead to.
    public let label: String?
    public let text: String
    /// What is known before it, by register or place in the stack frame. `nil` when the analysis did not come here.
    public let state: [String: String]?
    /// What is proven of it, in words.
    public let proofs: String
    public let source: SourceLine?
    /// The names in `state` in the order of a listing.
    let order: [String]

    enum CodingKeys: CodingKey {
      case index, label, text, state, proofs, source
    }
  }

  /// Why the program is refused.
  public struct Reason: Encodable, Sendable {
    public let rule: String
    /// The rule's number, which a device sends.
    public let number: Int
    /// The index of the slot.
    public let index: Int
    /// The rule in a sentence.
    public let explanation: String
    /// What was found and what was expected, in words.
    public let facts: [String]
    public let advice: String
    public let source: SourceLine?
  }

  public let accepted: Bool
  public let refusal: Reason?
  /// Empty when the instructions cannot be decoded.
  public let lines: [Line]
  /// Stack frames it needs at most.
  public let maximumDepth: Int?
  /// Loads, stores and atomic operations that can run, and those of them that are proven to be in bounds.
  public let accesses: Int
  public let accessesInBounds: Int
}

/// Lets the verifier judge a program in any form from source to image.
///
/// - Parameters:
///   - path: the file.
///   - contextSize: bytes of the input it will be given; `nil` when that is not known, as on a device that installs it.
///   - granted: the helpers that it may call at most.
/// - Returns: the judgement, with what it rests on.
/// - Throws: what building the image throws, or ``ImageError`` when it is none.
public func verify(
  _ path: String, contextSize: Int? = nil, granting granted: HelperSet = .all
) async throws -> Verification {
  let program = try await buildProgram(path)
  return try Verification(
    image: program.image, contextSize: contextSize, granting: granted, functions: program.functions,
    sources: try await program.sourceLines())
}

extension Verification {
  init(
    image bytes: [UInt8], contextSize: Int?, granting granted: HelperSet = .all,
    functions: [LinkedFunction] = [],
    sources: [Int: SourceLine] = [:]
  ) throws(ImageError) {
    let image = try ProgramImage(bytes.span)
    var storage = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var buffer = storage.mutableSpan
    do throws(ImageError) { _ = try image.decode(into: &buffer) } catch {
      guard case .instruction(let decodeError, let slot) = error else { throw error }
      self.init(
        refusal: Reason(VerifierError(decodeError, at: slot), sources), lines: [], maximumDepth: nil, [])
      return
    }
    var cells = FixedArray(
      repeating: AnalysisCell(), count: analysisCells(forInstructions: image.instructionCount))
    var names = [image.entry: "program"]
    for function in functions where function.slots.lowerBound >= 0 {
      names[function.slots.lowerBound] = function.name
    }
    let regions = Regions(
      dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: contextSize)
    var witness = Witness()
    let helpers = granted.intersection(image.grantedHelpers ?? .all)
    let (depth, refusal) = judge(
      buffer, entry: image.entry, granting: helpers, regions, cells.mutableSpan, &witness)
    let decoded = storage.span
    let instructions = decoded.indices.map { decoded[$0] }
    self.init(
      refusal: refusal.map { Reason($0, sources) },
      lines: Self.lines(of: instructions, names: names, isAccepted: refusal == nil, witness, sources),
      maximumDepth: depth, instructions)
  }

  private init(refusal: Reason?, lines: [Line], maximumDepth: Int?, _ instructions: [Instruction]) {
    accepted = refusal == nil
    self.refusal = refusal
    self.lines = lines
    self.maximumDepth = maximumDepth
    let accesses = instructions.filter {
      $0.operation.accessSize != nil && $0.proven.contains(.reachable)
    }
    self.accesses = accesses.count
    accessesInBounds = accesses.count { $0.proven.contains(.inBounds) }
  }

  private static func lines(
    of instructions: [Instruction], names: [Int: String], isAccepted: Bool, _ witness: borrowing Witness,
    _ sources: [Int: SourceLine]
  ) -> [Line] {
    var lines: [Line] = []
    var index = 0
    var label: String?
    for text in Disassembler(syntax: .llvm).source(of: instructions, functions: names) {
      guard text.hasPrefix(" ") else {
        label = String(text.dropLast())
        continue
      }
      let instruction = instructions[index]
      let facts = witness.facts[index]
      lines.append(
        Line(
          index: index, label: label, text: String(text.drop { $0 == " " }),
          state: facts.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.name, $0.value) }) },
          // Beyond a refusal nothing is settled.
          proofs: isAccepted || facts != nil && instruction.proven.contains(.reachable)
            ? instruction.proven.notation(for: instruction.operation) : "",
          source: sources[index], order: facts?.map(\.name) ?? []))
      label = nil
      index +=
        instruction.operation.isWide && instructions.indices.contains(index + 1)
          && instructions[index + 1].operation == .wideUpperHalf ? 2 : 1
    }
    return lines
  }
}

private func judge(
  _ instructions: consuming MutableSpan<Instruction>, entry: Int, granting helpers: HelperSet,
  _ regions: Regions,
  _ cells: consuming MutableSpan<AnalysisCell>, _ witness: inout Witness
) -> (maximumDepth: Int?, refusal: VerifierError?) {
  do throws(VerifierError) {
    let program = try verify(
      instructions, entry: entry, granting: helpers, regions: regions, using: cells, observer: &witness)
    return (program.maximumDepth, nil)
  } catch { return (nil, error) }
}

/// Keeps what is known before each instruction.
private struct Witness: AnalysisObserver {
  static var isInterested: Bool { true }
  var facts: [Int: [(name: String, value: String)]] = [:]

  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState) {
    facts[index] = state.facts
  }
}

extension Verification.Reason {
  init(_ error: VerifierError, _ sources: [Int: SourceLine]) {
    rule = "\(error.rule)"
    number = Int(error.rule.rawValue)
    index = error.index
    let problem = Refusal(Problem(LoadError.refused(error)))
    explanation = problem.detail
    facts = problem.facts
    advice = error.rule.advice
    source = sources[error.index]
  }
}
