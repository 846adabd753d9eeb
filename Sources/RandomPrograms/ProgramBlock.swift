public import BPF
public import Bytes

/// Why a block of memory holds no program.
public enum ProgramBlockError: Error, Equatable, Sendable {
  /// The magic number is missing.
  case absent
  case truncated(OutOfBounds)
  /// There are more instructions than there is room for, or none.
  case instructionCount(Int)
  /// A slot (its index) holds no instruction.
  case instruction(at: Int, DecodeError)
}

/// A program as a host lays it into a board's memory to be run there again.
///
/// Layout, little endian: magic (4 bytes), seed (8), number of slots, index of the entry, sizes of data, read-only data, and context
/// (4 each), then the slots of 8 bytes. The next block follows at once.
public enum ProgramBlock {
  /// "uBdf".
  public static let magic: UInt32 = 0x6664_4275
  /// Where a board looks for the first: in its code memory, far behind the firmware.
  public static let address: UInt = 0x0020_0000
  public static let capacity = 0x0010_0000

  public static func write(
    _ program: GeneratedProgram, seed: UInt64, _ slots: Span<UInt64>, into output: inout ByteWriter
  ) throws(OutOfBounds) {
    try output.writeLittleEndian(magic)
    try output.writeLittleEndian(seed)
    let numbers: InlineArray<5, Int> = [
      program.instructionCount, program.entry, program.dataSize, program.rodataSize, program.contextSize,
    ]
    for index in 0..<5 {
      try output.writeLittleEndian(UInt32(truncatingIfNeeded: numbers[index]))
    }
    for index in slots.indices { try output.writeLittleEndian(slots[index]) }
  }

  /// Reads the next block.
  ///
  /// - Parameters:
  ///   - input: the memory from the block on.
  ///   - instructions: receives the program.
  /// - Returns: the program, and the seed of the memory it starts with.
  /// - Throws: what keeps the block from being one.
  public static func read(
    _ input: inout ByteReader, into instructions: inout MutableSpan<Instruction>
  ) throws(ProgramBlockError) -> (program: GeneratedProgram, seed: UInt64) {
    guard (try? input.readLittleEndian(UInt32.self)) == magic else { throw .absent }
    let seed: UInt64
    var numbers = InlineArray<5, Int>(repeating: 0)
    do throws(OutOfBounds) {
      seed = try input.readLittleEndian()
      for index in 0..<5 {
        let number: UInt32 = try input.readLittleEndian()
        numbers[index] = Int(truncatingIfNeeded: number)
      }
    } catch {
      throw .truncated(error)
    }
    guard numbers[0] > 0, numbers[0] <= instructions.count else { throw .instructionCount(numbers[0]) }
    let text: Span<UInt8>
    do throws(OutOfBounds) { text = try input.read(numbers[0] * 8) } catch { throw .truncated(error) }
    let decoded = Instruction.decode(text, into: &instructions, at: 0)
    guard decoded == numbers[0] else {
      throw .instruction(at: decoded, Instruction.error(of: text.littleEndian(at: decoded * 8)))
    }
    let program = GeneratedProgram(
      instructionCount: numbers[0], entry: numbers[1], dataSize: numbers[2], rodataSize: numbers[3],
      contextSize: numbers[4])
    return (program, seed)
  }
}
