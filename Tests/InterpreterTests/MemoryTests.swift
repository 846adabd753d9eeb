import BPF
import Helpers
import Testing

@testable import Interpreter

private let ones = UInt64.max

@Suite struct LoadAndStoreTests {
  /// r1 holds the address of the context, whose bytes are 81 82 … 90.
  private func loaded(_ operation: Operation, _ offset: Int16) throws -> Outcome.Result {
    var bench = Bench()
    bench.context = Array(0x81...0x90)
    return try bench.run([Instruction(operation, destination: .r0, source: .r1, offset: offset), exit]).result
  }

  @Test func `loads extend with zeros or with the sign`() throws {
    #expect(try loaded(.ldxb, 2) == .returned(0x83))
    #expect(try loaded(.ldxh, 1) == .returned(0x8382))
    #expect(try loaded(.ldxw, 3) == .returned(0x8786_8584))
    #expect(try loaded(.ldxdw, 5) == .returned(0x8D8C_8B8A_8988_8786))
    #expect(try loaded(.ldxsb, 2) == .returned(0xFFFF_FFFF_FFFF_FF83))
    #expect(try loaded(.ldxsh, 1) == .returned(0xFFFF_FFFF_FFFF_8382))
    #expect(try loaded(.ldxsw, 3) == .returned(0xFFFF_FFFF_8786_8584))
  }

  @Test func `a load may overwrite its own base`() throws {
    var bench = Bench()
    bench.context = [0x2A]
    let program = [
      Instruction(.ldxb, destination: .r1, source: .r1),
      Instruction(.mov64Reg, destination: .r0, source: .r1), exit,
    ]
    #expect(try bench.run(program).result == .returned(0x2A))
  }

  /// The frame's top 8 bytes, all ones before the store.
  private func stored(_ store: Instruction) throws -> Outcome.Result {
    try result(
      load(.r1, 0x1122_3344_5566_7788) + [
        Instruction(.stdw, destination: .r10, offset: -8, immediate: -1), store,
        Instruction(.ldxdw, destination: .r0, source: .r10, offset: -8), exit,
      ])
  }

  @Test func `stores change exactly their size`() throws {
    func register(_ operation: Operation, _ offset: Int16) -> Instruction {
      Instruction(operation, destination: .r10, source: .r1, offset: offset)
    }
    func number(_ operation: Operation, _ offset: Int16) -> Instruction {
      Instruction(operation, destination: .r10, offset: offset, immediate: -0x7EDC_BA99)
    }
    #expect(try stored(register(.stxb, -6)) == .returned(0xFFFF_FFFF_FF88_FFFF))
    #expect(try stored(register(.stxh, -7)) == .returned(0xFFFF_FFFF_FF77_88FF))
    #expect(try stored(register(.stxw, -5)) == .returned(0xFF55_6677_88FF_FFFF))
    #expect(try stored(register(.stxdw, -8)) == .returned(0x1122_3344_5566_7788))
    #expect(try stored(number(.stb, -6)) == .returned(0xFFFF_FFFF_FF67_FFFF))
    #expect(try stored(number(.sth, -7)) == .returned(0xFFFF_FFFF_FF45_67FF))
    #expect(try stored(number(.stw, -5)) == .returned(0xFF81_2345_67FF_FFFF))
    #expect(try stored(number(.stdw, -8)) == .returned(0xFFFF_FFFF_8123_4567))
  }

  static let readers: [Operation] = [.ldxb, .ldxh, .ldxw, .ldxdw, .ldxsb, .ldxsh, .ldxsw]
  static let writers: [Operation] =
    [.stb, .sth, .stw, .stdw, .stxb, .stxh, .stxw, .stxdw] + Operation.allCases.filter(\.isAtomic)

  /// Runs one access to `address`, given relative to the arena or to the read-only data.
  private func access(
    _ operation: Operation, _ address: (Bench) -> UInt64, offset: Int16 = 0
  ) throws -> (outcome: Outcome, bench: Bench) {
    // The first run finds out the addresses, which do not change from run to run while the bench holds them; so the
    // program computes them instead.
    var bench = Bench()
    _ = try bench.run([exit])
    let target = address(bench) &- bench.arena
    // r3 = start of the arena: r10 less all frames.
    let outcome = try bench.run(
      load(.r3, target &- 8 * 512) + [
        Instruction(.add64Reg, destination: .r3, source: .r10),
        Instruction(operation, destination: .r3, source: .r3, offset: offset), exit,
      ])
    return (outcome, bench)
  }

  @Test(arguments: readers + writers)
  func `an access one byte beyond either end of the arena traps with its address`(operation: Operation) throws
  {
    let size = UInt64(operation.accessSize ?? 0)
    let rule: Trap.Rule = Self.readers.contains(operation) ? .readOutside : .writeOutside
    for inside in [0, 8192 - size] {
      let run = try access(operation) { $0.arena + inside }
      #expect(run.outcome.executed == 4)
      if case .trapped = run.outcome.result { Issue.record("\(run.outcome)") }
    }
    for outside in [ones, 8192 - size + 1, 8192, 1 << 40, 1 << 63, 0 &- size] {
      let run = try access(operation) { $0.arena &+ outside }
      let trap = Trap(rule, at: 3, address: run.bench.arena &+ outside)
      #expect(run.outcome == Outcome(result: .trapped(trap), executed: 3))
    }
  }

  @Test func `an offset that leads outside traps with the sum`() throws {
    let below = try access(.ldxw, { $0.arena }, offset: -1)
    #expect(below.outcome.result == .trapped(Trap(.readOutside, at: 3, address: below.bench.arena - 1)))
    let above = try access(.stxb, { $0.arena + 8000 }, offset: 192)
    #expect(above.outcome.result == .trapped(Trap(.writeOutside, at: 3, address: above.bench.arena + 8192)))
    #expect(
      try result([
        Instruction(.mov64Imm, destination: .r1, immediate: -1),
        Instruction(.ldxdw, destination: .r0, source: .r1, offset: 1), exit,
      ])
        == .trapped(Trap(.readOutside, at: 1, address: 0)))
  }

  @Test func `read-only data is found, read to its last byte, and never written`() throws {
    func program(_ offset: UInt64, _ instruction: Instruction) -> [Instruction] {
      [
        Instruction(.lddwRodata, destination: .r1, immediate: Int32(truncatingIfNeeded: offset)),
        Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: offset >> 32)), instruction, exit,
      ]
    }
    var bench = Bench()
    let half = Instruction(.ldxsh, destination: .r0, source: .r1)
    #expect(try bench.run(program(6, half)).result == .returned(0xFFFF_FFFF_FFFF_8807))
    for offset in [7, 8, ones] {
      let found = try bench.run(program(offset, half)).result
      #expect(found == .trapped(Trap(.readOutside, at: 2, address: bench.rodataAddress &+ offset)))
    }
    for operation in Self.writers {
      let found = try bench.run(program(0, Instruction(operation, destination: .r1, source: .r1))).result
      #expect(found == .trapped(Trap(.writeOutside, at: 2, address: bench.rodataAddress)))
    }
  }

  @Test func `the data section is found and stays written`() throws {
    var bench = Bench()
    let program = [
      Instruction(.lddwData, destination: .r1, immediate: 4), Instruction(.wideUpperHalf),
      Instruction(.stw, destination: .r1, immediate: 0x0403_0201), exit,
    ]
    #expect(try bench.run(program).executed == 3)
    #expect(bench.data == [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `the stack overflows out of the arena`() throws {
    var bench = Bench()
    bench.frames = 1
    let found = try bench.run([Instruction(.stb, destination: .r10, offset: -513), exit]).result
    #expect(found == .trapped(Trap(.writeOutside, at: 0, address: bench.arena - 1)))
    #expect(try bench.run([Instruction(.stb, destination: .r10, offset: -512), exit]).result == .returned(0))
  }
}

/// An atomic operation on `memory` with `operand`, and r0 holding `compared`.
struct AtomicCase: Sendable {
  let operation: Operation
  let memory, operand, compared: UInt64
  /// Afterwards: the memory, the source register, r0.
  let stored, source, r0: UInt64

  init(
    _ operation: Operation, _ memory: UInt64, _ operand: UInt64, compared: UInt64 = 9, stored: UInt64,
    source: UInt64? = nil, r0: UInt64? = nil
  ) {
    self.operation = operation
    self.memory = memory
    self.operand = operand
    self.compared = compared
    self.stored = stored
    self.source = source ?? operand
    self.r0 = r0 ?? compared
  }
}

@Suite struct AtomicTests {
  static let cases: [AtomicCase] = [
    .init(.atomicAdd64, ones, 2, stored: 1), .init(.atomicOr64, 0xF0, 0x1_0000_000F, stored: 0x1_0000_00FF),
    .init(.atomicAnd64, ones, 1 << 40, stored: 1 << 40), .init(.atomicXor64, ones, 1, stored: ones - 1),
    .init(.atomicFetchAdd64, ones, 2, stored: 1, source: ones),
    .init(.atomicFetchOr64, 0xF0, 0x0F, stored: 0xFF, source: 0xF0),
    .init(.atomicFetchAnd64, ones, 6, stored: 6, source: ones),
    .init(.atomicFetchXor64, 5, 1, stored: 4, source: 5),
    .init(.xchg64, 5, ones, stored: ones, source: 5),
    .init(.cmpxchg64, 5, 7, compared: 5, stored: 7, r0: 5),
    .init(.cmpxchg64, 1 << 32 | 5, 7, compared: 5, stored: 1 << 32 | 5, r0: 1 << 32 | 5),
    .init(.atomicAdd32, ones, 2, stored: 0xFFFF_FFFF_0000_0001),
    .init(.atomicOr32, 0xF0, 0x1_0000_000F, stored: 0xFF),
    .init(.atomicAnd32, ones, 1 << 40, stored: 0xFFFF_FFFF_0000_0000),
    .init(.atomicXor32, ones, 1, stored: ones - 1),
    .init(.atomicFetchAdd32, ones, 2, stored: 0xFFFF_FFFF_0000_0001, source: 0xFFFF_FFFF),
    .init(.atomicFetchOr32, 0xF0, 0x1_0000_000F, stored: 0xFF, source: 0xF0),
    .init(.atomicFetchAnd32, ones, 6, stored: 0xFFFF_FFFF_0000_0006, source: 0xFFFF_FFFF),
    .init(.atomicFetchXor32, 5, 1, stored: 4, source: 5),
    .init(.xchg32, 5, ones, stored: 0xFFFF_FFFF, source: 5),
    .init(.cmpxchg32, 7 << 32 | 5, 8, compared: ones << 32 | 5, stored: 7 << 32 | 8, r0: 5),
    .init(.cmpxchg32, 5, 8, compared: 6, stored: 5, r0: 5),
  ]

  @Test(arguments: cases)
  func `an atomic operation changes memory and registers as RFC 9669 says`(atomic: AtomicCase) throws {
    for (register, expected) in [(Register.r0, atomic.r0), (.r3, atomic.source), (.r4, atomic.stored)] {
      let found = try result(
        load(.r2, atomic.memory) + load(.r3, atomic.operand) + load(.r0, atomic.compared) + [
          Instruction(.stxdw, destination: .r10, source: .r2, offset: -13),
          Instruction(atomic.operation, destination: .r10, source: .r3, offset: -13),
          Instruction(.ldxdw, destination: .r4, source: .r10, offset: -13),
          Instruction(.mov64Reg, destination: .r0, source: register), exit,
        ])
      #expect(found == .returned(expected), "\(atomic) \(register)")
    }
  }

  @Test func `every atomic operation has a case`() {
    #expect(Set(Self.cases.map(\.operation)) == Set(Operation.allCases.filter(\.isAtomic)))
  }
}
