import BPF
import Bytes
import Compartment
import Foundation
import Helpers
import Interpreter
import ProgramImage
import Toolchain
import Verifier

/// The package's own directory, which holds the examples and the headers.
let packageDirectory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// Runs images as a device does: view, decode, verify, prepare, interpret.
struct TestDevice: HelperHost {
  /// What programs keep under keys.
  var local: [UInt32: UInt32] = [:]
  private var global: [UInt32: UInt32] = [:]
  /// The formats that were printed.
  var printed: [String] = []

  mutating func run(
    _ bytes: [UInt8], function: String? = nil, argument: UInt64 = 0, budget: Int = 100_000
  ) throws -> Outcome.Result {
    let image = try ProgramImage(bytes.span)
    var entry = image.entry
    if let function {
      let name = Array(function.utf8)
      entry = try image.entry(named: name.span) ?? -1
    }
    var buffer = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var instructions = buffer.mutableSpan
    let count = try image.decode(into: &instructions)
    let regions = Regions(
      dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: nil)
    var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
    let program = try verify(
      instructions._consumingExtracting(0..<count), entry: entry, granting: image.grantedHelpers ?? .all,
      regions: regions, using: cells.mutableSpan)
    var arena = Arena(size: 8192)
    try arena.prepare(
      frames: program.maximumDepth, dataSize: image.dataSize, bssSize: image.bssSize, contextSize: 0)
    let rodata = image.rodata
    let rodataAddress = rodata.withUnsafeBytes { UInt64(UInt(bitPattern: $0.baseAddress)) }
    let dataAddress = arena.dataAddress
    var data = arena.data
    try image.initialise(data: &data, dataAddress: dataAddress, rodataAddress: rodataAddress)
    var memory = arena.memory(rodata: rodata)
    var interpreter = Interpreter(capacity: program.instructions.count)
    interpreter.load(program, for: memory)
    return interpreter.run(
      memory: &memory, context: argument, contextLength: 0, budget: budget, host: &self
    ).result
  }

  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      let key = UInt32(truncatingIfNeeded: arguments.r1)
      let value = UInt32(truncatingIfNeeded: arguments.r2)
      switch helper {
      case .printf:
        let format = try memory.cString(at: arguments.r1, limit: 200)
        printed.append(String(decoding: format.indices.map { format[$0] }, as: UTF8.self))
        return 0
      case .strlen: return UInt64(try memory.cString(at: arguments.r1, limit: .max).count)
      case .storeLocal: local[key] = value
      case .storeGlobal: global[key] = value
      case .fetchLocal: try memory.store(local[key] ?? 0, at: arguments.r2)
      case .fetchGlobal: try memory.store(global[key] ?? 0, at: arguments.r2)
      default: return arguments.r1
      }
      return 0
    } catch {
      throw HelperFault(error, argument: 1)
    }
  }
}

/// What a program is to return, as the first line of its source says.
func expectedResult(of source: URL) throws -> UInt64? {
  let first = try String(contentsOf: source, encoding: .utf8).prefix { $0 != "\n" }
  return UInt64(first.dropFirst("// expect: ".count))
}

/// Compiles a program from its text.
func compile(
  _ text: String, language: String = "c", with compiler: Compiler? = nil
) async throws -> [UInt8] {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  let source = directory.appendingPathComponent("source.\(language)")
  try Data(text.utf8).write(to: source)
  return try await (compiler ?? Compiler()).compile(source).object
}
