import Testing

@testable import Thumb2

@Suite struct MemoryTests {
  static let accesses: [MemoryAccess] = [.byte, .halfword, .word, .signedByte, .signedHalfword]

  /// What a load of this kind finds.
  func loaded(_ access: MemoryAccess, _ machine: Machine, at address: UInt32) -> UInt32 {
    let number = machine.number(at: address, access.size)
    return switch access {
    case .signedByte: UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: number)))
    case .signedHalfword: UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: number)))
    default: number
    }
  }

  func store(_ access: MemoryAccess, _ number: UInt32, _ machine: inout Machine, at address: UInt32) {
    for index in 0..<access.size {
      machine.memory[address &+ index] = UInt8(truncatingIfNeeded: number >> (8 * index))
    }
  }

  /// Asserts that a load and a store go to this address.
  func expectTransfer(
    _ access: MemoryAccess, _ value: CoreRegister, _ comment: String, at address: (Machine) -> UInt32,
    _ body: (inout Assembler, Bool) -> Void
  ) {
    expect(assembled { body(&$0, true) }, leavingFlags: true, comment) {
      $0[value] = loaded(access, $0, at: address($0))
    }
    expect(assembled { body(&$0, false) }, leavingFlags: true, comment) {
      store(access, $0[value], &$0, at: address($0))
    }
  }

  @Test(arguments: accesses)
  func `memory is reached at every distance`(access: MemoryAccess) {
    let offsets = [
      -255, -254, -4, -1, 0, 1, 2, 3, 4, 31, 32, 62, 63, 64, 124, 125, 128, 1020, 1024, 4092, 4095,
    ]
    for value in [.r0, .r7, .r8, .lr] as [CoreRegister] {
      for base in [.r0, .r1, .r8, .sp] as [CoreRegister] {
        for offset in offsets {
          #expect(Assembler.reaches(offset))
          expectTransfer(
            access, value, "\(value) at \(base), \(offset)",
            at: { $0[base] &+ UInt32(bitPattern: Int32(offset)) },
            { $0.transfer(access, isLoad: $1, value, base: base, offset: offset) })
        }
      }
    }
    #expect(!Assembler.reaches(-256) && !Assembler.reaches(4096))
  }

  @Test(arguments: accesses)
  func `memory is reached by an index`(access: MemoryAccess) {
    for value in [.r0, .r7, .r8] as [CoreRegister] {
      for base in [.r0, .r1, .r9, .sp] as [CoreRegister] {
        for index in [.r1, .r2, .r10] as [CoreRegister] {
          for shift in UInt32(0)...3 {
            expectTransfer(
              access, value, "\(value) at \(base), \(index) << \(shift)",
              at: { $0[base] &+ $0[index] << shift },
              { $0.transfer(access, isLoad: $1, value, base: base, index: index, shift: shift) })
          }
        }
      }
    }
  }

  @Test(arguments: [-1020, -4, 0, 4, 1020])
  func `two registers are moved at once`(offset: Int) {
    #expect(Assembler.reachesPair(offset))
    let distance = UInt32(bitPattern: Int32(offset))
    expect(
      assembled { $0.transferPair(isLoad: true, .r9, .r1, base: .r2, offset: offset) }, leavingFlags: true
    ) {
      let address = $0[.r2] &+ distance
      ($0[.r9], $0[.r1]) = ($0.number(at: address, 4), $0.number(at: address &+ 4, 4))
    }
    expect(
      assembled { $0.transferPair(isLoad: false, .r9, .r1, base: .r2, offset: offset) }, leavingFlags: true
    ) {
      store(.word, $0[.r9], &$0, at: $0[.r2] &+ distance)
      store(.word, $0[.r1], &$0, at: $0[.r2] &+ distance &+ 4)
    }
  }

  @Test(arguments: [-1024, -1022, -3, 1, 2, 1022, 1024])
  func `a distance that pairs do not have is told`(offset: Int) {
    #expect(!Assembler.reachesPair(offset))
  }

  @Test(
    arguments: [
      0x0001, 0x00FF, 0x4000, 0x40F0, 0x0100, 0x1000, 0x5FF0, 0x4FFF, 0x0180, 0x4100,
    ] as [UInt32])
  func `registers are pushed with the lowest at the lowest address, and popped again`(set: UInt32) {
    let pushed = (0..<15).filter { set >> $0 & 1 == 1 }
    expect(assembled { $0.push(set) }, leavingFlags: true, "push \(set)") {
      $0[.sp] &-= UInt32(pushed.count * 4)
      for (index, register) in pushed.enumerated() {
        store(.word, $0.registers[register], &$0, at: $0[.sp] &+ UInt32(index * 4))
      }
    }
    expect(assembled { $0.pop(set) }, leavingFlags: true, "pop \(set)") {
      for (index, register) in pushed.enumerated() {
        $0.registers[register] = $0.number(at: $0[.sp] &+ UInt32(index * 4), 4)
      }
      $0[.sp] &+= UInt32(pushed.count * 4)
    }
  }

  @Test(
    arguments: [
      (0x8000, ThumbInstruction(.pop, 0x100)), (0x80FF, ThumbInstruction(.pop, 0x1FF)),
      (0x8FF0, ThumbInstruction(.popWide, 0x8FF0)),
    ] as [(UInt32, ThumbInstruction)])
  func `the program counter can be popped`(set: UInt32, expected: ThumbInstruction) {
    let code = assembled { $0.pop(set) }
    #expect(ThumbInstruction(decoding: code.span, at: 0) == expected)
  }

  @Test(arguments: [-508, -4, 0, 4, 508])
  func `the stack pointer is moved`(bytes: Int) {
    let code = assembled { $0.moveStack(by: bytes) }
    #expect(code.count == (bytes == 0 ? 0 : 1))
    expect(code, leavingFlags: true) { $0[.sp] &+= UInt32(bitPattern: Int32(bytes)) }
  }
}
