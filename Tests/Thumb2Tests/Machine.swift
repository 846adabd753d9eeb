import Thumb2

/// Does what instructions say, one after the other, to see what an assembled piece of code means.
struct Machine: Equatable {
  var registers = [UInt32](repeating: 0, count: 16)
  var (negative, zero, carry, overflow) = (false, false, false, false)
  /// Bytes that were stored.
  var memory: [UInt32: UInt8] = [:]

  subscript(_ register: CoreRegister) -> UInt32 {
    get { registers[Int(register.rawValue)] }
    set { registers[Int(register.rawValue)] = newValue }
  }

  /// Carries out all of `code`; a branch out of it ends it too.
  ///
  /// - Returns: whether every instruction was read.
  mutating func run(_ code: [UInt16]) -> Bool {
    var position = 0
    var isSkipping = false
    while position >= 0, position < code.count {
      guard let next = ThumbInstruction(decoding: code.span, at: position) else { return false }
      registers[15] = UInt32(position * 2 + 4)
      position += next.size / 2
      if isSkipping {
        isSkipping = false
        continue
      }
      isSkipping = next.form == .it && !holds(next.a)
      if let distance = step(next) { position += distance + 2 - next.size / 2 }
    }
    registers[15] = 0
    return true
  }

  /// Whether a condition of this number holds. Arm ARM A7.3
  private func holds(_ condition: UInt32) -> Bool {
    let plain =
      switch condition >> 1 {
      case 0: zero
      case 1: carry
      case 2: negative
      case 3: overflow
      case 4: carry && !zero
      case 5: negative == overflow
      case 6: negative == overflow && !zero
      default: true
      }
    return condition < 14 && condition & 1 == 1 ? !plain : plain
  }

  /// Carries out one instruction.
  ///
  /// - Returns: for a branch that is taken, its distance.
  private mutating func step(_ i: ThumbInstruction) -> Int? {
    let (a, b, c, d) = (Int(i.a), Int(i.b), Int(i.c), Int(i.d))
    switch i.form {
    case .lslsImmediate: shiftSettingFlags(a, b, i.c << 2)
    case .lsrsImmediate: shiftSettingFlags(a, b, i.c << 2 | 1)
    case .asrsImmediate: shiftSettingFlags(a, b, i.c << 2 | 2)
    case .addsRegister: add(a, registers[b], registers[c])
    case .subsRegister: subtract(a, registers[b], registers[c])
    case .addsImmediate3: add(a, registers[b], i.c)
    case .subsImmediate3: subtract(a, registers[b], i.c)
    case .movsImmediate: setLogical(a, i.b)
    case .cmpImmediate: subtract(nil, registers[a], i.b)
    case .addsImmediate8: add(a, registers[a], i.b)
    case .subsImmediate8: subtract(a, registers[a], i.b)
    case .ands: setLogical(a, registers[a] & registers[b])
    case .eors: setLogical(a, registers[a] ^ registers[b])
    case .lslsRegister: shiftByRegister(a, a, registers[b], .left, flags: true)
    case .lsrsRegister: shiftByRegister(a, a, registers[b], .right, flags: true)
    case .asrsRegister: shiftByRegister(a, a, registers[b], .arithmeticRight, flags: true)
    case .adcs: add(a, registers[a], registers[b], carry)
    case .sbcs: add(a, registers[a], ~registers[b], carry)
    case .rors: shiftByRegister(a, a, registers[b], .rotateRight, flags: true)
    case .tst: setLogical(nil, registers[a] & registers[b])
    case .rsbs: subtract(a, 0, registers[b])
    case .cmpRegister, .cmpHigh: subtract(nil, registers[a], registers[b])
    case .cmn: add(nil, registers[a], registers[b])
    case .orrs: setLogical(a, registers[a] | registers[b])
    case .muls: setLogical(a, registers[a] &* registers[b])
    case .bics: setLogical(a, registers[a] & ~registers[b])
    case .mvns: setLogical(a, ~registers[b])
    case .add: registers[a] &+= registers[b]
    case .mov: registers[a] = registers[b]

    case .strRegister, .strhRegister, .strbRegister, .strRegisterWide, .strhRegisterWide, .strbRegisterWide:
      store(a, registers[b] &+ registers[c] << i.d, i.form.bytes)
    case .ldrRegister, .ldrhRegister, .ldrbRegister, .ldrsbRegister, .ldrshRegister, .ldrRegisterWide,
      .ldrhRegisterWide, .ldrbRegisterWide, .ldrsbRegisterWide, .ldrshRegisterWide:
      load(a, registers[b] &+ registers[c] << i.d, i.form.bytes, i.form.isSigned)
    case .strImmediate, .strhImmediate, .strbImmediate:
      store(a, registers[b] &+ i.c * i.form.bytes, i.form.bytes)
    case .ldrImmediate, .ldrhImmediate, .ldrbImmediate:
      load(a, registers[b] &+ i.c * i.form.bytes, i.form.bytes, false)
    case .strImmediateWide, .strhImmediateWide, .strbImmediateWide:
      store(a, registers[b] &+ i.c, i.form.bytes)
    case .ldrImmediateWide, .ldrhImmediateWide, .ldrbImmediateWide, .ldrsbImmediateWide, .ldrshImmediateWide:
      load(a, registers[b] &+ i.c, i.form.bytes, i.form.isSigned)
    case .strMinus, .strhMinus, .strbMinus: store(a, registers[b] &- i.c, i.form.bytes)
    case .ldrMinus, .ldrhMinus, .ldrbMinus, .ldrsbMinus, .ldrshMinus:
      load(a, registers[b] &- i.c, i.form.bytes, i.form.isSigned)
    case .strStack: store(a, registers[13] &+ i.b * 4, 4)
    case .ldrStack: load(a, registers[13] &+ i.b * 4, 4, false)
    case .strd, .strdMinus:
      let address = i.form == .strd ? registers[c] &+ i.d * 4 : registers[c] &- i.d * 4
      store(a, address, 4)
      store(b, address &+ 4, 4)
    case .ldrd, .ldrdMinus:
      let address = i.form == .ldrd ? registers[c] &+ i.d * 4 : registers[c] &- i.d * 4
      load(a, address, 4, false)
      load(b, address &+ 4, 4, false)
    case .push: pushAll(i.a & 0xFF | (i.a & 0x100) << 6)
    case .pushWide: pushAll(i.a)
    case .pushOne: pushAll(1 << i.a)
    case .pop: popAll(i.a & 0xFF | (i.a & 0x100) << 7)
    case .popWide: popAll(i.a)
    case .popOne: popAll(1 << i.a)
    case .ldmWide:
      var address = registers[a]
      for register in 0..<16 where i.b >> register & 1 == 1 {
        load(register, address, 4, false)
        address &+= 4
      }

    case .addStack: registers[a] = registers[13] &+ i.b * 4
    case .addToStack: registers[13] &+= i.a * 4
    case .subFromStack: registers[13] &-= i.a * 4

    case .sxth, .sxthWide: registers[a] = UInt32(bitPattern: Int32(Int16(truncatingIfNeeded: registers[b])))
    case .sxtb, .sxtbWide: registers[a] = UInt32(bitPattern: Int32(Int8(truncatingIfNeeded: registers[b])))
    case .uxth, .uxthWide: registers[a] = registers[b] & 0xFFFF
    case .uxtb, .uxtbWide: registers[a] = registers[b] & 0xFF
    case .rev, .revWide: registers[a] = registers[b].byteSwapped
    case .rev16, .rev16Wide:
      registers[a] = (registers[b] & 0xFF00_FF00) >> 8 | (registers[b] & 0xFF_00FF) << 8

    case .andWide: registers[a] = registers[b] & shifted(c, i.d).value
    case .tstWide: setLogical(nil, registers[a] & shifted(b, i.c).value, shifted(b, i.c).carry)
    case .bicWide: registers[a] = registers[b] & ~shifted(c, i.d).value
    case .orrWide: registers[a] = registers[b] | shifted(c, i.d).value
    case .orrsWide: setLogical(a, registers[b] | shifted(c, i.d).value, shifted(c, i.d).carry)
    case .movShifted: registers[a] = shifted(b, i.c).value
    case .movsShifted: shiftSettingFlags(a, b, i.c)
    case .mvnWide: registers[a] = ~shifted(b, i.c).value
    case .eorWide: registers[a] = registers[b] ^ shifted(c, i.d).value
    case .addWide: registers[a] = registers[b] &+ shifted(c, i.d).value
    case .addsWide: add(a, registers[b], shifted(c, i.d).value)
    case .cmnWide: add(nil, registers[a], shifted(b, i.c).value)
    case .adcWide: registers[a] = registers[b] &+ shifted(c, i.d).value &+ (carry ? 1 : 0)
    case .adcsWide: add(a, registers[b], shifted(c, i.d).value, carry)
    case .sbcWide: registers[a] = registers[b] &+ ~shifted(c, i.d).value &+ (carry ? 1 : 0)
    case .sbcsWide: add(a, registers[b], ~shifted(c, i.d).value, carry)
    case .subWide: registers[a] = registers[b] &- shifted(c, i.d).value
    case .subsWide: subtract(a, registers[b], shifted(c, i.d).value)
    case .cmpWide: subtract(nil, registers[a], shifted(b, i.c).value)
    case .rsbWide: registers[a] = shifted(c, i.d).value &- registers[b]
    case .rsbsWide: subtract(a, shifted(c, i.d).value, registers[b])

    case .andConstant: registers[a] = registers[b] & constant(i.c)
    case .tstConstant:
      setLogical(nil, registers[a] & constant(i.b), i.b < 0x400 ? carry : constant(i.b) >> 31 == 1)
    case .bicConstant: registers[a] = registers[b] & ~constant(i.c)
    case .orrConstant: registers[a] = registers[b] | constant(i.c)
    case .movConstant: registers[a] = constant(i.b)
    case .mvnConstant: registers[a] = ~constant(i.b)
    case .eorConstant: registers[a] = registers[b] ^ constant(i.c)
    case .addConstant: registers[a] = registers[b] &+ constant(i.c)
    case .addsConstant: add(a, registers[b], constant(i.c))
    case .cmnConstant: add(nil, registers[a], constant(i.b))
    case .adcConstant: registers[a] = registers[b] &+ constant(i.c) &+ (carry ? 1 : 0)
    case .adcsConstant: add(a, registers[b], constant(i.c), carry)
    case .sbcConstant: registers[a] = registers[b] &+ ~constant(i.c) &+ (carry ? 1 : 0)
    case .sbcsConstant: add(a, registers[b], ~constant(i.c), carry)
    case .subConstant: registers[a] = registers[b] &- constant(i.c)
    case .subsConstant: subtract(a, registers[b], constant(i.c))
    case .cmpConstant: subtract(nil, registers[a], constant(i.b))
    case .rsbConstant: registers[a] = constant(i.c) &- registers[b]
    case .rsbsConstant: subtract(a, constant(i.c), registers[b])

    case .addw: registers[a] = registers[b] &+ i.c
    case .subw: registers[a] = registers[b] &- i.c
    case .movw: registers[a] = i.b
    case .movt: registers[a] = registers[a] & 0xFFFF | i.b << 16
    case .ubfx: registers[a] = (registers[b] << (31 - i.c - i.d)) >> (31 - i.d)
    case .sbfx:
      registers[a] = UInt32(
        bitPattern: Int32(bitPattern: registers[b] << (31 - i.c - i.d)) >> Int32(31 - i.d))
    case .bfi:
      let mask = (UInt32.max >> (31 - (i.d - i.c))) << i.c
      registers[a] = registers[a] & ~mask | registers[b] << i.c & mask
    case .bfc: registers[a] &= ~((UInt32.max >> (31 - (i.d - i.c))) << i.c)

    case .lslWide: shiftByRegister(a, b, registers[c], .left, flags: false)
    case .lsrWide: shiftByRegister(a, b, registers[c], .right, flags: false)
    case .asrWide: shiftByRegister(a, b, registers[c], .arithmeticRight, flags: false)
    case .rorWide: shiftByRegister(a, b, registers[c], .rotateRight, flags: false)
    case .mul: registers[a] = registers[b] &* registers[c]
    case .mla: registers[a] = registers[d] &+ registers[b] &* registers[c]
    case .mls: registers[a] = registers[d] &- registers[b] &* registers[c]
    case .umull: setLong(a, b, registers[c].multipliedFullWidth(by: registers[d]))
    case .umlal:
      let product = UInt64(registers[c]) * UInt64(registers[d])
      let sum = product &+ (UInt64(registers[b]) << 32 | UInt64(registers[a]))
      setLong(a, b, (UInt32(sum >> 32), UInt32(truncatingIfNeeded: sum)))
    case .smull:
      let product = Int32(bitPattern: registers[c]).multipliedFullWidth(by: Int32(bitPattern: registers[d]))
      setLong(a, b, (UInt32(bitPattern: product.high), product.low))
    case .udiv: registers[a] = registers[c] == 0 ? 0 : registers[b] / registers[c]
    case .sdiv:
      let (left, right) = (Int32(bitPattern: registers[b]), Int32(bitPattern: registers[c]))
      registers[a] =
        right == 0 ? 0 : UInt32(bitPattern: left.dividedReportingOverflow(by: right).partialValue)

    case .cbz: return registers[a] == 0 ? i.distance : nil
    case .cbnz: return registers[a] != 0 ? i.distance : nil
    case .bConditional, .bConditionalWide: return holds(i.a) ? i.distance : nil
    case .b, .bWide, .bl: return i.distance
    case .bx, .blx: return .max / 4
    case .nop, .it, .udf, .svc: break
    }
    return nil
  }

  // MARK: Parts of instructions

  private mutating func add(_ destination: Int?, _ left: UInt32, _ right: UInt32, _ carryIn: Bool = false) {
    let sum = UInt64(left) + UInt64(right) + (carryIn ? 1 : 0)
    let result = UInt32(truncatingIfNeeded: sum)
    (negative, zero, carry) = (result >> 31 == 1, result == 0, sum >> 32 == 1)
    overflow = ((left ^ result) & (right ^ result)) >> 31 == 1
    if let destination { registers[destination] = result }
  }

  private mutating func subtract(_ destination: Int?, _ left: UInt32, _ right: UInt32) {
    add(destination, left, ~right, true)
  }

  private mutating func setLogical(_ destination: Int?, _ result: UInt32, _ carryOut: Bool? = nil) {
    (negative, zero, carry) = (result >> 31 == 1, result == 0, carryOut ?? carry)
    if let destination { registers[destination] = result }
  }

  private mutating func setLong(_ low: Int, _ high: Int, _ number: (high: UInt32, low: UInt32)) {
    (registers[low], registers[high]) = (number.low, number.high)
  }

  private func constant(_ bits: UInt32) -> UInt32 { ImmediateConstant(bits: bits).value }

  /// Arm ARM A7.4.2: the type in bits 0 and 1, the distance above; a distance of 0 means 32, or RRX.
  private func shifted(_ register: Int, _ shift: UInt32) -> (value: UInt32, carry: Bool) {
    let (value, distance) = (registers[register], shift >> 2)
    let type = ShiftType.allCases[Int(shift & 3)]
    switch (type, distance) {
    case (.left, 0): return (value, carry)
    case (.rotateRight, 0): return (value >> 1 | (carry ? 1 << 31 : 0), value & 1 == 1)
    case (_, 0): return Self.shift(value, type, 32)
    default: return Self.shift(value, type, distance)
    }
  }

  private static func shift(_ value: UInt32, _ type: ShiftType, _ distance: UInt32) -> (UInt32, Bool) {
    switch type {
    case .left: (value << distance, distance <= 32 && (UInt64(value) << distance) >> 32 & 1 == 1)
    case .right: (value >> distance, (UInt64(value) << 1) >> distance & 1 == 1)
    case .arithmeticRight:
      (
        UInt32(bitPattern: Int32(bitPattern: value) >> distance),
        (Int64(Int32(bitPattern: value)) << 1) >> distance & 1 == 1
      )
    case .rotateRight:
      (
        value >> (distance & 31) | value << (32 - (distance & 31)),
        value >> ((distance &- 1) & 31) & 1 == 1
      )
    }
  }

  private mutating func shiftSettingFlags(_ to: Int, _ from: Int, _ shift: UInt32) {
    let result = shifted(from, shift)
    setLogical(to, result.value, result.carry)
  }

  private mutating func shiftByRegister(
    _ to: Int, _ from: Int, _ distance: UInt32, _ type: ShiftType, flags: Bool
  ) {
    let byte = distance & 0xFF
    let result = byte == 0 ? (registers[from], carry) : Self.shift(registers[from], type, byte)
    if flags { setLogical(to, result.0, result.1) } else { registers[to] = result.0 }
  }

  // MARK: Memory

  /// What is in memory that nobody has written to differs from byte to byte.
  static func untouched(_ address: UInt32) -> UInt8 {
    UInt8(truncatingIfNeeded: (address &* 0x9E37_79B1) >> 21)
  }

  func number(at address: UInt32, _ bytes: UInt32) -> UInt32 {
    (0..<bytes).reduce(0) { sum, index in
      let place = address &+ index
      return sum | UInt32(memory[place] ?? Self.untouched(place)) << (8 * index)
    }
  }

  private mutating func load(_ register: Int, _ address: UInt32, _ bytes: UInt32, _ isSigned: Bool) {
    let (value, unused) = (number(at: address, bytes), 32 - 8 * bytes)
    registers[register] =
      isSigned ? UInt32(bitPattern: Int32(bitPattern: value << unused) >> Int32(unused)) : value
  }

  private mutating func store(_ register: Int, _ address: UInt32, _ bytes: UInt32) {
    for index in 0..<bytes {
      memory[address &+ index] = UInt8(truncatingIfNeeded: registers[register] >> (8 * index))
    }
  }

  private mutating func pushAll(_ set: UInt32) {
    registers[13] &-= UInt32(set.nonzeroBitCount * 4)
    var address = registers[13]
    for register in 0..<16 where set >> register & 1 == 1 {
      store(register, address, 4)
      address &+= 4
    }
  }

  private mutating func popAll(_ set: UInt32) {
    var address = registers[13]
    registers[13] &+= UInt32(set.nonzeroBitCount * 4)
    for register in 0..<16 where set >> register & 1 == 1 {
      load(register, address, 4, false)
      address &+= 4
    }
  }
}

extension Form {
  /// How many bytes a load or store moves, as its name says.
  fileprivate var bytes: UInt32 {
    let kind = "\(self)".dropFirst(3).first { $0 != "s" }
    return kind == "b" ? 1 : kind == "h" ? 2 : 4
  }

  fileprivate var isSigned: Bool { "\(self)".dropFirst(3).first == "s" }
}
