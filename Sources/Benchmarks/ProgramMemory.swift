import Compartment
import Runtime
import Toolchain
import Verifier

/// What a program needs of its slot's RAM, on a machine of 32 bits.
struct ProgramMemory {
  private let arenaBytes: Int
  private let instructions: Int
  private let rodataBytes: Int
  private let dataBytes: Int

  /// Bytes of one step of the interpreter: three words.
  private static let stepBytes = 12

  init(_ program: LinkedProgram, contextSize: Int) throws {
    var compartment = ProgramCompartment()
    let frames = try compartment.proven(program.image.span).maximumDepth
    func filled(_ bytes: Int) -> Int { (bytes + 7) & ~7 }
    instructions = program.textSize / 8
    rodataBytes = filled(program.rodataSize)
    dataBytes = filled(program.dataSize)
    arenaBytes = frames * Arena.frameSize + dataBytes + filled(program.bssSize) + filled(contextSize)
  }

  /// With the interpreter's steps. Read-only data stays in the image.
  var interpreted: Int { arenaBytes + instructions * Self.stepBytes + dataBytes }

  /// With code, the map that leads from it to instructions, and copies of read-only data and data.
  func compiled(codeBytes: Int) -> Int {
    arenaBytes + rodataBytes + dataBytes + codeBytes + instructions
  }
}
