import BPF
import BPFText
import Bytes
import Delivery
import Foundation
import Helpers
public import JIT
import ProgramImage
import Thumb2Text
public import Toolchain
import Verifier

/// What the compiler makes of a program, for a device whose addresses are made up.
public struct Compilation: Encodable, Sendable {
  /// One instruction with its code; a wide load is one of two slots.
  public struct Line: Encodable, Sendable {
    /// The index of its slot.
    public let index: Int
    /// The name that stands before it, of a function or of a place that jumps lead to.
    public let label: String?
    public let text: String
    public let source: SourceLine?
    /// What it became. Nothing, when others do its work or nobody needs it.
    public let code: [Code]
  }

  /// One machine instruction.
  public struct Code: Encodable, Sendable {
    /// Bytes from the start.
    public let offset: Int
    public let size: Int
    public let text: String
  }

  /// `checked` or `hardware`.
  public let isolation: String
  /// What runs before the first instruction, with the ways to the routines that check.
  public let start: [Code]
  public let lines: [Line]
  /// Bytes of the program's instructions and of the code.
  public let textBytes, codeBytes: Int
  /// Loads, stores and atomic operations, and those that are checked when they run.
  public let accesses, checkedAccesses: Int
}

/// Why there is no code to show.
public enum CompilationError: Error, Sendable, CustomStringConvertible {
  case refused(rule: String, index: Int)
  case notCompiled(JIT.CompileError)

  public var description: String {
    switch self {
    case .refused(let rule, let index):
      "the verifier refuses the program at instruction \(index): \(rule)"
    case .notCompiled(let error): "the program cannot be compiled: \(error)"
    }
  }
}

/// Compiles a program in any form from source to image.
///
/// - Parameters:
///   - path: the file.
///   - isolation: what keeps the code in its compartment.
///   - contextSize: bytes of the input it will be given; `nil` when that is not known.
/// - Returns: the code, beside instructions and source.
/// - Throws: what building the image throws, ``ImageError``, or ``CompilationError``.
public func compile(
  _ path: String, for isolation: Isolation, contextSize: Int? = nil
) async throws -> Compilation {
  let program = try await buildProgram(path)
  return try Compilation(
    image: program.image, isolation: isolation, contextSize: contextSize, functions: program.functions,
    sources: try await program.sourceLines())
}

extension Compilation {
  /// - Throws: ``ImageError`` or ``CompilationError``.
  public init(
    image bytes: [UInt8], isolation: Isolation, contextSize: Int? = nil, functions: [LinkedFunction] = [],
    sources: [Int: SourceLine] = [:]
  ) throws {
    let image = try ProgramImage(bytes.span)
    var storage = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var buffer = storage.mutableSpan
    let count = try image.decode(into: &buffer)
    var regions = Regions(
      dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: contextSize)
    regions.addressesFitWord = true
    let made = try Self.compile(
      buffer, entry: image.entry, granting: image.grantedHelpers ?? .all, regions, isolation)
    var names = [image.entry: "program"]
    for function in functions where function.slots.lowerBound >= 0 {
      names[function.slots.lowerBound] = function.name
    }
    let code = Thumb2Text.Disassembler().lines(of: made.code)
    func lines(_ range: Range<Int>) -> [Code] {
      code.filter { range.contains(Int($0.address)) }.map {
        Code(offset: Int($0.address), size: 2 * $0.code.count, text: $0.text)
      }
    }
    let decoded = storage.span
    let texts = Self.texts(of: (0..<count).map { decoded[$0] }, names: names)
    var listing: [Line] = []
    for (position, it) in texts.enumerated() {
      let next = position + 1 < texts.count ? made.offsets[texts[position + 1].index] : 2 * made.code.count
      listing.append(
        Line(
          index: it.index, label: it.label, text: it.text, source: sources[it.index],
          code: lines(made.offsets[it.index]..<next)))
    }
    self.isolation = "\(isolation)"
    start = lines(0..<(made.offsets.first ?? 0))
    self.lines = listing
    textBytes = 8 * count
    codeBytes = made.summary.size
    accesses = made.summary.accesses
    checkedAccesses = made.summary.checkedAccesses
  }

  private struct Made {
    var code: [UInt16]
    /// Where the code of each slot starts, in bytes.
    var offsets: [Int]
    var summary: CompiledCode
  }

  private static func compile(
    _ instructions: consuming MutableSpan<Instruction>, entry: Int, granting helpers: HelperSet,
    _ regions: Regions, _ isolation: Isolation
  ) throws -> Made {
    let count = instructions.count
    var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
    do {
      let program = try verify(
        instructions, entry: entry, granting: helpers, regions: regions, using: cells.mutableSpan)
      var code = FixedArray<UInt16>(repeating: 0, count: 0x1_0000)
      var workspace = FixedArray(repeating: CompilerCell(), count: count)
      var work = workspace.mutableSpan
      let summary = try JIT.compile(
        program, for: environment(isolation), into: code.mutableSpan, using: &work)
      return Made(
        code: (0..<summary.size / 2).map { code.span[$0] },
        offsets: (0..<count).map { workspace.span[$0].codeOffset }, summary: summary)
    } catch let error as VerifierError {
      throw CompilationError.refused(rule: "\(error.rule)", index: error.index)
    } catch let error as JIT.CompileError {
      throw CompilationError.notCompiled(error)
    }
  }

  /// Addresses like those of the emulated board. Routines lie at the numbers that tell them apart.
  private static func environment(_ isolation: Isolation) -> NativeEnvironment {
    NativeEnvironment(
      isolation: isolation, arena: 0x2000_4000, arenaSize: 8192, data: 0x2000_4200, rodata: 0x2000_8000,
      routines: NativeRoutines(
        checkRead: (0x101, 0x111, 0x121, 0x131), checkWrite: (0x141, 0x151, 0x161, 0x171), trap: 0x181,
        callHelper: 0x191, callNumbered: 0x1A1, divide: 0x1B1))
  }

  private static func texts(
    of instructions: [Instruction], names: [Int: String]
  ) -> [(index: Int, label: String?, text: String)] {
    var result: [(index: Int, label: String?, text: String)] = []
    var index = 0
    var label: String?
    for text in BPFText.Disassembler(syntax: .llvm).source(of: instructions, functions: names) {
      guard text.hasPrefix(" ") else {
        label = String(text.dropLast())
        continue
      }
      result.append((index, label, String(text.drop { $0 == " " })))
      label = nil
      index += instructions[index].operation.isWide ? 2 : 1
    }
    return result
  }

  /// The program, each instruction beside its code.
  public var text: String {
    var output = start.map { "\(String(repeating: " ", count: 44))\($0.notation)" }
    var source: SourceLine?
    for line in lines {
      if let label = line.label { output.append("\(label):") }
      if line.source != source, let next = line.source { output.append("; \(next)") }
      source = line.source
      let number = "\(line.index)"
      let text = "\(String(repeating: " ", count: max(0, 5 - number.count)))\(number): \(line.text)"
      output.append(
        line.code.isEmpty
          ? text
          : text.padding(toLength: max(43, text.count), withPad: " ", startingAt: 0)
            + " \(line.code[0].notation)")
      for code in line.code.dropFirst() {
        output.append("\(String(repeating: " ", count: 44))\(code.notation)")
      }
    }
    output += [
      "",
      "\(isolation): \(codeBytes) bytes of code for \(textBytes) of instructions; "
        + "\(checkedAccesses) of \(accesses) accesses are checked when they run",
    ]
    return output.joined(separator: "\n")
  }
}

extension Compilation.Code {
  fileprivate var notation: String {
    let place = String(offset, radix: 16)
    return "\(String(repeating: " ", count: max(0, 4 - place.count)))\(place): \(text)"
  }
}
