import BPF
import Compartment
import Helpers
import Interpreter
import Verifier

/// Programs of 64-bit registers on a processor that may have none: arithmetic, and addresses.
public let interpreterChecks: [Check] = [
  Check("64-bit arithmetic gives what RFC 9669 says") { () throws(CheckFailure) in
    var arena = Arena(size: Arena.minimumSize)
    let cases = arithmeticCases
    for index in cases.indices {
      let it = cases[index]
      let program: InlineArray<6, Instruction> = [
        Instruction(.lddw, destination: .r0, immediate: Int32(truncatingIfNeeded: it.left)),
        Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: it.left >> 32)),
        Instruction(.lddw, destination: .r3, immediate: Int32(truncatingIfNeeded: it.right)),
        Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: it.right >> 32)),
        Instruction(it.operation, destination: .r0, source: .r3),
        Instruction(.exit),
      ]
      let outcome = try run(program, in: &arena)
      try expect(outcome.result == .returned(it.result), it.name)
      try expect(outcome.executed == 4, "four instructions")
    }
  },
  Check("eight bytes are loaded, stored and added to at any address of the arena") {
    () throws(CheckFailure) in
    var arena = Arena(size: Arena.minimumSize)
    for offset in Int16(-16)...(-8) {
      let program: InlineArray<7, Instruction> = [
        Instruction(.lddw, destination: .r3, immediate: 0x0506_0708),
        Instruction(.wideUpperHalf, immediate: 0x0102_0304),
        Instruction(.stxdw, destination: .r10, source: .r3, offset: offset),
        Instruction(.mov64Imm, destination: .r4, immediate: -1),
        Instruction(.atomicAdd64, destination: .r10, source: .r4, offset: offset),
        Instruction(.ldxdw, destination: .r0, source: .r10, offset: offset),
        Instruction(.exit),
      ]
      try expect(
        try run(program, in: &arena).result == .returned(0x0102_0304_0506_0707), "what was stored, less 1")
    }
  },
  Check("an address has as many bits of the register as the machine's addresses have") {
    () throws(CheckFailure) in
    var arena = Arena(size: Arena.minimumSize)
    let address = arena.address
    let program: InlineArray<6, Instruction> = [
      Instruction(.mov64Imm, destination: .r3, immediate: 1),
      Instruction(.lsh64Imm, destination: .r3, immediate: 32),
      Instruction(.add64Reg, destination: .r1, source: .r3),
      Instruction(.ldxb, destination: .r0, source: .r1),
      Instruction(.mov64Imm, destination: .r0),
      Instruction(.exit),
    ]
    let distant = address + 1 << 32
    let reachesArena = UInt64(UInt(truncatingIfNeeded: distant)) == address
    let expected: Outcome.Result =
      reachesArena ? .returned(0) : .trapped(Trap(.readOutside, at: 3, address: distant))
    try expect(
      try run(program, in: &arena).result == expected, "the upper half counts where addresses have one")
  },
  Check("the last byte of the arena can be read, and the one behind it cannot") { () throws(CheckFailure) in
    var arena = Arena(size: Arena.minimumSize)
    let end = arena.address + UInt64(arena.size)
    var program: InlineArray<3, Instruction> = [
      Instruction(.ldxb, destination: .r0, source: .r1, offset: Int16(Arena.minimumSize - 1)),
      Instruction(.mov64Imm, destination: .r0, immediate: 7),
      Instruction(.exit),
    ]
    try expect(try run(program, in: &arena).result == .returned(7), "the last byte")
    program[0] = Instruction(.ldxh, destination: .r0, source: .r1, offset: Int16(Arena.minimumSize - 1))
    try expect(
      try run(program, in: &arena).result == .trapped(Trap(.readOutside, at: 0, address: end - 1)),
      "two bytes, of which one is behind the end")
  },
  Check("a loop ends when its budget is spent") { () throws(CheckFailure) in
    var arena = Arena(size: Arena.minimumSize)
    let program: InlineArray<2, Instruction> = [Instruction(.ja, offset: -1), Instruction(.exit)]
    try expect(
      try run(program, in: &arena).result == .trapped(Trap(.budgetSpent, at: 0)), "a trap at the jump")
  },
]

private struct ArithmeticCase {
  let name: StaticString
  let operation: Operation
  let left: UInt64
  let right: UInt64
  let result: UInt64

  init(_ name: StaticString, _ operation: Operation, _ left: UInt64, _ right: UInt64, _ result: UInt64) {
    self.name = name
    self.operation = operation
    self.left = left
    self.right = right
    self.result = result
  }
}

private var arithmeticCases: InlineArray<14, ArithmeticCase> {
  [
    ArithmeticCase("a sum carries into the upper half", .add64Reg, 0xffff_ffff, 1, 1 << 32),
    ArithmeticCase("a difference borrows from the upper half", .sub64Reg, 1 << 32, 1, 0xffff_ffff),
    ArithmeticCase(
      "a product has all its 64 bits", .mul64Reg, 0x1_0000_0001, 0xffff_ffff, 0xffff_ffff_ffff_ffff),
    ArithmeticCase("unsigned quotient", .div64Reg, .max, 10, 1_844_674_407_370_955_161),
    ArithmeticCase("unsigned remainder", .mod64Reg, .max, 10, 5),
    ArithmeticCase("a quotient by zero is zero", .div64Reg, 42, 0, 0),
    ArithmeticCase("a remainder by zero is the dividend", .mod64Reg, 1 << 40, 0, 1 << 40),
    ArithmeticCase("signed overflow gives the dividend", .sdiv64Reg, 1 << 63, .max, 1 << 63),
    ArithmeticCase("signed remainder of an overflow is zero", .smod64Reg, 1 << 63, .max, 0),
    ArithmeticCase("a shift by 64 is one by 0", .lsh64Reg, 3, 64, 3),
    ArithmeticCase("a shift by 40 crosses the halves", .lsh64Reg, 3, 40, 3 << 40),
    ArithmeticCase("an arithmetic shift keeps the sign", .arsh64Reg, 1 << 63, 63, .max),
    ArithmeticCase("a 32-bit result clears the upper half", .add32Reg, 0x7_ffff_ffff, 2, 1),
    ArithmeticCase("a 32-bit shift by 33 is one by 1", .lsh32Reg, 0x8000_0001, 33, 2),
  ]
}

/// A host for programs that call nothing.
private struct NoHelpers: HelperHost {
  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    0
  }
}

/// Runs a program in an arena with one frame; r1 is the arena's address.
private func run<let count: Int>(
  _ program: InlineArray<count, Instruction>, in arena: inout Arena
) throws(CheckFailure) -> Outcome {
  var program = program
  let address = arena.address
  let size = UInt64(arena.size)
  guard (try? arena.prepare(frames: 1, dataSize: 0, bssSize: 0, contextSize: 0)) != nil else {
    throw CheckFailure("the arena holds one frame")
  }
  guard let verified = try? verify(program.mutableSpan, entry: 0, granting: .empty) else {
    throw CheckFailure("the program is verified")
  }
  var memory = arena.memory(rodata: Span())
  var host = NoHelpers()
  var interpreter = Interpreter(capacity: count)
  interpreter.load(verified, for: memory)
  return interpreter.run(memory: &memory, context: address, contextLength: size, budget: 1000, host: &host)
}
