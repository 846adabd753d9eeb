import BPF
import Bytes
import Helpers
import RandomPrograms
import Testing
import Verifier

@Suite struct GeneratorTests {
  private func program(seed: UInt64) -> (GeneratedProgram, [Instruction]) {
    var buffer = [Instruction](repeating: Instruction(.exit), count: ProgramGenerator.capacity)
    let shape = generateProgram(seed: seed, into: buffer.mutableSpan)
    return (shape, Array(buffer[..<shape.instructionCount]))
  }

  @Test func `the same seed makes the same program, and the next one another`() {
    for seed in [UInt64(0), 1, 4711, .max] {
      let (first, second) = (program(seed: seed), program(seed: seed))
      #expect(first.0 == second.0)
      #expect(first.1 == second.1)
      #expect(program(seed: seed &+ 1).1 != first.1)
    }
  }

  @Test func `every instruction that programs may use comes up`() {
    var missing = Set(Operation.allCases.filter { !Self.isRefused($0) })
    var seed: UInt64 = 0
    while !missing.isEmpty, seed < 4000 {
      for instruction in program(seed: seed).1 { missing.remove(instruction.operation) }
      seed += 1
    }
    #expect(missing.isEmpty, "\(missing)")
  }

  private static func isRefused(_ operation: Operation) -> Bool {
    if operation.isPacketAccess || operation == .callBTF { return true }
    return operation.opcode == 0x18 && operation != .lddw
  }

  @Test func `every program keeps the rules of structure`() throws {
    var granted = HelperSet.empty
    for helper in Helper.allCases where helper != .fetchGlobal { granted.insert(helper) }
    for seed in UInt64(0)..<1000 {
      var (shape, instructions) = program(seed: seed)
      let count = try verify(instructions.mutableSpan, entry: shape.entry, granting: granted).instructions
        .count
      #expect(count == shape.instructionCount)
    }
  }

  @Test func `long programs, deep calls and recursion are among them`() throws {
    var (longest, deepest) = (0, 0)
    for seed in UInt64(0)..<2000 {
      var (shape, instructions) = program(seed: seed)
      longest = max(longest, shape.instructionCount)
      deepest = max(
        deepest, try verify(instructions.mutableSpan, entry: shape.entry, granting: .all).maximumDepth)
    }
    #expect(longest > 1000)
    #expect(deepest == 8)
  }
}

@Suite struct ProgramBlockTests {
  private let shape = GeneratedProgram(
    instructionCount: 2, entry: 1, dataSize: 8, rodataSize: 5, contextSize: 16)
  private let slots: [UInt64] = [0x0000_0001_0000_00B7, 0x95]

  private func block(_ slots: [UInt64]) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    var writer = ByteWriter(bytes.mutableSpan)
    try ProgramBlock.write(shape, seed: 7, slots.span, into: &writer)
    let count = writer.count
    return Array(bytes[..<count])
  }

  private func read(_ bytes: [UInt8], room: Int = 8) throws(ProgramBlockError) -> (GeneratedProgram, UInt64) {
    var buffer = [Instruction](repeating: Instruction(.exit), count: room)
    var instructions = buffer.mutableSpan
    var reader = ByteReader(bytes.span)
    let (program, seed) = try ProgramBlock.read(&reader, into: &instructions)
    return (program, seed)
  }

  @Test func `a block that was written is read back`() throws {
    let (program, seed) = try read(try block(slots))
    #expect(program == shape)
    #expect(seed == 7)
  }

  @Test func `a block without the magic number is none, and one that is cut off is refused`() throws {
    let bytes = try block(slots)
    #expect(throws: ProgramBlockError.absent) { try read([]) }
    #expect(throws: ProgramBlockError.absent) { try read([0] + bytes) }
    for count in 4..<bytes.count {
      do throws(ProgramBlockError) {
        _ = try read(Array(bytes[..<count]))
        Issue.record("\(count) bytes were enough")
      } catch {
        guard case .truncated = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }

  @Test func `too many instructions, none, and what is none are refused`() throws {
    let bytes = try block(slots)
    #expect(throws: ProgramBlockError.instructionCount(2)) { try read(bytes, room: 1) }
    var none = bytes
    none[12] = 0
    #expect(throws: ProgramBlockError.instructionCount(0)) { try read(none) }
    let unknown = try block([0xFF, 0x95])
    #expect(throws: ProgramBlockError.instruction(at: 0, .unknownOpcode(0xFF))) { try read(unknown) }
  }
}
