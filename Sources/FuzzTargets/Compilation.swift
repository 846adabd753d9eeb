import BPF
import Bytes
import Helpers
import JIT
import ProgramImage
import Verifier

/// The first byte is the room for code, in steps of 64 bytes, 0 for plenty; the second is the size of the context. The rest is the image.
///
/// What the verifier accepts is compiled with proofs and without, with checks and without, twice each: the code has to be the same.
/// Buffers have exactly the size that is named, so that a sanitizer sees what is written behind them.
func fuzzCompiler(_ bytes: Span<UInt8>) {
  guard bytes.count > 2 else { return }
  let room = bytes[0] == 0 ? 65_536 : Int(bytes[0]) * 32
  guard let image = try? ProgramImage(bytes.extracting(2...)), image.instructionCount <= 2048,
    image.instructionCount > 0
  else { return }
  var instructions = [Instruction](repeating: Instruction(.exit), count: image.instructionCount)
  var text = instructions.mutableSpan
  guard (try? image.decode(into: &text)) != nil else { return }
  if let program = try? verify(text._consumingExtracting(...), entry: image.entry, granting: .all) {
    compileAllWays(program, room: room)
  }
  let zeros = image.bssSize
  guard zeros <= 8192 else { return }
  var regions = Regions(
    dataSize: image.dataSize + zeros, rodataSize: image.rodata.count, contextSize: Int(bytes[1]))
  regions.addressesFitWord = true
  let count = analysisCells(forInstructions: instructions.count)
  var cells = [AnalysisCell](repeating: AnalysisCell(), count: count)
  if let program = try? verify(
    instructions.mutableSpan, entry: image.entry, granting: .all, regions: regions, using: cells.mutableSpan)
  {
    compileAllWays(program, room: room)
  }
}

private func compileAllWays(_ program: borrowing VerifiedProgram, room: Int) {
  for isolation in Isolation.allCases {
    let first = code(of: program, isolation, room: room)
    guard let first else { continue }
    precondition(
      code(of: program, isolation, room: first.count) == first, "code differs from one time to the other")
    precondition(
      first.count == 0 || code(of: program, isolation, room: first.count - 1) == nil,
      "code fits where it has no room")
  }
}

/// - Returns: `nil` when there is too little room.
private func code(of program: borrowing VerifiedProgram, _ isolation: Isolation, room: Int) -> [UInt16]? {
  let environment = NativeEnvironment(
    isolation: isolation, arena: 0x2000_4000, arenaSize: 8192, data: 0x2000_5000, rodata: 0x2000_8000,
    routines: NativeRoutines(
      checkRead: (0x101, 0x111, 0x121, 0x131), checkWrite: (0x141, 0x151, 0x161, 0x171), trap: 0x181,
      callHelper: 0x191, callNumbered: 0x1A1, divide: 0x1B1))
  var code = [UInt16](repeating: 0xDEFE, count: room)
  var cells = [CompilerCell](repeating: CompilerCell(), count: program.instructions.count)
  var work = cells.mutableSpan
  do throws(CompileError) {
    let compiled = try compile(program, for: environment, into: code.mutableSpan, using: &work)
    precondition(compiled.size % 2 == 0 && compiled.size <= 2 * room, "a size that cannot be")
    precondition(compiled.entry < compiled.size, "an entry outside the code")
    return Array(code[..<(compiled.size / 2)])
  } catch {
    return nil
  }
}
