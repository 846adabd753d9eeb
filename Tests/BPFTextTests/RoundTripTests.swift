import BPF
import Testing

@testable import BPFText

/// A value for every field that the operation uses, each different from zero, followed by the other half of a
/// wide load.
func example(
  of operation: Operation, destination: Register = .r3, source: Register = .r7, offset: Int16 = -5,
  immediate: Int32 = -70_000
) -> [Instruction] {
  let instruction = Instruction(
    operation, destination: destination, source: source, offset: offset, immediate: immediate)
  return operation.isWide
    ? [instruction, Instruction(.wideUpperHalf, immediate: 0x1234_5678)] : [instruction]
}

/// A program's bytes as an assembler would put them.
func bytes(_ program: [Instruction]) -> [UInt8] {
  program.flatMap { instruction in (0..<8).map { UInt8(truncatingIfNeeded: instruction.slot >> ($0 * 8)) } }
}

@Suite struct RoundTripTests {
  @Test(arguments: Syntax.allCases, Operation.allCases)
  func `what is written of an operation is read as the same`(syntax: Syntax, operation: Operation) throws {
    let fields: [(Register, Register, Int16, Int32)] = [
      (.r3, .r7, -5, -70_000), (.r0, .r0, 0, 0), (.r10, .r9, .max, .max), (.r1, .r10, .min, .min),
    ]
    for (destination, source, offset, immediate) in fields {
      let program = example(
        of: operation, destination: destination, source: source, offset: offset, immediate: immediate)
      let line = Disassembler(syntax: syntax).line(
        for: program[0], next: program.count > 1 ? program[1] : nil)
      #expect(try Assembler(syntax: syntax).assemble(line) == bytes(program), "\(line)")
    }
  }

  @Test(arguments: Syntax.allCases)
  func `no two operations are written alike`(syntax: Syntax) {
    var seen: [String: Operation] = [:]
    for operation in Operation.allCases {
      let program = example(of: operation)
      let line = Disassembler(syntax: syntax).line(for: program[0], next: program.last)
      #expect(seen.updateValue(operation, forKey: line) == nil, "\(line)")
    }
  }

  @Test(arguments: Syntax.allCases)
  func `the source of a program with jumps, calls and wide loads is read as the same program`(
    syntax: Syntax
  ) throws {
    let program: [Instruction] = [
      Instruction(.lddw, destination: .r6, immediate: -1), Instruction(.wideUpperHalf, immediate: 7),
      Instruction(.jeqImm, destination: .r6, offset: 2, immediate: 4),
      Instruction(.callLocal, immediate: 3), Instruction(.ja, offset: -3),
      Instruction(.ja32, immediate: 0), Instruction(.exit),
      Instruction(.callHelper, immediate: 1), Instruction(.exit),
    ]
    let source = Disassembler(syntax: syntax).source(of: program, functions: [0: "program", 7: "double"])
    let assembly = try Assembler(syntax: syntax).assembly(of: source.joined(separator: "\n"))
    #expect(assembly.text == bytes(program))
    #expect(assembly.labels == ["program": 0, "L2": 2, "L5": 5, "L6": 6, "double": 7])
  }

  @Test(arguments: Syntax.allCases)
  func `jumps out of the program and into wide loads keep their distance`(syntax: Syntax) throws {
    let program: [Instruction] = [
      Instruction(.ja, offset: 1), Instruction(.lddw), Instruction(.wideUpperHalf),
      Instruction(.ja, offset: 100), Instruction(.ja, offset: -100),
    ]
    let source = Disassembler(syntax: syntax).source(of: program, functions: [2: "inside", 104: "outside"])
      .joined(separator: "\n")
    #expect(try Assembler(syntax: syntax).assemble(source) == bytes(program))
  }
}
