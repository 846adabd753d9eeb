import BPF
import Bytes
import Foundation
import Helpers
import JIT
import ProgramImage
import Toolchain
import Verifier

/// The package's own directory.
let packageDirectory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// Code compiled on this machine, for a device whose addresses are made up.
struct Compiled {
  var code: [UInt8]
  var summary: CompiledCode
  /// `CodeMap`'s, and where the code of the first instruction starts, in halfwords.
  var map: [UInt8]
  var firstHalfword: Int

  static let environment = NativeEnvironment(
    isolation: .checked, arena: 0x2000_4000, arenaSize: 8192, data: 0x2000_4200, rodata: 0x2000_8000,
    routines: NativeRoutines(
      checkRead: (0x101, 0x111, 0x121, 0x131), checkWrite: (0x141, 0x151, 0x161, 0x171), trap: 0x181,
      callHelper: 0x191, callNumbered: 0x1A1, divide: 0x1B1))

  init(
    image bytes: [UInt8], isolation: Isolation, contextSize: Int? = nil, room: Int = 32_768
  ) throws {
    let image = try ProgramImage(bytes.span)
    var decoded = FixedArray(repeating: Instruction(.exit), count: image.instructionCount)
    var instructions = decoded.mutableSpan
    let count = try image.decode(into: &instructions)
    var regions = Regions(
      dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count, contextSize: contextSize)
    regions.addressesFitWord = true
    var cells = FixedArray(repeating: AnalysisCell(), count: analysisCells(forInstructions: count))
    let program = try verify(
      instructions._consumingExtracting(0..<count), entry: image.entry, granting: .all, regions: regions,
      using: cells.mutableSpan)
    var environment = Self.environment
    environment.isolation = isolation
    var buffer = FixedArray<UInt16>(repeating: 0, count: room)
    var workspace = FixedArray(repeating: CompilerCell(), count: count)
    var workCells = workspace.mutableSpan
    summary = try compile(program, for: environment, into: buffer.mutableSpan, using: &workCells)
    firstHalfword = Int(workCells[0].offset)
    var mapBuffer = FixedArray<UInt8>(count: 3 * count)
    var mapSpan = mapBuffer.mutableSpan
    let length = CodeMap.write(of: summary, from: program.instructions, workCells.span, into: &mapSpan) ?? 0
    map = (0..<length).map { mapBuffer.span[$0] }
    code = (0..<summary.size / 2).flatMap { index in
      let halfword = buffer.span[index]
      return [UInt8(halfword & 0xFF), UInt8(halfword >> 8)]
    }
  }

  /// Compiles a kernel of the benchmarks.
  init(kernel: String, isolation: Isolation, contextSize: Int? = nil, room: Int = 32_768) async throws {
    let source = packageDirectory.appending(path: "Benchmarks/Kernels/\(kernel).c")
    let object = try await Compiler().compile(source).object
    try self.init(
      image: Linker(layout: .elf).link([object]).image, isolation: isolation, contextSize: contextSize,
      room: room)
  }
}
