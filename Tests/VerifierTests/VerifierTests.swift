import BPF
import Bytes
import Helpers
import Testing
import Verifier

/// What can be compared of a verdict.
private struct Verdict: Equatable {
  var depth = 0
  var helpers = HelperSet.empty
  var error: VerifierError?
}

private func verdict(_ program: [Instruction], entry: Int = 0, granting: HelperSet = .all) -> Verdict {
  var program = program
  do throws(VerifierError) {
    let verified = try verify(program.mutableSpan, entry: entry, granting: granting)
    return Verdict(depth: verified.maximumDepth, helpers: verified.helpers)
  } catch {
    return Verdict(error: error)
  }
}

private func verdict(text: [UInt8], capacity: Int = 16) -> Verdict {
  var buffer = FixedArray(repeating: Instruction(.exit), count: capacity)
  do throws(VerifierError) {
    let verified = try verify(text: text.span, into: buffer.mutableSpan, entry: 0, granting: .all)
    return Verdict(depth: verified.maximumDepth, helpers: verified.helpers)
  } catch {
    return Verdict(error: error)
  }
}

private func error(
  _ rule: VerifierError.Rule, at index: Int, found: Int64 = 0, expected: Int64 = 0
) -> Verdict {
  Verdict(error: VerifierError(rule, at: index, found: found, expected: expected))
}

private let exit = Instruction(.exit)
private let nop = Instruction(.mov64Reg)

@Suite struct TextRules {
  @Test func `the smallest program is one exit`() {
    #expect(verdict(text: [0x95, 0, 0, 0, 0, 0, 0, 0]) == Verdict(depth: 1))
  }

  @Test func `an empty text is refused`() {
    #expect(verdict(text: []) == error(.emptyProgram, at: 0))
    #expect(verdict([]) == error(.emptyProgram, at: 0))
  }

  @Test func `a text that ends within an instruction is refused`() {
    #expect(verdict(text: [0x95, 0, 0, 0, 0, 0, 0, 0, 0x95]) == error(.partialInstruction, at: 1, found: 9))
  }

  @Test func `a text longer than the buffer is refused`() {
    #expect(
      verdict(text: .init(repeating: 0, count: 24), capacity: 2)
        == error(.tooLong, at: 0, found: 3, expected: 2))
  }

  @Test func `bytes that are no instruction are refused with their slot`() {
    func second(_ bytes: [UInt8]) -> Verdict { verdict(text: [0xBF, 0, 0, 0, 0, 0, 0, 0] + bytes) }
    #expect(second([0xFF, 0, 0, 0, 0, 0, 0, 0]) == error(.unknownOpcode, at: 1, found: 0xFF))
    #expect(second([0xD7, 0, 0, 0, 9, 0, 0, 0]) == error(.unknownVariant, at: 1, found: 9, expected: 0xD7))
    #expect(second([0xB7, 11, 0, 0, 0, 0, 0, 0]) == error(.destinationOutOfRange, at: 1, found: 11))
    #expect(second([0xBF, 0xC0, 0, 0, 0, 0, 0, 0]) == error(.sourceOutOfRange, at: 1, found: 12))
    #expect(
      second([0x95, 0, 1, 0, 1, 0, 0, 0]) == error(.reservedFieldsNotZero, at: 1, found: 12, expected: 0x95))
    #expect(
      second([0xDB, 0, 0, 0, 0x10, 0, 0, 0]) == error(.unknownVariant, at: 1, found: 0x10, expected: 0xDB))
  }

  @Test func `fields beside the number are refused in the second slot of a wide load`() {
    let text: [UInt8] = [0x18, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]
    #expect(verdict(text: text) == error(.reservedFieldsNotZero, at: 1, found: 1, expected: 0))
  }

  @Test func `a program starts at one of its instructions`() {
    #expect(verdict([exit], entry: 1) == error(.entryOutside, at: 0, found: 1, expected: 1))
    #expect(verdict([exit], entry: -1) == error(.entryOutside, at: 0, found: -1, expected: 1))
    let wide = [Instruction(.lddw), Instruction(.wideUpperHalf), exit]
    #expect(verdict(wide, entry: 1) == error(.entryIntoWideLoad, at: 1))
    #expect(verdict(wide, entry: 2) == Verdict(depth: 1))
  }
}

@Suite struct InstructionRules {
  @Test(arguments: Operation.allCases.filter(\.writesDestination))
  func `no operation writes r10`(operation: Operation) {
    let program = [Instruction(operation, destination: .r10), Instruction(.wideUpperHalf), exit]
    #expect(verdict(program) == error(.writesFramePointer, at: 0))
  }

  @Test(arguments: Operation.allCases.filter(\.writesSource))
  func `no atomic operation returns the old value in r10`(operation: Operation) {
    #expect(verdict([Instruction(operation, source: .r10), exit]) == error(.writesFramePointer, at: 0))
    #expect(verdict([Instruction(operation, destination: .r10, source: .r1), exit]) == Verdict(depth: 1))
  }

  @Test func `r10 may be read, stored and jumped on`() {
    let program = [
      Instruction(.mov64Reg, destination: .r1, source: .r10),
      Instruction(.stxdw, destination: .r10, source: .r10, offset: -8),
      Instruction(.stdw, destination: .r10, offset: -8),
      Instruction(.jeqReg, destination: .r10, source: .r10),
      Instruction(.cmpxchg64, destination: .r10, source: .r10, offset: -8), exit,
    ]
    #expect(verdict(program) == Verdict(depth: 1))
  }

  @Test(arguments: Operation.allCases.filter(\.isPacketAccess))
  func `packet access is refused by name`(operation: Operation) {
    #expect(
      verdict([Instruction(operation), exit]) == error(.packetAccess, at: 0, found: Int64(operation.opcode)))
  }

  @Test func `a wide load needs its second slot`() {
    for operation in [Operation.lddw, .lddwData, .lddwRodata] {
      #expect(verdict([exit, Instruction(operation)]) == error(.incompleteWideLoad, at: 1))
      #expect(verdict([Instruction(operation), exit]) == error(.incompleteWideLoad, at: 0))
      #expect(
        verdict([Instruction(operation), Instruction(.wideUpperHalf)]) == error(.fallsOffTheEnd, at: 0))
      #expect(verdict([Instruction(operation), Instruction(.wideUpperHalf), exit]) == Verdict(depth: 1))
    }
  }

  @Test func `a second slot needs its wide load`() {
    #expect(verdict([Instruction(.wideUpperHalf), exit], entry: 1) == error(.strayUpperHalf, at: 0))
    #expect(verdict([nop, Instruction(.wideUpperHalf), exit]) == error(.strayUpperHalf, at: 1))
    let three = [Instruction(.lddw), Instruction(.wideUpperHalf), Instruction(.wideUpperHalf), exit]
    #expect(verdict(three) == error(.strayUpperHalf, at: 2))
  }

  @Test func `wide loads of maps, variables and code addresses are refused`() {
    for operation in Operation.allCases where operation.opcode == 0x18 && operation != .lddw {
      let program = [Instruction(operation), Instruction(.wideUpperHalf), exit]
      #expect(verdict(program) == error(.unsupportedWideLoad, at: 0, found: Int64(operation.variant)))
    }
  }
}

@Suite struct ControlFlowRules {
  static let jumps = Operation.allCases.filter(\.isJump)

  private func jump(_ operation: Operation, _ distance: Int) -> Instruction {
    Instruction(operation, offset: Int16(distance), immediate: Int32(distance))
  }

  @Test(arguments: jumps)
  func `a jump stays within the text`(operation: Operation) {
    #expect(verdict([nop, jump(operation, 0), exit]) == Verdict(depth: 1))
    #expect(verdict([nop, jump(operation, -2), exit]) == Verdict(depth: 1))
    #expect(verdict([nop, jump(operation, 1), exit]) == error(.jumpOutside, at: 1, found: 3, expected: 3))
    #expect(verdict([nop, jump(operation, -3), exit]) == error(.jumpOutside, at: 1, found: -1, expected: 3))
  }

  @Test(arguments: jumps)
  func `a jump into a wide load is refused at the jump`(operation: Operation) {
    let program = [jump(operation, 1), Instruction(.lddw), Instruction(.wideUpperHalf), exit]
    #expect(verdict(program) == error(.jumpIntoWideLoad, at: 0, found: 2))
  }

  @Test func `the farthest jumps and calls there are stay numbers`() {
    #expect(
      verdict([nop, Instruction(.ja32, immediate: .max)])
        == error(.jumpOutside, at: 1, found: Int64(Int32.max) + 2, expected: 2))
    #expect(
      verdict([Instruction(.ja32, immediate: .min)])
        == error(.jumpOutside, at: 0, found: Int64(Int32.min) + 1, expected: 1))
    #expect(
      verdict([Instruction(.callLocal, immediate: .max), exit])
        == error(.callOutside, at: 0, found: Int64(Int32.max) + 1, expected: 2))
  }

  @Test func `execution never falls off the end`() {
    #expect(verdict([nop]) == error(.fallsOffTheEnd, at: 0))
    #expect(verdict([nop, Instruction(.jeqImm, offset: -2)]) == error(.fallsOffTheEnd, at: 1))
    #expect(verdict([exit, Instruction(.callHelper, immediate: 1)]) == error(.fallsOffTheEnd, at: 1))
    #expect(verdict([exit, Instruction(.callLocal, immediate: -2)]) == error(.fallsOffTheEnd, at: 1))
    #expect(verdict([exit, Instruction(.ja, offset: -2)]) == Verdict(depth: 1))
    #expect(verdict([exit, Instruction(.ja32, immediate: -1)]) == Verdict(depth: 1))
  }

  @Test func `a local call leads to an instruction`() {
    #expect(verdict([Instruction(.callLocal, immediate: 1), exit, exit]) == Verdict(depth: 2))
    #expect(
      verdict([Instruction(.callLocal, immediate: 2), exit, exit])
        == error(.callOutside, at: 0, found: 3, expected: 3))
    #expect(
      verdict([Instruction(.callLocal, immediate: -2), exit])
        == error(.callOutside, at: 0, found: -1, expected: 2))
    let intoWide = [
      Instruction(.callLocal, immediate: 2), exit, Instruction(.lddw), Instruction(.wideUpperHalf), exit,
    ]
    #expect(verdict(intoWide) == error(.callIntoWideLoad, at: 0, found: 3))
  }

  @Test func `code that nothing reaches is allowed`() {
    #expect(verdict([exit, nop, exit]) == Verdict(depth: 1))
  }
}

@Suite struct CallRules {
  private func call(_ number: Int32) -> [Instruction] { [Instruction(.callHelper, immediate: number), exit] }

  @Test func `helpers have to exist`() {
    for number in [0, 4, 0xFF, 0x101, -1, .max, .min] as [Int32] {
      #expect(verdict(call(number)) == error(.unknownHelper, at: 0, found: Int64(number)))
    }
  }

  @Test(arguments: Helper.allCases)
  func `helpers have to be granted`(helper: Helper) {
    let number = Int32(helper.rawValue)
    #expect(
      verdict(call(number), granting: HelperSet(helper)) == Verdict(depth: 1, helpers: HelperSet(helper)))
    #expect(
      verdict(call(number), granting: .empty) == error(.helperNotGranted, at: 0, found: Int64(number)))
  }

  @Test func `a helper call carries the position of its helper`() throws {
    var program = call(Int32(Helper.strlen.rawValue))
    _ = try verify(program.mutableSpan, entry: 0, granting: .all).entry
    #expect(program[0].resolved == Helper.strlen.position)
  }

  @Test func `calls through BTF are refused, calls through a register left to run time`() {
    #expect(verdict([Instruction(.callBTF, immediate: 77), exit]) == error(.callByBTF, at: 0, found: 77))
    #expect(verdict([Instruction(.callx, destination: .r10), exit], granting: .empty) == Verdict(depth: 1))
  }
}

@Suite struct CallDepthRules {
  private func call(_ distance: Int32) -> Instruction { Instruction(.callLocal, immediate: distance) }

  @Test func `a chain of calls needs a frame for each function`() {
    for length in 1...8 {
      var program: [Instruction] = []
      for _ in 1..<length { program += [call(1), exit] }
      #expect(verdict(program + [exit]).depth == length)
    }
  }

  @Test func `calls backward count the same`() {
    // f2: exit. f1: call f2; exit. entry: call f1; exit.
    #expect(verdict([exit, call(-2), exit, call(-3), exit], entry: 3) == Verdict(depth: 3))
  }

  @Test func `the deepest of several paths counts`() {
    // entry: call f; call g; exit. f: exit. g: call f; exit.
    #expect(verdict([call(2), call(2), exit, exit, call(-2), exit]) == Verdict(depth: 3))
  }

  @Test func `recursion needs all frames`() {
    #expect(verdict([call(-1), exit]) == Verdict(depth: 8))
    #expect(verdict([call(1), exit, call(-3), exit]) == Verdict(depth: 8))
  }

  @Test func `a call that nothing reaches needs no frame`() {
    #expect(verdict([exit, call(-1), exit]) == Verdict(depth: 1))
  }

  @Test func `code too entangled to tell gets all frames`() {
    // Each step runs one slot further back, so each pass over the program learns of one step only.
    var program = [call(0), exit]
    for _ in 0..<40 { program.insert(contentsOf: [Instruction(.ja, offset: -2)], at: 0) }
    program[0] = exit
    #expect(verdict(program, entry: 39) == Verdict(depth: 8))
  }
}

@Suite struct RuleNumbers {
  @Test func `rules keep their numbers`() {
    #expect(VerifierError.Rule.allCases.map(\.rawValue) == Array(1...31))
    #expect(VerifierError.Rule.callByBTF.rawValue == 23)
    #expect(VerifierError.Rule.jumpOutside.rawValue == 12)
    #expect(VerifierError.Rule.helperNotGranted.rawValue == 20)
  }
}
