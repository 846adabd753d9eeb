import BPF
import Helpers
import Testing

@testable import Interpreter

private func move(_ register: Register, _ value: Int32) -> Instruction {
  Instruction(.mov64Imm, destination: register, immediate: value)
}

private func local(_ distance: Int32) -> Instruction { Instruction(.callLocal, immediate: distance) }

@Suite struct EntryTests {
  @Test func `a program starts with context, length and the end of its frame`() throws {
    var bench = Bench()
    bench.context = [7, 8, 9]
    let length = [Instruction(.mov64Reg, destination: .r0, source: .r2), exit]
    #expect(try bench.run(length).result == .returned(3))
    let context = [Instruction(.ldxb, destination: .r0, source: .r1, offset: 1), exit]
    #expect(try bench.run(context).result == .returned(8))
    let frame = [Instruction(.mov64Reg, destination: .r0, source: .r10), exit]
    #expect(try bench.run(frame).result == .returned(bench.arena + 8 * 512))
  }

  @Test(arguments: [Register.r0, .r3, .r4, .r5, .r6, .r7, .r8, .r9])
  func `all other registers start as zero`(register: Register) throws {
    #expect(try result([Instruction(.mov64Reg, destination: .r0, source: register), exit]) == .returned(0))
  }

  @Test func `a program starts at its entry`() throws {
    var bench = Bench()
    bench.entry = 2
    #expect(
      try bench.run([move(.r0, 1), exit, move(.r0, 2), exit]) == Outcome(result: .returned(2), executed: 2))
  }
}

@Suite struct TrapTests {
  @Test func `a program ends itself with a code and may end with nothing else`() throws {
    var bench = Bench()
    #expect(
      try bench.run([move(.r0, 1), Instruction(.trap, immediate: -2)])
        == Outcome(result: .trapped(Trap(.checkFailed, at: 1, address: 0xFFFF_FFFE)), executed: 2))
  }
}

@Suite struct LocalCallTests {
  @Test func `a function gets arguments, keeps the caller's r6 to r9 and has a frame of its own`() throws {
    let caller: [Instruction] = [
      move(.r1, 1), move(.r5, 5), move(.r6, 6), move(.r7, 7), move(.r8, 8), move(.r9, 9),
      Instruction(.stdw, destination: .r10, offset: -8, immediate: 10),
      local(7),
      Instruction(.add64Reg, destination: .r0, source: .r6),
      Instruction(.add64Reg, destination: .r0, source: .r7),
      Instruction(.add64Reg, destination: .r0, source: .r8),
      Instruction(.add64Reg, destination: .r0, source: .r9),
      Instruction(.ldxdw, destination: .r1, source: .r10, offset: -8),
      Instruction(.add64Reg, destination: .r0, source: .r1),
      exit,
    ]
    let callee: [Instruction] = [
      Instruction(.mov64Reg, destination: .r0, source: .r1),
      Instruction(.add64Reg, destination: .r0, source: .r5),
      Instruction(.stdw, destination: .r10, offset: -8, immediate: 1000),
      move(.r6, 0), move(.r7, 0), move(.r8, 0), move(.r9, 0), exit,
    ]
    var bench = Bench()
    let outcome = try bench.run(caller + callee)
    #expect(outcome == Outcome(result: .returned(1 + 5 + 6 + 7 + 8 + 9 + 10), executed: 15 + 8))
  }

  @Test func `a function reaches its caller's frame through a pointer`() throws {
    let program: [Instruction] = [
      Instruction(.mov64Reg, destination: .r1, source: .r10),
      Instruction(.add64Imm, destination: .r1, immediate: -4),
      local(2), Instruction(.ldxw, destination: .r0, source: .r10, offset: -4), exit,
      Instruction(.stw, destination: .r1, immediate: 42), exit,
    ]
    #expect(try result(program) == .returned(42))
  }

  @Test func `recursion ends at the last frame`() throws {
    // r0 += 1; call self; exit
    let program: [Instruction] = [Instruction(.add64Imm, destination: .r0, immediate: 1), local(-2), exit]
    for frames in 1...8 {
      var bench = Bench()
      bench.frames = frames
      let outcome = try bench.run(program)
      #expect(outcome == Outcome(result: .trapped(Trap(.callTooDeep, at: 1)), executed: 2 * frames))
    }
  }

  @Test func `eight functions deep is fine, and all return`() throws {
    // r1 starts as 7 and counts down: call self while it is not 0, then add 1 on the way back.
    let program: [Instruction] = [
      move(.r1, 7), Instruction(.jeqImm, destination: .r1, offset: 2, immediate: 0),
      Instruction(.sub64Imm, destination: .r1, immediate: 1), local(-3),
      Instruction(.add64Imm, destination: .r0, immediate: 1), exit,
    ]
    #expect(try result(program) == .returned(8))
  }

  @Test func `each frame is 512 bytes below its caller's`() throws {
    let program: [Instruction] = [
      Instruction(.mov64Reg, destination: .r6, source: .r10), local(2),
      Instruction(.sub64Reg, destination: .r0, source: .r6),
      exit, Instruction(.mov64Reg, destination: .r0, source: .r10), exit,
    ]
    #expect(try result(program) == .returned(0 &- 512))
  }
}

@Suite struct HelperCallTests {
  private func call(_ helper: Helper) -> Instruction {
    Instruction(.callHelper, immediate: Int32(helper.rawValue))
  }

  @Test func `a helper gets r1 to r5 and its result stands in r0`() throws {
    var bench = Bench()
    let outcome = try bench.run(
      [move(.r1, 11), move(.r2, 12), move(.r3, 13), move(.r4, 14), move(.r5, -15), call(.storeLocal), exit])
    #expect(outcome == Outcome(result: .returned(11), executed: 7))
    #expect(bench.host.calls.map(\.0) == [.storeLocal])
    #expect(
      bench.host.calls.map(\.1) == [HelperArguments(r1: 11, r2: 12, r3: 13, r4: 14, r5: UInt64.max - 14)])
  }

  @Test func `a helper works on the program's memory`() throws {
    var bench = Bench()
    let program: [Instruction] = [
      Instruction(.lddwData, destination: .r1), Instruction(.wideUpperHalf),
      Instruction(.lddwRodata, destination: .r2),
      Instruction(.wideUpperHalf), move(.r3, 3), call(.memcpy),
      Instruction(.mov64Reg, destination: .r1, source: .r0),
      call(.strlen), exit,
    ]
    #expect(try bench.run(program).result == .returned(3))
    #expect(bench.data.prefix(4) == [1, 2, 3, 0])
  }

  @Test func `the fault of a helper stops the program and names the argument`() throws {
    var bench = Bench()
    let outcome = try bench.run([move(.r1, 64), call(.strlen), exit])
    let fault = HelperFault(.access, argument: 1, address: 64)
    #expect(
      outcome
        == Outcome(result: .trapped(Trap(.helperFault, at: 1, address: 64, helperFault: fault)), executed: 2))
  }

  @Test func `a call through a register reaches the granted helpers`() throws {
    var bench = Bench()
    bench.granting = HelperSet(.nowMilliseconds)
    func program(_ number: UInt64) -> [Instruction] {
      load(.r3, number) + [Instruction(.callx, destination: .r3), exit]
    }
    #expect(try bench.run(program(0x20)) == Outcome(result: .returned(77), executed: 3))
    #expect(
      try bench.run(program(0x52)).result == .trapped(Trap(.helperNotGranted, at: 2, address: 0x52)))
    for number in [0, 4, 0xFF, 0x120, 0x1_0000_0020, UInt64.max] {
      #expect(try bench.run(program(number)).result == .trapped(Trap(.unknownHelper, at: 2, address: number)))
    }
  }
}

@Suite struct BudgetTests {
  private let endless = [Instruction(.ja, offset: -1)]

  @Test func `an endless loop ends with its budget, counted exactly`() throws {
    for budget in [0, 1, 2, 1000] {
      var bench = Bench()
      bench.budget = budget
      #expect(
        try bench.run(endless) == Outcome(result: .trapped(Trap(.budgetSpent, at: 0)), executed: budget + 1))
    }
  }

  @Test func `a program that needs its whole budget returns`() throws {
    // 1 + 100 × 2 + 1 instructions
    let program = [
      move(.r1, 100), Instruction(.sub64Imm, destination: .r1, immediate: 1),
      Instruction(.jneImm, destination: .r1, offset: -2, immediate: 0), exit,
    ]
    var bench = Bench()
    bench.budget = 202
    #expect(try bench.run(program) == Outcome(result: .returned(0), executed: 202))
    bench.budget = 201
    #expect(try bench.run(program) == Outcome(result: .trapped(Trap(.budgetSpent, at: 3)), executed: 202))
  }

  @Test func `wide loads count once, calls and returns too`() throws {
    var bench = Bench()
    let program = load(.r0, 1) + [local(1), exit] + load(.r0, 2) + [exit]
    bench.budget = 5
    #expect(try bench.run(program) == Outcome(result: .returned(2), executed: 5))
    bench.budget = 4
    #expect(try bench.run(program) == Outcome(result: .trapped(Trap(.budgetSpent, at: 3)), executed: 5))
    bench.budget = 1
    #expect(try bench.run(program) == Outcome(result: .trapped(Trap(.budgetSpent, at: 2)), executed: 2))
  }

  @Test func `a helper is not called once the budget is spent`() throws {
    var bench = Bench()
    bench.budget = 2
    let program = [
      Instruction(.callHelper, immediate: 0x20), Instruction(.callHelper, immediate: 0x20),
      Instruction(.callHelper, immediate: 0x20), exit,
    ]
    #expect(try bench.run(program) == Outcome(result: .trapped(Trap(.budgetSpent, at: 2)), executed: 3))
    #expect(bench.host.calls.count == 2)
  }

  @Test(arguments: [1, 2, 3, 7, 1000])
  func `counting in segments changes nothing`(segment: Int) throws {
    var bench = Bench()
    bench.segment = segment
    bench.budget = 500
    #expect(try bench.run(endless) == Outcome(result: .trapped(Trap(.budgetSpent, at: 0)), executed: 501))
    let straight = [Instruction](repeating: move(.r0, 1), count: 30) + [Instruction(.ja, offset: -31)]
    #expect(try bench.run(straight) == Outcome(result: .trapped(Trap(.budgetSpent, at: 30)), executed: 527))
  }

  @Test func `a negative budget allows nothing and the largest one everything`() throws {
    var bench = Bench()
    bench.budget = .min
    #expect(try bench.run([exit]) == Outcome(result: .trapped(Trap(.budgetSpent, at: 0)), executed: 1))
    bench.budget = .max
    bench.segment = .max / 64
    #expect(try bench.run([exit]) == Outcome(result: .returned(0), executed: 1))
  }
}

@Suite struct TrapNumbers {
  @Test func `rules keep their numbers`() {
    #expect(Trap.Rule.allCases.map(\.rawValue) == Array(1...9))
    #expect(Trap.Rule.budgetSpent.rawValue == 3)
    #expect(Trap.Rule.invalidOperation.rawValue == 8)
  }
}
