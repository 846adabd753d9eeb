import BPF
import Helpers
import Testing

@testable import Verifier

/// What the analysis found out about a program.
private struct Finding {
  var program: [Instruction]
  var states: [Int: AnalysisState] = [:]
  var error: VerifierError?

  /// Whether this was proven of the instruction at `index`.
  func proves(_ proofs: Proofs, at index: Int) -> Bool { program[index].proven.isSuperset(of: proofs) }
}

private struct Recorder: AnalysisObserver {
  static var isInterested: Bool { true }
  var states: [Int: AnalysisState] = [:]

  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState) {
    states[index] = copy state
  }
}

private let regions = Regions(dataSize: 16, rodataSize: 8, contextSize: 64)

private func analyse(
  _ program: [Instruction], _ regions: Regions = regions, cells count: Int = 400
) -> Finding {
  var finding = Finding(program: program)
  var cells = [AnalysisCell](repeating: AnalysisCell(), count: count)
  var recorder = Recorder()
  do throws(VerifierError) {
    _ = try verify(
      finding.program.mutableSpan, entry: 0, granting: .all, regions: regions, using: cells.mutableSpan,
      observer: &recorder
    ).entry
  } catch {
    finding.error = error
  }
  finding.states = recorder.states
  return finding
}

private func refusal(_ program: [Instruction], _ regions: Regions = regions) -> VerifierError? {
  analyse(program, regions).error
}

private func error(
  _ rule: VerifierError.Rule, at index: Int, found: Int64 = 0, expected: Int64 = 0
) -> VerifierError {
  VerifierError(rule, at: index, found: found, expected: expected)
}

private func number(_ range: ClosedRange<Int64>, step: UInt8 = 0) -> AbstractValue {
  AbstractValue(range.lowerBound, through: range.upperBound, shift: step)
}

private func address(
  _ region: AbstractValue.Kind, _ offsets: ClosedRange<Int64>, step: UInt8 = 0
) -> AbstractValue {
  AbstractValue(region, offsets: offsets.lowerBound, through: offsets.upperBound, shift: step)
}

// Short names for what the programs below are made of.

private let exit = Instruction(.exit)
private let zero = Instruction(.mov64Imm, destination: .r0)

private func imm(_ operation: Operation, _ register: Register, _ value: Int32) -> Instruction {
  Instruction(operation, destination: register, immediate: value)
}

private func reg(_ operation: Operation, _ destination: Register, _ source: Register) -> Instruction {
  Instruction(operation, destination: destination, source: source)
}

private func load(_ operation: Operation, _ destination: Register, _ base: Register, _ offset: Int16)
  -> Instruction
{
  Instruction(operation, destination: destination, source: base, offset: offset)
}

private func store(_ operation: Operation, _ base: Register, _ offset: Int16, _ source: Register)
  -> Instruction
{
  Instruction(operation, destination: base, source: source, offset: offset)
}

private func jump(_ operation: Operation, _ register: Register, _ value: Int32, _ distance: Int16)
  -> Instruction
{
  Instruction(operation, destination: register, offset: distance, immediate: value)
}

private func wide(_ operation: Operation, _ register: Register, _ value: Int64) -> [Instruction] {
  [
    Instruction(operation, destination: register, immediate: Int32(truncatingIfNeeded: value)),
    Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32)),
  ]
}

private func call(_ helper: Helper) -> Instruction {
  Instruction(.callHelper, immediate: Int32(helper.rawValue))
}

/// A rule shown on the smallest state that needs it: what is known of registers after code that starts with r1 as the
/// context of 64 bytes, r2 as 64, and r6 to r9 as given.
private struct StateCase: Sendable, CustomTestStringConvertible {
  let name: String
  let code: [Instruction]
  let after: [(Register, AbstractValue)]

  var testDescription: String { name }

  init(_ name: String, _ code: [Instruction], after: [(Register, AbstractValue)]) {
    self.name = name
    self.code = code
    self.after = after
  }
}

/// r6 is a byte, r7 any number, r8 a number of 32 bits, r9 one of a byte with its sign.
private let before = [
  load(.ldxb, .r6, .r1, 0), load(.ldxdw, .r7, .r1, 0), load(.ldxw, .r8, .r1, 0), load(.ldxsb, .r9, .r1, 0),
]

private let stateCases = [
  StateCase(
    "loads bound what they load", [],
    after: [
      (.r6, number(0...255)), (.r7, .unknown), (.r8, .word), (.r9, number(-128...127)),
    ]),
  StateCase(
    "the program starts with its context and nothing else", [],
    after: [
      (.r1, address(.context, 0...0)), (.r2, number(64...64)), (.r0, .uninitialised), (.r3, .uninitialised),
      (.r10, address(.stack, 0...0)),
    ]),
  StateCase(
    "adding a bounded number to an address bounds its offset",
    [reg(.mov64Reg, .r3, .r10), imm(.add64Imm, .r3, -300), reg(.add64Reg, .r3, .r6)],
    after: [(.r3, address(.stack, -300 ... -45))]),
  StateCase(
    "an address may be the second operand of an addition",
    [reg(.add64Reg, .r6, .r1)], after: [(.r6, address(.context, 0...255))]),
  StateCase(
    "a multiple keeps its distance from the next",
    [imm(.mul64Imm, .r6, 4), imm(.add64Imm, .r6, 2)], after: [(.r6, number(2...1022, step: 2))]),
  StateCase(
    "a shift is a multiplication",
    [imm(.lsh64Imm, .r6, 3)], after: [(.r6, number(0...2040, step: 3))]),
  StateCase(
    "a mask bounds and aligns",
    [imm(.and64Imm, .r7, 0x38)], after: [(.r7, number(0...56, step: 3))]),
  StateCase(
    "a mask with its sign extended keeps a bound",
    [imm(.and64Imm, .r6, -8)], after: [(.r6, number(0...248, step: 3))]),
  StateCase(
    "the remainder is less than the divisor",
    [imm(.mod64Imm, .r7, 10)], after: [(.r7, number(0...9))]),
  StateCase(
    "the remainder by what may be zero is at most the dividend",
    [reg(.mod64Reg, .r6, .r8)], after: [(.r6, number(0...255))]),
  StateCase(
    "a quotient is bounded by the greatest dividend and the least divisor",
    [imm(.div64Imm, .r8, 16)], after: [(.r8, number(0...0xFFF_FFFF))]),
  StateCase(
    "both shifts by 32 leave the lower half",
    [imm(.lsh64Imm, .r7, 32), imm(.rsh64Imm, .r7, 32)], after: [(.r7, .word)]),
  StateCase(
    "the second shift by 32 may extend the sign",
    [imm(.add64Imm, .r6, -1), imm(.lsh64Imm, .r6, 32), imm(.arsh64Imm, .r6, 32)],
    after: [(.r6, number(-1...254))]),
  StateCase(
    "arithmetic of 32 bits clears the upper half",
    [imm(.add32Imm, .r9, 128)], after: [(.r9, number(0...255))]),
  StateCase(
    "32 bits wrap around",
    [imm(.sub32Imm, .r6, 1)],
    after: [(.r6, AbstractValue(.zeroExtended, low: 0xFFFF_FFFF, extent: 255, shift: 0))]),
  StateCase(
    "64 bits that may leave 32 are not tracked",
    [reg(.mul64Reg, .r8, .r8)], after: [(.r8, .unknown)]),
  StateCase(
    "an address of which bits are taken is none",
    [imm(.and64Imm, .r1, -8)], after: [(.r1, .unknown)]),
  StateCase(
    "the distance of two addresses of a region is a number",
    [reg(.mov64Reg, .r3, .r1), reg(.add64Reg, .r3, .r6), reg(.sub64Reg, .r3, .r1)],
    after: [(.r3, number(0...255))]),
  StateCase(
    "a spilled value comes back",
    [store(.stxdw, .r10, -8, .r6), load(.ldxdw, .r3, .r10, -8)], after: [(.r3, number(0...255))]),
  StateCase(
    "a spilled value that is partly overwritten is forgotten",
    [
      store(.stxdw, .r10, -8, .r6), Instruction(.stb, destination: .r10, offset: -1),
      load(.ldxdw, .r3, .r10, -8),
    ],
    after: [(.r3, .unknown)]),
  StateCase(
    "a write of four bytes somewhere in a slot is not all of the slot",
    [
      imm(.and64Imm, .r6, 1), imm(.lsh64Imm, .r6, 2), reg(.mov64Reg, .r3, .r10), imm(.add64Imm, .r3, -8),
      reg(.add64Reg, .r3, .r6), store(.stxw, .r3, 0, .r8), load(.ldxdw, .r4, .r10, -8),
    ],
    after: [(.r4, .unknown)]),
  StateCase(
    "a load of four bytes somewhere in a slot does not give all of the slot",
    [
      imm(.and64Imm, .r6, 1), imm(.lsh64Imm, .r6, 2), reg(.mov64Reg, .r3, .r10), imm(.add64Imm, .r3, -8),
      reg(.add64Reg, .r3, .r6), imm(.mov64Imm, .r4, 5), store(.stxdw, .r10, -8, .r4),
      load(.ldxw, .r4, .r3, 0),
    ],
    after: [(.r4, .word)]),
  StateCase(
    "a write that goes nobody knows where may go to the stack",
    [store(.stxdw, .r10, -8, .r6), store(.stxb, .r7, 0, .r6), load(.ldxdw, .r3, .r10, -8)],
    after: [(.r3, .unknown)]),
  StateCase(
    "a write to the context does not go to the stack",
    [store(.stxdw, .r10, -8, .r6), store(.stxb, .r1, 5, .r6), load(.ldxdw, .r3, .r10, -8)],
    after: [(.r3, number(0...255))]),
  StateCase(
    "a helper takes r1 to r5 with it",
    [call(.nowMilliseconds)], after: [(.r1, .uninitialised), (.r5, .uninitialised), (.r0, .unknown)]),
  StateCase(
    "memcpy returns its destination",
    [
      reg(.mov64Reg, .r2, .r1), reg(.mov64Reg, .r1, .r10), imm(.add64Imm, .r1, -16), imm(.mov64Imm, .r3, 8),
      call(.memcpy),
    ], after: [(.r0, address(.stack, -16 ... -16))]),
  StateCase(
    "an atomic operation returns what it found",
    [store(.atomicFetchAdd32, .r1, 0, .r6)], after: [(.r6, .word)]),
  StateCase(
    "a comparison that fell through bounds both operands",
    [Instruction(.jgtReg, destination: .r8, source: .r6, offset: 0), jump(.jgtImm, .r8, 255, 1)],
    after: [(.r8, number(0...255))]),
  StateCase(
    "a value below a number of 32 bits is one",
    [jump(.jgeImm, .r7, 16, 1)], after: [(.r7, number(0...15))]),
  StateCase(
    "what is equal to a number is that number",
    [jump(.jneImm, .r7, 77, 1)], after: [(.r7, number(77...77))]),
  StateCase(
    "signed comparisons bound from below",
    [jump(.jsltImm, .r9, 0, 1)], after: [(.r9, number(0...127))]),
  StateCase(
    "what is not equal to an end loses it, by a whole step",
    [imm(.lsh64Imm, .r6, 2), jump(.jeqImm, .r6, 0, 1)], after: [(.r6, number(4...1020, step: 2))]),
  StateCase(
    "comparisons of 32 bits say nothing about the upper half",
    [jump(.jgt32Imm, .r7, 9, 1)],
    after: [(.r7, AbstractValue(.any, low: 0, extent: 9, shift: 0))]),
]

@Suite struct ValueStates {
  @Test(arguments: stateCases)
  fileprivate func `what is known follows the instructions`(test: StateCase) throws {
    let program = before + test.code + [zero, zero, exit]
    let finding = analyse(program)
    #expect(finding.error == nil)
    let state = try #require(finding.states[before.count + test.code.count])
    for (register, value) in test.after { #expect(state[register] == value, "\(register)") }
  }

  @Test func `where ways meet, both are true`() throws {
    let program = [
      load(.ldxb, .r6, .r1, 0), imm(.mov64Imm, .r7, 4), reg(.mov64Reg, .r8, .r1), jump(.jeqImm, .r6, 9, 2),
      imm(.mov64Imm, .r7, 12), imm(.add64Imm, .r8, 8), zero, exit,
    ]
    let state = try #require(analyse(program).states[6])
    #expect(state[.r7] == number(4...12, step: 3))
    #expect(state[.r8] == address(.context, 0...8, step: 3))
    #expect(state[.r6] == number(0...255))
  }

  @Test func `a register written on one way only may be used`() {
    let program = [jump(.jeqImm, .r2, 9, 1), zero, exit]
    #expect(refusal(program, Regions()) == nil)
  }

  @Test func `a way that no value takes is not followed`() {
    let program = [imm(.mov64Imm, .r0, 3), jump(.jgtImm, .r0, 5, 1), exit, reg(.mov64Reg, .r0, .r9), exit]
    let finding = analyse(program)
    #expect(finding.error == nil)
    #expect(!finding.proves(.reachable, at: 3))
    #expect(finding.proves(.reachable, at: 2))
  }

  @Test func `a function starts with its arguments and a frame of its own`() throws {
    let program = [
      store(.stxdw, .r10, -8, .r2), imm(.mov64Imm, .r6, 5), Instruction(.callLocal, immediate: 2),
      reg(.add64Reg, .r0, .r6), exit,
      zero, exit,
    ]
    let finding = analyse(program)
    #expect(finding.error == nil)
    let function = try #require(finding.states[5])
    #expect(function[.r1] == .unknown)
    #expect(function[.r0] == .uninitialised)
    #expect(function[.r6] == .uninitialised)
    #expect(function[.r10] == address(.stack, 0...0))
    #expect(function.isUnwritten(63))
    let after = try #require(finding.states[3])
    #expect(after[.r6] == number(5...5))
    #expect(after[.r1] == .uninitialised)
    #expect(after.slot(63) == .unknown)
  }
}

@Suite struct ValueProofs {
  @Test func `an access within its region is proven`() {
    let program =
      [load(.ldxdw, .r3, .r1, 56), load(.ldxdw, .r3, .r1, 57), store(.stxw, .r10, -512, .r3)]
      + wide(.lddwData, .r4, 8) + [store(.stxdw, .r4, 0, .r3), store(.stxb, .r4, -8, .r3)]
      + wide(.lddwRodata, .r4, 0) + [load(.ldxw, .r4, .r4, 4), zero, exit]
    let finding = analyse(program)
    #expect(finding.error == nil)
    #expect([0, 2, 5, 6, 9].allSatisfy { finding.proves(.inBounds, at: $0) })
    #expect(!finding.proves(.inBounds, at: 1))
    #expect([0, 2, 5, 6].allSatisfy { finding.proves(.aligned, at: $0) })
    #expect(!finding.proves(.aligned, at: 9))
    let unknown = analyse(program, Regions())
    #expect([0, 5, 9].allSatisfy { !unknown.proves(.inBounds, at: $0) })
    #expect(unknown.proves(.inBounds, at: 2))
  }

  @Test func `a loop over an array is proven, whichever way it ends`() {
    // r3 = 0; do { r4 = *(u32 *)(r1 + r3); r3 += 4 } while (r3 != 64)
    func loop(_ last: Instruction) -> [Instruction] {
      [
        imm(.mov64Imm, .r3, 0), reg(.mov64Reg, .r5, .r1), reg(.add64Reg, .r5, .r3), load(.ldxw, .r4, .r5, 0),
        imm(.add64Imm, .r3, 4), last, zero, exit,
      ]
    }
    for last in [
      jump(.jneImm, .r3, 64, -5), jump(.jltImm, .r3, 64, -5), jump(.jleImm, .r3, 60, -5),
      jump(.jsltImm, .r3, 64, -5), jump(.jne32Imm, .r3, 64, -5), jump(.jlt32Imm, .r3, 61, -5),
      Instruction(.jltReg, destination: .r3, source: .r2, offset: -5),
    ] {
      let finding = analyse(loop(last))
      #expect(finding.error == nil)
      #expect(finding.proves([.inBounds, .aligned], at: 3), "\(last)")
    }
    #expect(!analyse(loop(jump(.jneImm, .r3, 68, -5))).proves(.inBounds, at: 3))
    #expect(!analyse(loop(jump(.jleImm, .r3, 64, -5))).proves(.inBounds, at: 3))
  }

  @Test func `a loop over addresses is proven`() {
    // r5 = r1 + 64; do { r4 = *(u8 *)(r1 + 0); r1 += 1 } while (r1 != r5)
    let program = [
      reg(.mov64Reg, .r5, .r1), imm(.add64Imm, .r5, 64), load(.ldxb, .r4, .r1, 0), imm(.add64Imm, .r1, 1),
      Instruction(.jneReg, destination: .r1, source: .r5, offset: -3), zero, exit,
    ]
    #expect(analyse(program).proves(.inBounds, at: 2))
  }

  @Test func `a loop that counts down is proven`() {
    // r3 = 64; do { r3 -= 1; r4 = *(u8 *)(r1 + r3) } while (r3 != 0)
    let program = [
      imm(.mov64Imm, .r3, 64), imm(.add64Imm, .r3, -1), reg(.mov64Reg, .r5, .r1), reg(.add64Reg, .r5, .r3),
      load(.ldxb, .r4, .r5, 0), jump(.jneImm, .r3, 0, -5), zero, exit,
    ]
    #expect(analyse(program).proves(.inBounds, at: 4))
  }

  @Test func `upper halves and divisors are told`() {
    let program = [
      load(.ldxb, .r6, .r1, 0), load(.ldxdw, .r7, .r1, 0), imm(.add64Imm, .r6, 1), reg(.div64Reg, .r7, .r6),
      reg(.mod32Reg, .r6, .r7), imm(.add64Imm, .r6, -600), jump(.jgtImm, .r2, 5, 0), zero, exit,
    ]
    let finding = analyse(program)
    #expect(
      finding.program[2].proven == [.reachable, .destinationFitsWord, .sourceFitsWord, .resultFitsWord])
    #expect(finding.program[3].proven == [.reachable, .sourceFitsWord, .divisorNonZero])
    #expect(!finding.proves(.divisorNonZero, at: 4))
    #expect(finding.program[5].proven == [.reachable, .destinationFitsWord])
    #expect(finding.proves([.destinationFitsWord, .sourceFitsWord], at: 6))
  }

  @Test func `the structural check leaves no proofs behind`() throws {
    var program = analyse([zero, exit]).program
    #expect(!program[0].proven.isEmpty)
    let isAnalysed = try verify(program.mutableSpan, entry: 0, granting: .all).areValuesKnown
    #expect(!isAnalysed)
    #expect(program[0].proven.isEmpty)
  }
}

@Suite struct ValueRefusals {
  @Test func `a register has to be written before it is used`() {
    #expect(refusal([reg(.mov64Reg, .r0, .r6), exit]) == error(.uninitialisedRegister, at: 0, found: 6))
    #expect(refusal([exit]) == error(.uninitialisedRegister, at: 0, found: 0))
    #expect(
      refusal([zero, jump(.jeqImm, .r7, 0, 0), exit]) == error(.uninitialisedRegister, at: 1, found: 7))
    #expect(
      refusal([zero, store(.stxb, .r10, -1, .r8), exit]) == error(.uninitialisedRegister, at: 1, found: 8))
    #expect(refusal([load(.ldxb, .r0, .r4, 0), exit]) == error(.uninitialisedRegister, at: 0, found: 4))
    #expect(
      refusal([call(.nowMilliseconds), reg(.mov64Reg, .r0, .r1), exit])
        == error(.uninitialisedRegister, at: 1, found: 1))
    #expect(
      refusal([imm(.mov64Imm, .r1, 1), imm(.mov64Imm, .r6, 1), Instruction(.callx, destination: .r9), exit])
        == error(.uninitialisedRegister, at: 2, found: 9))
  }

  @Test func `a function that returns nothing may leave r0 alone`() {
    #expect(refusal([Instruction(.callLocal, immediate: 2), zero, exit, exit]) == nil)
  }

  @Test func `stack may be copied before it is written, but nothing may depend on it`() {
    let copied = [load(.ldxdw, .r3, .r10, -16), store(.stxdw, .r10, -8, .r3), reg(.mov64Reg, .r4, .r3)]
    #expect(refusal(copied + [zero, exit]) == nil)
    #expect(refusal(copied + [imm(.lsh64Imm, .r3, 8), zero, exit]) == nil)
    #expect(
      refusal(copied + [zero, jump(.jeqImm, .r3, 0, 0), exit]) == error(.uninitialisedStack, at: 4, found: 3))
    #expect(
      refusal(copied + [load(.ldxb, .r0, .r4, 0), exit]) == error(.uninitialisedStack, at: 3, found: 4))
    #expect(
      refusal([load(.ldxb, .r0, .r10, -16), exit]) == error(.uninitialisedStack, at: 1, found: 0))
    #expect(
      refusal([load(.ldxw, .r1, .r10, -4), imm(.mov64Imm, .r2, 0), call(.storeLocal), exit])
        == error(.uninitialisedStack, at: 2, found: 1))
  }

  @Test func `stack that may have been written may be used`() {
    #expect(refusal([store(.stxb, .r10, -9, .r2), load(.ldxdw, .r0, .r10, -16), exit]) == nil)
    #expect(
      refusal([
        imm(.mov64Imm, .r1, 1), reg(.mov64Reg, .r2, .r10), imm(.add64Imm, .r2, -4), call(.fetchLocal),
        load(.ldxw, .r0, .r10, -4), exit,
      ]) == nil)
    #expect(
      refusal([
        reg(.mov64Reg, .r1, .r10), Instruction(.callLocal, immediate: 2), load(.ldxw, .r0, .r10, -4), exit,
        exit,
      ]) == nil)
  }

  @Test func `an access has to be within its stack frame`() {
    func access(_ offset: Int16) -> VerifierError? { refusal([zero, store(.stxw, .r10, offset, .r2), exit]) }
    #expect(access(-4) == nil)
    #expect(access(-512) == nil)
    #expect(access(-3) == error(.outsideStackFrame, at: 1, found: -3, expected: 4))
    #expect(access(0) == error(.outsideStackFrame, at: 1, found: 0, expected: 4))
    #expect(access(-513) == error(.outsideStackFrame, at: 1, found: -513, expected: 4))
  }

  @Test func `only what is wrong for every value is refused`() {
    func access(_ base: Int32) -> VerifierError? {
      refusal([
        load(.ldxb, .r6, .r1, 0), reg(.mov64Reg, .r3, .r10), imm(.add64Imm, .r3, base),
        reg(.add64Reg, .r3, .r6), Instruction(.stb, destination: .r3), zero, exit,
      ])
    }
    #expect(access(-1) == nil)
    #expect(access(0) == error(.outsideStackFrame, at: 4, found: 0, expected: 1))
    #expect(access(-767) == nil)
    #expect(access(-768) == error(.outsideStackFrame, at: 4, found: -768, expected: 1))
  }

  @Test func `an access has to be within the data`() {
    func access(_ operation: Operation, _ offset: Int64) -> VerifierError? {
      refusal(wide(operation, .r3, offset) + [load(.ldxdw, .r0, .r3, 0), exit])
    }
    #expect(access(.lddwData, 8) == nil)
    #expect(access(.lddwData, 9) == error(.outsideData, at: 2, found: 9, expected: 16))
    #expect(access(.lddwData, -1) == error(.outsideData, at: 2, found: -1, expected: 16))
    #expect(access(.lddwRodata, 0) == nil)
    #expect(access(.lddwRodata, 1) == error(.outsideReadOnlyData, at: 2, found: 1, expected: 8))
    #expect(access(.lddwRodata, -8) == error(.outsideReadOnlyData, at: 2, found: -8, expected: 8))
    let program = wide(.lddwData, .r3, 99) + [load(.ldxdw, .r0, .r3, 0), exit]
    #expect(refusal(program, Regions()) == nil)
  }

  @Test func `read-only data is not written`() {
    let program = wide(.lddwRodata, .r3, 4) + [zero, store(.stxb, .r3, 1, .r0), exit]
    #expect(refusal(program) == error(.writesReadOnlyData, at: 3, found: 5))
    #expect(refusal(program, Regions()) == error(.writesReadOnlyData, at: 3, found: 5))
    let atomic = wide(.lddwRodata, .r3, 0) + [zero, store(.atomicAdd32, .r3, 4, .r0), exit]
    #expect(refusal(atomic) == error(.writesReadOnlyData, at: 3, found: 4))
    let fetch = wide(.lddwRodata, .r2, 0) + [imm(.mov64Imm, .r1, 0), call(.fetchGlobal), exit]
    #expect(refusal(fetch) == error(.writesReadOnlyData, at: 3, found: 0))
  }

  @Test func `a small number is no address`() {
    #expect(
      refusal([imm(.mov64Imm, .r3, 8), load(.ldxdw, .r0, .r3, 0), exit])
        == error(.numberAsAddress, at: 1, found: 8, expected: 256))
    #expect(refusal([imm(.mov64Imm, .r3, 249), load(.ldxdw, .r0, .r3, 0), exit]) == nil)
    #expect(
      refusal([imm(.mov64Imm, .r1, 0), call(.strlen), exit])
        == error(.numberAsAddress, at: 1, found: 0, expected: 256))
    func copy(_ count: Int32) -> VerifierError? {
      refusal([
        imm(.mov64Imm, .r1, 0), imm(.mov64Imm, .r2, 0), imm(.mov64Imm, .r3, count), call(.memcpy), exit,
      ])
    }
    #expect(copy(1) == error(.numberAsAddress, at: 3, found: 0, expected: 256))
    #expect(copy(0) == nil)
  }

  @Test func `a helper's arguments have to be there`() {
    #expect(
      refusal([imm(.mov64Imm, .r6, 1), call(.nowMilliseconds), call(.strlen), exit])
        == error(.uninitialisedRegister, at: 2, found: 1))
    let format = wide(.lddwRodata, .r1, 0) + [call(.printf), exit]
    #expect(refusal(format) == nil)
    let beyond = wide(.lddwRodata, .r1, 8) + [call(.printf), exit]
    #expect(refusal(beyond) == error(.outsideReadOnlyData, at: 2, found: 8, expected: 8))
  }

  /// r1 is `address`, and the other arguments are numbers.
  private func passing(_ address: [Instruction], to helper: Helper) -> [Instruction] {
    address
      + [
        imm(.mov64Imm, .r2, 1), imm(.mov64Imm, .r3, 1), call(helper), zero, exit,
      ]
  }

  private func stack(_ offset: Int32) -> [Instruction] {
    [reg(.mov64Reg, .r1, .r10), imm(.add64Imm, .r1, offset)]
  }

  @Test func `a text may be left out, and needs room for one byte`() {
    #expect(refusal(passing([imm(.mov64Imm, .r1, 0)], to: .formatU32)) == nil)
    #expect(refusal(passing(stack(-1), to: .formatU32)) == nil)
    #expect(refusal(passing(stack(-512), to: .formatU32)) == nil)
    #expect(
      refusal(passing(stack(0), to: .formatU32)) == error(.outsideStackFrame, at: 4, found: 0, expected: 1))
    #expect(
      refusal(passing(stack(-513), to: .formatU32))
        == error(.outsideStackFrame, at: 4, found: -513, expected: 1))
    #expect(
      refusal(passing([imm(.mov64Imm, .r1, 8)], to: .formatS16))
        == error(
          .numberAsAddress, at: 3, found: 8, expected: 256))
    #expect(
      refusal(passing(wide(.lddwRodata, .r1, 0), to: .formatS16)) == error(.writesReadOnlyData, at: 4))
  }

  @Test func `a handle is a number, and what it reads or writes has to be memory`() {
    let values = [imm(.mov64Imm, .r1, 1), reg(.mov64Reg, .r2, .r10), imm(.add64Imm, .r2, -8)]
    let beyond = [imm(.mov64Imm, .r1, 1), reg(.mov64Reg, .r2, .r10), imm(.add64Imm, .r2, -7)]
    for helper in [Helper.saulRead, .saulWrite] {
      #expect(refusal(values + [call(helper), zero, exit]) == nil)
      #expect(
        refusal(beyond + [call(helper), zero, exit])
          == error(.outsideStackFrame, at: 3, found: -7, expected: 8))
    }
    let constant = [imm(.mov64Imm, .r1, 1)] + wide(.lddwRodata, .r2, 0)
    #expect(refusal(constant + [call(.saulRead), zero, exit]) == error(.writesReadOnlyData, at: 3))
    #expect(refusal(constant + [call(.saulWrite), zero, exit]) == nil)
  }

  @Test func `the context of a CoAP program is no number`() {
    #expect(refusal([call(.coapGetPDU), exit]) == nil)
    #expect(
      refusal([imm(.mov64Imm, .r1, 0), call(.coapGetPDU), exit])
        == error(.numberAsAddress, at: 1, found: 0, expected: 256))
  }

  @Test func `a program has to be able to end`() {
    #expect(refusal([Instruction(.ja, offset: -1)]) == error(.neverEnds, at: 0))
    #expect(refusal([zero, jump(.jeqImm, .r0, 0, -1), exit]) == error(.neverEnds, at: 0))
    #expect(refusal([Instruction(.trap, immediate: 1)]) == nil)
    #expect(refusal([zero, Instruction(.callLocal, immediate: -2), exit]) == nil)
  }

  @Test func `a program that sleeps need not be able to end`() {
    let sleep = [
      reg(.mov64Reg, .r1, .r10), imm(.add64Imm, .r1, -8), imm(.stw, .r1, 0), imm(.mov64Imm, .r2, 1000),
      call(.periodicWakeup),
    ]
    #expect(refusal(sleep + [Instruction(.ja, offset: -6)]) == nil)
    let busy = [call(.nowMilliseconds), Instruction(.ja, offset: -2)]
    #expect(refusal(busy) == error(.neverEnds, at: 0))
  }

  @Test func `the first refusal in the text counts`() {
    let program = [
      jump(.jeqImm, .r2, 1, 2), zero, reg(.mov64Reg, .r0, .r8), reg(.mov64Reg, .r0, .r9), exit,
    ]
    #expect(refusal(program, Regions()) == error(.uninitialisedRegister, at: 2, found: 8))
  }
}

@Suite struct ValueBounds {
  @Test func `without memory nothing is analysed`() throws {
    let finding = analyse([exit], cells: 50)
    #expect(finding.error == nil)
    #expect(finding.program[0].proven.isEmpty)
  }

  @Test func `with little memory less is proven and nothing refused`() {
    // Two ways meet before a read of r9, which nothing was written to.
    let program = [
      load(.ldxb, .r3, .r1, 0), jump(.jeqImm, .r3, 1, 1), load(.ldxb, .r3, .r10, -1),
      reg(.mov64Reg, .r0, .r9),
      load(.ldxb, .r3, .r1, 0), exit,
    ]
    #expect(analyse(program).error == error(.uninitialisedRegister, at: 3, found: 9))
    let bare = Workspace.minimumCells
    for count in bare...bare + 1 {
      let finding = analyse(program, cells: count)
      #expect(finding.error == nil)
      #expect(finding.proves(.inBounds, at: 2))
      #expect(!finding.proves(.inBounds, at: 4))
    }
  }

  @Test func `values beyond the last number are unknown`() {
    var program = (0..<300).map { imm(.mov64Imm, .r3, 1000 + Int32($0)) }
    program += [
      reg(.mov64Reg, .r4, .r10), imm(.add64Imm, .r4, -24), store(.stxdw, .r4, 0, .r3),
      store(.stxdw, .r10, -8, .r3), zero, exit,
    ]
    let finding = analyse(program, cells: analysisCells(forInstructions: program.count))
    #expect(finding.error == nil)
    #expect(!finding.proves(.inBounds, at: 302))
    #expect(finding.proves([.inBounds, .aligned], at: 303))
  }

  @Test func `what an earlier analysis left behind does not matter`() {
    // Refused until r4 is written; by then the jump at 3 has gone both ways.
    var program = [
      load(.ldxb, .r3, .r1, 0), imm(.mov64Imm, .r5, 7), imm(.add64Imm, .r5, 1), jump(.jsgtImm, .r3, 9, 1),
      imm(.mov64Imm, .r5, 3), reg(.mov64Reg, .r0, .r5), reg(.add64Reg, .r0, .r4), exit,
    ]
    let before = analyse(program)
    #expect(before.error == error(.uninitialisedRegister, at: 6, found: 4))
    program = before.program
    program[1] = imm(.mov64Imm, .r4, 7)
    program[2] = imm(.mov64Imm, .r5, 2)
    let again = analyse(program)
    #expect(again.error == nil)
    #expect(again.states[5]?[.r5] == number(2...3))
    #expect(again.states[7]?[.r0] == number(9...10))
  }

  @Test func `thousands of join points are analysed in time`() {
    var program: [Instruction] = []
    for index in 0..<3000 {
      program += [jump(.jgtImm, .r2, Int32(index), 0), imm(.add64Imm, .r2, 1), store(.stxdw, .r10, -8, .r2)]
    }
    for index in 0..<300 { program += [jump(.jneImm, .r2, Int32(index), Int16(-3 * index - 1))] }
    program += [zero, exit]
    let finding = analyse(program, cells: analysisCells(forInstructions: program.count))
    #expect(finding.error == nil)
    #expect(finding.proves(.inBounds, at: 2))
  }

  @Test func `states that go on changing are given up`() {
    // Nested loops without bounds, each with a jump to every earlier one.
    var program = [imm(.mov64Imm, .r3, 0), imm(.mov64Imm, .r4, 0), imm(.mov64Imm, .r5, 0)]
    for index in 0..<80 {
      program += [
        imm(.add64Imm, .r3, Int32(index)), reg(.add64Reg, .r4, .r3), reg(.sub64Reg, .r5, .r4),
        store(.stxdw, .r10, Int16(-8 * (index % 60) - 8), .r3), jump(.jsgtImm, .r5, 7, Int16(-5 * index - 5)),
      ]
    }
    program += [zero, exit]
    let finding = analyse(program, cells: 1000)
    #expect(finding.error == nil)
    #expect(finding.proves([.inBounds, .aligned], at: 6))
  }
}
