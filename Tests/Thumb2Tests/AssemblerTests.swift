import TestSupport
import Testing

@testable import Thumb2

/// What `body` assembles, with room for 16 halfwords.
func assembled(_ body: (inout Assembler) -> Void) -> [UInt16] {
  var storage = [UInt16](repeating: 0xDEDE, count: 16)
  var assembler = Assembler(storage.mutableSpan)
  body(&assembler)
  let count = assembler.count
  return Array(storage.prefix(count))
}

extension Machine {
  /// Numbers by chance in all registers, some of them small or at a border.
  init(seed: UInt64) {
    var generator = Repeatable(seed: seed)
    for register in 0..<15 {
      let number = UInt32.random(in: 0 ... .max, using: &generator)
      registers[register] = generator.pick([number, number, number & 63, 0x7FFF_FFFF, 0x8000_0000, .max, 0])
    }
    registers[13] &= ~3
    (negative, zero, carry, overflow) = (seed & 1 != 0, seed & 2 != 0, seed & 4 != 0, seed & 8 != 0)
  }

  var flags: [Bool] { [negative, zero, carry, overflow] }
}

/// Carries out the code on several machines and compares each with what `meaning` does to it.
func expect(
  _ code: [UInt16], leavingFlags: Bool = false, sourceLocation: SourceLocation = #_sourceLocation,
  _ comment: @autoclosure () -> String = "", means meaning: (inout Machine) -> Void
) {
  for seed in UInt64(0)..<6 {
    var (machine, expected) = (Machine(seed: seed), Machine(seed: seed))
    let flags = machine.flags
    guard machine.run(code) else {
      Issue.record("\(code) is not to be read: \(comment())", sourceLocation: sourceLocation)
      return
    }
    meaning(&expected)
    guard
      machine.registers != expected.registers || machine.memory != expected.memory
        || leavingFlags && machine.flags != flags
    else { continue }
    let text = code.map { String($0, radix: 16) }.joined(separator: " ")
    Issue.record("\(text): \(comment()) with seed \(seed)", sourceLocation: sourceLocation)
    return
  }
}

/// Low and high registers, the first and last of them.
let someRegisters: [CoreRegister] = [.r0, .r1, .r7, .r8, .r12, .lr]

/// Numbers on both sides of what the encodings can carry.
let borders: [UInt32] = {
  let magnitudes: [UInt32] = [
    0, 1, 7, 8, 0xFE, 0xFF, 0x100, 0x101, 0x3FC, 0xFFF, 0x1000, 0xFFFF, 0x1_0000, 0x1_FE00, 0xFF_0000,
    0xFF_00FF,
    0xFF00_FF00, 0xABAB_ABAB, 0xFF_0100, 0xFF_FFFF, 0x3FFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x1234_5678,
    0x1234,
    0xFF0, 0x3F_C000, 0x80_0000, 0xFF01,
  ]
  return magnitudes + magnitudes.map { 0 &- $0 } + magnitudes.map { ~$0 }
}()

extension Assembler.Operation: CaseIterable {
  public static let allCases: [Self] = [.add, .subtract, .reverseSubtract, .and, .or, .exclusiveOr, .clear]

  func callAsFunction(_ left: UInt32, _ right: UInt32) -> UInt32 {
    switch self {
    case .add: left &+ right
    case .subtract: left &- right
    case .reverseSubtract: right &- left
    case .and: left & right
    case .or: left | right
    case .exclusiveOr: left ^ right
    case .clear: left & ~right
    }
  }
}

extension ShiftType {
  func callAsFunction(_ value: UInt32, by distance: UInt32) -> UInt32 {
    switch self {
    case .left: value << distance
    case .right: value >> distance
    case .arithmeticRight: UInt32(bitPattern: Int32(bitPattern: value) >> distance)
    case .rotateRight: value >> (distance & 31) | value << ((32 - distance & 31) & 31)
    }
  }
}

@Suite struct AssemblerTests {
  @Test func `a move from any register to any leaves everything else`() {
    for to in someRegisters + [.sp] {
      for from in someRegisters + [.sp] {
        expect(assembled { $0.move(to, from) }, leavingFlags: true) { $0[to] = $0[from] }
      }
    }
  }

  @Test func `a constant is moved whatever it is`() {
    for to in someRegisters {
      for value in borders {
        expect(assembled { $0.move(to, value) }, "\(to) = \(value)") { $0[to] = value }
        let long = assembled { $0.moveLong(to, value) }
        #expect(long.count == 4)
        expect(long, leavingFlags: true, "\(to) = \(value)") { $0[to] = value }
      }
    }
  }

  @Test(arguments: Assembler.Operation.allCases)
  func `two registers are combined whichever they are`(operation: Assembler.Operation) {
    for to in someRegisters {
      for left in someRegisters {
        for right in someRegisters {
          expect(assembled { $0.combine(operation, to, left, right) }, "\(to) = \(left) \(right)") {
            $0[to] = operation($0[left], $0[right])
          }
        }
      }
    }
  }

  @Test(arguments: Assembler.Operation.allCases, ShiftType.allCases)
  func `the right side is shifted before`(operation: Assembler.Operation, type: ShiftType) {
    for distance in [1, 2, 7, 15, 31] as [UInt32] {
      let code = assembled { $0.combine(operation, .r9, .r2, .r7, type, distance) }
      expect(code, leavingFlags: true, "\(distance)") {
        $0[.r9] = operation($0[.r2], type($0[.r7], by: distance))
      }
    }
  }

  @Test(arguments: Assembler.Operation.allCases)
  func `a register and a constant are combined where one instruction can`(operation: Assembler.Operation) {
    for (to, left) in [(.r3, .r3), (.r2, .r3), (.r2, .r9), (.r9, .r9), (.r10, .r0)]
      as [(CoreRegister, CoreRegister)]
    {
      for value in borders {
        var isDone = false
        let code = assembled { isDone = $0.combine(operation, to, left, value) }
        #expect(isDone ? code.count == 1 || code.count == 2 : code.isEmpty)
        #expect(isDone == operation.isPossible(with: value), "\(operation) \(value)")
        guard isDone else { continue }
        expect(code, "\(to) = \(left) \(value)") { $0[to] = operation($0[left], value) }
      }
    }
  }

  @Test func `a complement, an extension and a reversal work on all registers`() {
    for to in someRegisters {
      for from in someRegisters {
        expect(assembled { $0.complement(to, from) }) { $0[to] = ~$0[from] }
        expect(assembled { $0.extend(.uxth, .uxthWide, to, from) }, leavingFlags: true) {
          $0[to] = $0[from] & 0xFFFF
        }
        expect(assembled { $0.extend(.rev, .revWide, to, from) }, leavingFlags: true) {
          $0[to] = $0[from].byteSwapped
        }
      }
    }
  }

  @Test(arguments: ShiftType.allCases)
  func `shifts have every distance, as a number and in a register`(type: ShiftType) {
    for to in someRegisters {
      for from in someRegisters {
        for distance in [1, 2, 8, 16, 30, 31] as [UInt32] {
          expect(assembled { $0.shift(type, to, from, by: distance) }, "\(to) = \(from) by \(distance)") {
            $0[to] = type($0[from], by: distance)
          }
        }
        for by in someRegisters {
          expect(assembled { $0.shift(type, to, from, by: by) }, "\(to) = \(from) by \(by)") {
            $0[to] = type($0[from], by: $0[by] & 0xFF)
          }
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `a field of any width is taken from anywhere`(signed: Bool) {
    for (to, from) in [(.r0, .r0), (.r1, .r0), (.r8, .r0), (.r0, .r8)] as [(CoreRegister, CoreRegister)] {
      for lowest in UInt32(0)..<32 {
        for width in 1...(32 - lowest) {
          let code = assembled { $0.extract(to, from, lowest: lowest, width: width, signed: signed) }
          #expect(code.count <= 2)
          expect(code, "\(to) = \(from) from \(lowest), \(width) wide") {
            let top = $0[from] << (32 - lowest - width)
            $0[to] = signed ? ShiftType.arithmeticRight(top, by: 32 - width) : top >> (32 - width)
          }
        }
      }
    }
  }

  @Test func `a product is taken of any two registers`() {
    for to in someRegisters {
      for left in someRegisters {
        for right in someRegisters {
          expect(assembled { $0.multiply(to, left, right) }) { $0[to] = $0[left] &* $0[right] }
        }
      }
    }
  }

  // MARK: Lengths

  @Test func `the shortest encoding is taken`() {
    func count(_ body: (inout Assembler) -> Void) -> Int { assembled(body).count }
    #expect(count { $0.move(.r3, .r3) } == 0)
    #expect(count { $0.move(.r3, .r12) } == 1)
    #expect(count { $0.move(.r3, 255) } == 1)
    #expect(count { $0.move(.r8, 255) } == 2)
    #expect(count { $0.move(.r3, 0xFFFF) } == 2)
    #expect(count { $0.move(.r3, 0xFFFF_FF00) } == 2)
    #expect(count { $0.move(.r3, 0x1234_5678) } == 4)
    #expect(count { $0.combine(.add, .r1, .r2, .r3) } == 1)
    #expect(count { $0.combine(.add, .r8, .r2, .r8) } == 1)
    #expect(count { $0.combine(.add, .r8, .r2, .r3) } == 2)
    #expect(count { $0.combine(.and, .r2, .r1, .r2) } == 1)
    #expect(count { $0.combine(.clear, .r2, .r1, .r2) } == 2)
    #expect(count { _ = $0.combine(.add, .r1, .r2, 7) } == 1)
    #expect(count { _ = $0.combine(.add, .r1, .r2, 8) } == 2)
    #expect(count { _ = $0.combine(.add, .r1, .r1, .max) } == 1)
    #expect(count { _ = $0.combine(.subtract, .r1, .r1, 0 &- 255) } == 1)
    #expect(count { _ = $0.combine(.and, .r1, .r2, 0xFF) } == 1)
    #expect(count { $0.shift(.left, .r1, .r2, by: 3) } == 1)
    #expect(count { $0.shift(.left, .r1, .r1, by: .r2) } == 1)
    #expect(count { $0.shift(.left, .r1, .r2, by: .r2) } == 2)
    #expect(count { $0.multiply(.r1, .r2, .r1) } == 1)
    #expect(count { $0.transfer(.word, isLoad: true, .r1, base: .r2, offset: 124) } == 1)
    #expect(count { $0.transfer(.word, isLoad: true, .r1, base: .sp, offset: 1020) } == 1)
    #expect(count { $0.transfer(.byte, isLoad: true, .r1, base: .r2, offset: 31) } == 1)
    #expect(count { $0.transfer(.halfword, isLoad: true, .r1, base: .r2, offset: 62) } == 1)
    #expect(count { $0.transfer(.signedByte, isLoad: true, .r1, base: .r2, index: .r3, shift: 0) } == 1)
    #expect(count { $0.push(0x40FF) } == 1)
    #expect(count { $0.push(0x0100) } == 2)
    #expect(count { $0.pop(0x80FF) } == 1)
  }

  // MARK: Comparisons

  @Test func `a comparison sets all flags as a subtraction does`() {
    func expectFlags(_ code: [UInt16], _ left: CoreRegister, _ right: (Machine) -> UInt32, _ comment: String)
    {
      for seed in UInt64(0)..<8 {
        var machine = Machine(seed: seed)
        let (x, y) = (machine[left], right(machine))
        let before = machine.registers
        let isRead = machine.run(code)
        #expect(isRead && machine.registers == before)
        let difference = x &- y
        let overflow = Int32(bitPattern: x).subtractingReportingOverflow(Int32(bitPattern: y)).overflow
        #expect(
          machine.flags == [difference >> 31 == 1, difference == 0, x >= y, overflow], "\(comment), \(seed)")
      }
    }
    for left in someRegisters {
      for right in someRegisters {
        expectFlags(assembled { $0.compare(left, right) }, left, { $0[right] }, "\(left) \(right)")
      }
      for value in borders {
        var isDone = false
        let code = assembled { isDone = $0.compare(left, value) }
        let isPossible = ImmediateConstant(value) != nil || ImmediateConstant(0 &- value) != nil
        #expect(isDone == isPossible && code.isEmpty != isDone)
        if isDone { expectFlags(code, left, { _ in value }, "\(left) \(value)") }
      }
    }
  }

  // MARK: The buffer

  @Test func `what does not fit is counted but not written`() {
    var storage = [UInt16](repeating: 0, count: 3)
    var assembler = Assembler(storage.mutableSpan)
    assembler.emit(.nop)
    #expect(!assembler.isOverfull && assembler.capacity == 3)
    assembler.emit(.bl, 5)
    #expect(!assembler.isOverfull && assembler.count == 3)
    assembler.emit(.nop)
    #expect(assembler.isOverfull && assembler.count == 4 && assembler.halfword(at: 3) == 0)
    assembler.restart()
    #expect(!assembler.isOverfull && assembler.count == 0)
    #expect(storage == [0xBF00, 0xF000, 0xF805])
  }

  @Test func `half an instruction at the end of the buffer does not trap`() {
    var storage = [UInt16](repeating: 0, count: 1)
    var assembler = Assembler(storage.mutableSpan)
    assembler.emit(.bWide, 5)
    _ = assembler.aim(branchAt: 0, to: 100)
    _ = assembler.aim(branchAt: 7, to: 100)
    #expect(assembler.count == 2)
  }
}

extension Assembler.Operation {
  /// Whether one instruction of the table takes the number.
  fileprivate func isPossible(with value: UInt32) -> Bool {
    func isConstant(_ value: UInt32) -> Bool { ImmediateConstant(value) != nil }
    return switch self {
    case .add, .subtract: isConstant(value) || isConstant(0 &- value) || value < 0x1000 || 0 &- value < 0x1000
    case .reverseSubtract, .or: isConstant(value)
    case .exclusiveOr: isConstant(value) || value == .max
    case .and: isConstant(value) || isConstant(~value) || value & (value &+ 1) == 0
    case .clear: isConstant(value) || isConstant(~value)
    }
  }
}
