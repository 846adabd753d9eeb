import Testing

@testable import Thumb2

@Suite struct BranchTests {
  /// A branch, by what it is before it is aimed, and how far it goes in halfwords.
  struct Branch: Sendable, CustomTestStringConvertible {
    let form: Form
    var number: UInt32 = 0
    let range: ClosedRange<Int>

    var testDescription: String { "\(form) \(number)" }
    var hasNumber: Bool { form.layout != .branch && form.layout != .wideBranch }
    var unaimed: ThumbInstruction { ThumbInstruction(form, number) }
  }

  static let branches: [Branch] =
    [
      Branch(form: .b, range: -0x400...0x3FF), Branch(form: .bWide, range: -0x80_0000...0x7F_FFFF),
      Branch(form: .bl, range: -0x80_0000...0x7F_FFFF),
    ] + [0, 7].map { Branch(form: .cbz, number: $0, range: 0...0x3F) }
    + [0, 7].map { Branch(form: .cbnz, number: $0, range: 0...0x3F) }
    + (0...13).map { Branch(form: .bConditional, number: $0, range: -0x80...0x7F) }
    + (0...13).map { Branch(form: .bConditionalWide, number: $0, range: -0x8_0000...0x7_FFFF) }

  @Test(arguments: branches)
  func `a branch is aimed as far as its encoding reaches, and again`(branch: Branch) {
    var storage = [UInt16](repeating: 0xDEDE, count: 5)
    var assembler = Assembler(storage.mutableSpan)
    assembler.emit(.nop)
    assembler.emit(branch.form, branch.hasNumber ? branch.number : 0)
    assembler.emit(.nop)
    let middle = branch.range.upperBound / 3
    var aimed: [(distance: Int, is: Bool, code: [UInt16])] = []
    let distances = [
      branch.range.upperBound, branch.range.lowerBound, middle, 0, branch.range.upperBound + 1,
      branch.range.lowerBound - 1, .max / 2, .min / 2,
    ]
    for distance in distances {
      let isAimed = assembler.aim(branchAt: 1, to: 1 + 2 + distance)
      var code: [UInt16] = []
      for position in 0..<4 { code.append(assembler.halfword(at: position)) }
      aimed.append((distance, isAimed, code))
    }
    for (distance, isAimed, code) in aimed {
      let isNear = branch.range.contains(distance)
      #expect(isAimed == isNear)
      let read = ThumbInstruction(decoding: code.span, at: 1)
      #expect(read?.form == branch.form)
      // One too far leaves the branch where it was aimed at before.
      #expect(read?.distance == (isNear ? distance : 0))
      if branch.hasNumber { #expect(read?.a == branch.number) }
      #expect(code[0] == 0xBF00 && code[branch.form.isWide ? 3 : 2] == 0xBF00)
    }
  }

  @Test(arguments: Condition.allCases)
  func `a conditional branch is taken when its condition holds, and its inverse when not`(
    condition: Condition
  ) {
    for (branch, isInverse) in [(condition, false), (condition.inverse, true)] {
      let code = assembled {
        $0.compare(.r1, .r2)
        $0.emit(.bConditional, UInt32(branch.rawValue), 0)
        $0.emit(.mov, CoreRegister.r3.number, CoreRegister.r4.number)
      }
      for (left, right) in [(1, 2), (2, 1), (3, 3), (0x8000_0000, 1), (1, 0x8000_0000), (.max, 0)]
        as [(UInt32, UInt32)]
      {
        var machine = Machine(seed: 1)
        (machine[.r1], machine[.r2], machine[.r3], machine[.r4]) = (left, right, 0, 1)
        let isRead = machine.run(code)
        let isTaken = machine[.r3] == 0
        #expect(isRead && isTaken == (condition.holds(left, right) != isInverse), "\(left) \(right)")
      }
    }
  }
}

extension Condition {
  /// Whether it holds when these two have been compared.
  fileprivate func holds(_ left: UInt32, _ right: UInt32) -> Bool {
    let (signedLeft, signedRight) = (Int32(bitPattern: left), Int32(bitPattern: right))
    let (difference, overflow) = signedLeft.subtractingReportingOverflow(signedRight)
    return switch self {
    case .equal: left == right
    case .notEqual: left != right
    case .higherOrSame: left >= right
    case .lower: left < right
    case .negative: difference < 0
    case .positiveOrZero: difference >= 0
    case .overflow: overflow
    case .noOverflow: !overflow
    case .higher: left > right
    case .lowerOrSame: left <= right
    case .greaterOrEqual: signedLeft >= signedRight
    case .less: signedLeft < signedRight
    case .greater: signedLeft > signedRight
    case .lessOrEqual: signedLeft <= signedRight
    }
  }
}
