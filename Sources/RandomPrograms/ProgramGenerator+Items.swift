import BPF

extension ProgramGenerator {
  mutating func generateItems(_ length: UInt32) {
    for _ in 0..<length {
      guard count < Self.fullAt else { return }
      generateItem()
    }
  }

  private mutating func generateItem() {
    var number = numbers.below(profile.totalWeight)
    var kind = 0
    while number >= profile.weights[kind] {
      number -= profile.weights[kind]
      kind += 1
    }
    switch kind {
    case 0: generateArithmetic()
    case 1: generateChain()
    case 2: generateAccess()
    case 3: generateBranch()
    case 4: generateLoop()
    case 5: if profile.calls != .none { callSomeFunction() }
    case 6: callHelper()
    case 7: generateAtomic()
    case 8: initialise(target())
    default: exchange()
    }
  }

  // MARK: Numbers and addresses in registers

  mutating func moveImmediate(_ register: UInt8) {
    alu(0xB0, wide: isWide(), register, immediate: numbers.boundaryWord())
  }

  mutating func initialise(_ register: UInt8) {
    switch numbers.below(12) {
    case 0, 1, 2: moveImmediate(register)
    case 3, 4, 5, 6: wide(0x18, register, numbers.boundaryNumber())
    case 7: alu(0xB0, wide: true, register, register: source())
    default: point(register)
    }
  }

  /// Puts an address within some region into a register.
  private mutating func point(_ register: UInt8) {
    let count = UInt32(truncatingIfNeeded: profile.dataSize)
    switch numbers.below(6) {
    case 0 where count > 0, 1 where count > 0:
      wide(0xB8, register, UInt64(numbers.below(count) & (numbers.chance(80) ? ~7 : ~0)))
      pointers |= 1 << register
    case 2 where profile.rodataSize > 0:
      wide(0xD8, register, UInt64(numbers.below(UInt32(truncatingIfNeeded: profile.rodataSize))))
      pointers |= 1 << register
      readOnly |= 1 << register
    default:
      alu(0xB0, wide: numbers.chance(90), register, register: 10)
      let distance =
        32 + 8 * numbers.below(numbers.chance(80) ? 12 : 60) - (numbers.chance(80) ? 0 : numbers.below(8))
      alu(0x00, wide: numbers.chance(90), register, immediate: 0 &- distance)
      pointers |= 1 << register
    }
  }

  // MARK: Arithmetic

  private mutating func generateArithmetic() {
    let wide = isWide()
    let destination = target()
    let code = UInt8(truncatingIfNeeded: numbers.below(14)) << 4
    if code == 0xD0 { return swap(destination) }
    var offset: Int16 = 0
    if code == 0x30 || code == 0x90 { offset = numbers.chance(50) ? 1 : 0 }
    if code == 0x80 { return alu(code, wide: wide, destination, immediate: 0) }
    if numbers.chance(code == 0xB0 ? 80 : 50) {
      if code == 0xB0, numbers.chance(50) {
        offset = wide ? numbers.pick([8, 16, 32]) : numbers.pick([8, 16])
      }
      return alu(code, wide: wide, destination, register: source(), offset: offset)
    }
    let isShift = code == 0x60 || code == 0x70 || code == 0xC0
    alu(
      code, wide: wide, destination, immediate: isShift ? numbers.distance() : numbers.boundaryWord(),
      offset: offset)
  }

  private mutating func swap(_ register: UInt8) {
    emit(numbers.pick([0xD4, 0xDC, 0xD7]), register, 0, 0, numbers.pick([16, 32, 64]))
    wrote(register)
  }

  private mutating func shift(_ code: UInt8, wide: Bool, _ register: UInt8, _ distance: UInt32) {
    alu(code, wide: wide, register, immediate: distance)
  }

  /// Changes a register that something was just computed from.
  private mutating func disturb(_ register: UInt8) {
    guard register < 10, reserved >> register & 1 == 0 else { return }
    switch numbers.below(6) {
    case 0: moveImmediate(register)
    case 1: alu(0x00, wide: isWide(), register, immediate: numbers.boundaryWord())
    case 2: alu(numbers.pick([0x00, 0x10, 0x20, 0xA0]), wide: isWide(), register, register: source())
    case 3: alu(0xB0, wide: isWide(), register, register: source())
    case 4: shift(numbers.pick([0x60, 0x70, 0xC0]), wide: isWide(), register, numbers.distance())
    default: break
    }
  }

  /// Instructions of which a compiler may make fewer, computing late what they compute together.
  private mutating func generateChain() {
    let wide = isWide()
    let (d, a, b) = (target(), source(), source())
    let small = numbers.below(numbers.chance(80) ? 5 : 32)
    switch numbers.below(17) {
    case 0:
      // A scaled sum.
      alu(0xB0, wide: wide, d, register: a)
      shift(0x60, wide: isWide(), d, small)
      if numbers.chance(30) { disturb(a) }
      alu(0x00, wide: isWide(), d, register: b)
      disturb(numbers.chance(50) ? a : b)
    case 1:
      // Some bits.
      alu(0xB0, wide: wide, d, register: a)
      shift(0x60, wide: isWide(), d, numbers.distance())
      shift(numbers.pick([0x70, 0xC0]), wide: isWide(), d, numbers.distance())
      disturb(a)
      if numbers.chance(50) { alu(0x50, wide: isWide(), d, immediate: (1 << numbers.below(32)) &- 1) }
    case 2:
      // A product that is added or subtracted.
      alu(0xB0, wide: wide, d, register: a)
      alu(0x20, wide: isWide(), d, register: b)
      if numbers.chance(40) { disturb(numbers.chance(50) ? a : b) }
      let e = target()
      if numbers.chance(60) {
        alu(numbers.pick([0x00, 0x10]), wide: isWide(), e, register: d)
      } else {
        alu(numbers.pick([0x00, 0x10]), wide: isWide(), d, register: e)
      }
      disturb(numbers.chance(50) ? a : d)
    case 3:
      // Constants added, also to what they are computed from.
      alu(0xB0, wide: wide, d, register: a)
      alu(0x00, wide: isWide(), d, immediate: numbers.boundaryWord())
      if numbers.chance(50) { alu(0x00, wide: isWide(), target(), immediate: numbers.below(9) &- 4) }
      alu(numbers.pick([0x00, 0x10]), wide: isWide(), d, immediate: numbers.boundaryWord())
      disturb(a)
    case 4:
      // Zero or sign extension by shifts.
      if numbers.chance(60) { alu(0xB0, wide: wide, d, register: a) }
      shift(0x60, wide: true, d, numbers.chance(80) ? 32 : numbers.distance())
      if numbers.chance(30) { disturb(a) }
      shift(numbers.pick([0x70, 0xC0]), wide: true, d, numbers.chance(80) ? 32 : numbers.distance())
    case 5:
      // Masks.
      alu(0xB0, wide: wide, d, register: a)
      shift(numbers.pick([0x70, 0xC0]), wide: isWide(), d, numbers.distance())
      alu(
        0x50, wide: isWide(), d,
        immediate: numbers.chance(60) ? (1 << numbers.below(32)) &- 1 : numbers.boundaryWord())
      disturb(a)
    case 6:
      // A copy and its source go different ways.
      alu(0xB0, wide: wide, d, register: a)
      disturb(a)
      alu(numbers.pick([0x00, 0x10, 0x40, 0x50, 0xA0]), wide: isWide(), d, register: b)
      disturb(b)
    case 7:
      // Operands shifted on the way.
      alu(0xB0, wide: wide, d, register: a)
      shift(numbers.pick([0x60, 0x70, 0xC0]), wide: isWide(), d, 1 + numbers.below(31))
      let e = target()
      alu(numbers.pick([0x00, 0x10, 0x40, 0x50, 0xA0]), wide: isWide(), e, register: d)
      if numbers.chance(50) { alu(numbers.pick([0x10, 0xA0, 0x50]), wide: isWide(), d, register: e) }
      disturb(d)
    case 8:
      // Written twice.
      alu(numbers.pick([0x00, 0x20, 0x30, 0x60, 0xA0]), wide: wide, d, register: a)
      alu(0xB0, wide: isWide(), d, register: b)
    case 9:
      // Products by constants with encodings of their own.
      alu(0xB0, wide: wide, d, register: a)
      alu(
        0x20, wide: isWide(), d,
        immediate: numbers.pick([0, 1, 2, 3, 5, 7, 9, 15, 17, 31, 255, 257, ~0, 0x8000_0000]))
      disturb(a)
      if numbers.chance(50) { alu(0x00, wide: isWide(), target(), register: d) }
    case 10:
      // A constant minus something, or a negation.
      alu(0xB0, wide: wide, d, immediate: numbers.boundaryWord())
      alu(numbers.pick([0x10, 0x20, 0x30, 0x90, 0x50, 0xC0]), wide: isWide(), d, register: a)
      disturb(a)
    case 11:
      // Rotation.
      let e = target()
      alu(0xB0, wide: wide, d, register: a)
      alu(0xB0, wide: wide, e, register: a)
      let distance = numbers.below(wide ? 64 : 32)
      shift(0x60, wide: wide, d, distance)
      shift(0x70, wide: wide, e, (wide ? 64 : 32) - distance)
      alu(numbers.pick([0x40, 0xA0, 0x00]), wide: wide, d, register: e)
    case 12:
      // Remainder by hand.
      alu(0xB0, wide: wide, d, register: a)
      let divisor = numbers.boundaryWord()
      alu(0x30, wide: isWide(), d, immediate: divisor)
      alu(0x20, wide: isWide(), d, immediate: divisor)
      if numbers.chance(30) { disturb(a) }
      alu(0x10, wide: isWide(), target(), register: d)
    case 13, 14: generateHalf(d, a, b)
    case 15: generatePartOfSlot(d, a)
    default:
      alu(
        0xB0, wide: wide, d, register: a, offset: wide ? numbers.pick([8, 16, 32]) : numbers.pick([8, 16]))
      disturb(a)
      alu(numbers.pick([0x00, 0x70, 0xC0, 0x50]), wide: isWide(), d, immediate: numbers.boundaryWord())
    }
  }

  /// 64 bits, often of numbers known to be small, of which only one half is needed then.
  private mutating func generateHalf(_ d: UInt8, _ a: UInt8, _ b: UInt8) {
    bound(d, a)
    bound(b, a)
    let code: UInt8 = numbers.pick([
      0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xC0,
    ])
    if code == 0x80 {
      alu(code, wide: true, d, immediate: 0)
    } else if numbers.chance(70) {
      alu(code, wide: true, d, register: b)
    } else {
      let isShift = code == 0x60 || code == 0x70 || code == 0xC0
      alu(code, wide: true, d, immediate: isShift ? numbers.distance() : numbers.boundaryWord())
    }
    if numbers.chance(30) { disturb(b) }
    switch numbers.below(6) {
    case 0: shift(0x70, wide: true, d, 32 + numbers.below(8))
    case 1: shift(0xC0, wide: true, d, 32 + numbers.below(8))
    case 2: shift(0x60, wide: true, d, 32)
    case 3:
      emit(numbers.pick([0xDC, 0xD7]), d, 0, 0, 64)
      wrote(d)
      alu(0xB0, wide: false, d, register: d)
    case 4: alu(0xB0, wide: false, d, register: d)
    default: alu(0x50, wide: isWide(), d, immediate: numbers.boundaryWord())
    }
  }

  /// Makes a register hold a small number, or leaves it as it is.
  private mutating func bound(_ register: UInt8, _ other: UInt8) {
    guard register < 10, reserved >> register & 1 == 0 else { return }
    switch numbers.below(6) {
    case 0: alu(0xB0, wide: false, register, register: other)
    case 1: alu(0x50, wide: true, register, immediate: (1 << numbers.below(32)) &- 1)
    case 2: shift(0x70, wide: true, register, 20 + numbers.below(44))
    case 3: swap(register)
    case 4: moveImmediate(register)
    default: break
    }
  }

  /// A slot of the stack, something that is written to a part of it that is known roughly, and the slot again.
  private mutating func generatePartOfSlot(_ pointer: UInt8, _ a: UInt8) {
    let index = target()
    guard index != pointer else { return initialise(pointer) }
    let slot = -8 * (1 + Int16(numbers.below(6)))
    if a != index { alu(0xB0, wide: true, index, register: a) }
    alu(0x50, wide: isWide(), index, immediate: numbers.pick([1, 3, 4, 7]))
    if numbers.chance(70) { alu(0x60, wide: isWide(), index, immediate: numbers.below(4)) }
    alu(0xB0, wide: true, pointer, register: 10)
    alu(0x00, wide: true, pointer, immediate: UInt32(bitPattern: Int32(slot)) &- numbers.pick([0, 0, 4, 8]))
    alu(0x00, wide: true, pointer, register: index)
    pointers |= 1 << pointer
    if numbers.chance(70) { emit(0x7B, 10, source(), slot) }
    emit(0x63 | sizes[Int(numbers.below(4))], pointer, source(), numbers.pick([0, 0, 4, 1, -4]))
    let register = target()
    if numbers.chance(50) {
      emit(0x79, register, 10, slot)
    } else {
      emit(0x61 | sizes[Int(numbers.below(4))], register, pointer, 0)
    }
    wrote(register)
  }

  /// Registers exchanged, or passed on in a circle.
  private mutating func exchange() {
    let (a, b, c) = (target(), target(), target())
    guard initialised >> a & 1 != 0, initialised >> b & 1 != 0, initialised >> c & 1 != 0 else {
      return initialise(a)
    }
    let wide = isWide()
    switch numbers.below(5) {
    case 0:
      alu(0xB0, wide: wide, c, register: a)
      alu(0xB0, wide: wide, a, register: b)
      alu(0xB0, wide: wide, b, register: c)
    case 1:
      alu(0xB0, wide: wide, a, register: b)
      alu(0xB0, wide: isWide(), b, register: a)
    case 2:
      alu(0xB0, wide: wide, a, register: b)
      alu(0xB0, wide: isWide(), b, register: c)
      alu(0xB0, wide: isWide(), c, register: a)
    case 3:
      alu(0xA0, wide: wide, a, register: b)
      alu(0xA0, wide: wide, b, register: a)
      alu(0xA0, wide: wide, a, register: b)
    default:
      alu(0xB0, wide: true, a, register: b)
      alu(0x00, wide: isWide(), a, immediate: numbers.boundaryWord())
      alu(0xB0, wide: true, b, register: c)
      alu(0x00, wide: isWide(), b, immediate: numbers.boundaryWord())
      alu(0xB0, wide: isWide(), c, register: a)
    }
  }

  // MARK: Accesses

  private var sizes: InlineArray<4, UInt8> { [0x10, 0x08, 0x00, 0x18] }

  private func bytes(_ size: UInt8) -> Int16 { size == 0x18 ? 8 : size == 0 ? 4 : size == 8 ? 2 : 1 }

  private mutating func generateAccess() {
    let size = sizes[Int(numbers.below(4))]
    let kind = numbers.below(10)
    let writes = kind >= 5
    let (base, offset) = place(bytes(size), writes: writes)
    switch kind {
    case 0..<4:
      let register = target()
      emit(0x61 | size, register, base, offset)
      wrote(register)
    case 4:
      let register = target()
      emit(0x81 | (size == 0x18 ? 0 : size), register, base, offset)
      wrote(register)
    case 5, 6: emit(0x62 | size, base, 0, offset, numbers.boundaryWord())
    default: emit(0x63 | size, base, source(), offset)
    }
  }

  /// Where to access so many bytes: a register and an offset, mostly within a region.
  private mutating func place(_ bytes: Int16, writes: Bool) -> (UInt8, Int16) {
    if numbers.chance(3) {
      return (source(), numbers.chance(50) ? 0 : Int16(truncatingIfNeeded: numbers.boundaryWord()))
    }
    let choices = writes ? pointers & ~readOnly : pointers
    if numbers.chance(20), choices & ~0x400 != 0 { return indexed(choices & ~0x400) }
    for _ in 0..<3 {
      let register = UInt8(truncatingIfNeeded: numbers.below(10))
      guard choices >> register & 1 != 0 else { continue }
      if numbers.chance(2) {
        return (
          register, numbers.pick([255, 256, -255, -256, 1020, 1024, 4092, 4095, 4096, 0x7FFF, -0x8000])
        )
      }
      return (register, numbers.chance(70) ? Int16(numbers.below(3)) * bytes : Int16(numbers.below(12)) - 2)
    }
    if numbers.chance(3) { return (10, -bytes + Int16(numbers.below(8))) }
    if numbers.chance(2) { return (10, -508 - Int16(numbers.below(12))) }
    let offset = -bytes * (1 + Int16(numbers.below(UInt32(48 / bytes))))
    return (10, numbers.chance(80) ? offset : offset - Int16(numbers.below(8)))
  }

  /// An address plus a small number that is in a register, scaled perhaps.
  private mutating func indexed(_ choices: UInt16) -> (UInt8, Int16) {
    let base = UInt8(truncatingIfNeeded: choices.trailingZeroBitCount)
    let (index, sum) = (target(), target())
    guard index != base else { return (base, 0) }
    let from = source()
    if from != index { alu(0xB0, wide: isWide(), index, register: from) }
    alu(0x50, wide: isWide(), index, immediate: numbers.pick([1, 3, 7, 15]))
    if numbers.chance(50) { alu(0x60, wide: isWide(), index, immediate: numbers.below(5)) }
    if sum == index {
      alu(0x00, wide: isWide(), index, register: base)
    } else {
      if sum != base { alu(0xB0, wide: isWide(), sum, register: base) }
      alu(0x00, wide: isWide(), sum, register: index)
    }
    pointers |= 1 << sum
    if numbers.chance(20) { disturb(index) }
    return (sum, numbers.chance(70) ? 0 : Int16(numbers.below(8)))
  }

  private mutating func generateAtomic() {
    let isWide = isWide()
    let size: UInt8 = isWide ? 0x18 : 0
    let (base, offset) = place(isWide ? 8 : 4, writes: true)
    let operation: UInt32 = numbers.pick([0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xA0, 0xA1, 0xE1, 0xF1, 0xF1])
    if operation == 0xF1, reserved & 1 == 0, base != 0, numbers.chance(50) {
      emit(0x61 | size, 0, base, offset)
      wrote(0)
    }
    var register = source()
    if operation & 1 != 0, operation != 0xF1 { register = target() }
    if operation == 0xF1, reserved & 1 != 0 { return }
    emit(0xC3 | size, base, register, offset, operation)
    if operation == 0xF1 {
      wrote(0)
    } else if operation & 1 != 0 {
      wrote(register)
    }
  }
}
