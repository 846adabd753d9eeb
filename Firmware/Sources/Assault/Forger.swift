import RandomPrograms

/// Where things are that forged code may want to reach.
struct Landmarks {
  var block, arena, blockEnd: UInt32
  var code, codeEnd: UInt32
  var neighbour: UInt32

  /// An address at which something begins or ends, or one near it, or any number.
  func address(_ numbers: inout SeededNumbers) -> UInt32 {
    let place: UInt32
    switch numbers.below(12) {
    case 0: place = numbers.pick([block, arena, blockEnd])
    case 1: place = arena &+ numbers.below(blockEnd &- arena)
    case 2: place = numbers.pick([code, codeEnd, neighbour])
    case 3: place = code &+ numbers.below(codeEnd &- code)
    case 4: place = 512 + numbers.below(1536)
    case 5: place = numbers.pick([0, 512, 2048, 0x3F_F000, 0x40_0000])
    case 6: place = numbers.pick([0x2000_0000, 0x2040_0000, 0x2100_0000, 0x4000_4000, 0x4020_0000])
    case 7: place = 0xE000_E000 &+ numbers.below(0x1000)
    case 8: place = 0xFFFF_FFE0 &+ numbers.below(32)
    case 9: place = numbers.below(64)
    case 10: place = numbers.boundaryWord()
    default: return numbers.word()
    }
    return numbers.chance(50) ? place : place &+ numbers.below(128) &- 64
  }
}

/// Makes code that nobody would compile.
struct Forger {
  var numbers: SeededNumbers
  let landmarks: Landmarks
  private(set) var count = 0

  init(seed: UInt64, landmarks: Landmarks) {
    numbers = SeededNumbers(seed: seed)
    self.landmarks = landmarks
  }

  /// The longest code that is forged, in halfwords, compiled code aside.
  static var limit: Int { 320 }

  /// Fills `code` from its start, and the rest with one halfword.
  ///
  /// - Parameters:
  ///   - code: at least `limit` halfwords.
  ///   - template: compiled code, of which some is changed a little.
  ///   - entry: how many bytes from its first that is entered.
  /// - Returns: how many halfwords were forged, and how many bytes from the first it is entered.
  mutating func forge(
    into code: inout MutableSpan<UInt16>, template: Span<UInt16>, entry: UInt
  ) -> (count: Int, entry: UInt) {
    let rest = numbers.pick(
      [0xDEDE, 0xDEDE, 0xBF00, 0x0000, 0xE7FE, 0xDF01, 0xFFFF] as InlineArray<7, UInt16>)
    switch numbers.below(16) {
    case 0...3:
      let length = 2 + Int(numbers.below(60))
      while count < length { put(numbers.word(), into: &code) }
    case 4...7 where template.count > 0:
      for index in template.indices { code[index] = template[index] }
      for _ in 0...numbers.below(6) {
        let index = Int(numbers.below(UInt32(template.count)))
        code[index] = changed(code[index])
      }
      fill(&code, from: template.count, rest)
      return (template.count, entry)
    case 8, 9:
      let length = 4 + Int(numbers.below(60))
      if numbers.chance(50) { setRegisters(into: &code) }
      while count < length { branch(into: &code) }
    case 10, 11:
      for _ in 0...numbers.below(6) { callHelper(into: &code) }
      put16(numbers.pick([0xDF01, 0xE7FE]), into: &code)
    default:
      setRegisters(into: &code)
      for _ in 0...numbers.below(12) { gadget(into: &code) }
      if numbers.chance(30) { put(0xF85D_FB08, into: &code) }
    }
    fill(&code, from: count, rest)
    return (count, 0)
  }

  /// Numbers for registers, then a jump into the routines.
  mutating func jump(to address: UInt32, into code: inout MutableSpan<UInt16>) -> Int {
    for register: UInt32 in 0...9 { load(landmarks.address(&numbers), into: register, &code) }
    load(landmarks.address(&numbers), into: 12, &code)
    if numbers.chance(50) { load(landmarks.address(&numbers), into: 11, &code) }
    if numbers.chance(25) { moveStack(into: &code) }
    load(address | 1, into: 10, &code)
    put16(0x4700 | 10 << 3, into: &code)
    fill(&code, from: count, 0xDEDE)
    return count
  }

  private mutating func arenaAddress() -> UInt32 {
    switch numbers.below(4) {
    case 0: numbers.below(300)
    case 1: landmarks.blockEnd &- numbers.below(64)
    default: landmarks.arena &+ numbers.below(landmarks.blockEnd &- landmarks.arena)
    }
  }

  // MARK: Pieces

  private func fill(_ code: inout MutableSpan<UInt16>, from start: Int, _ rest: UInt16) {
    for index in start..<code.count { code[index] = rest }
  }

  private mutating func changed(_ halfword: UInt16) -> UInt16 {
    switch numbers.below(4) {
    case 0: UInt16(truncatingIfNeeded: numbers.word())
    case 1: halfword &+ 1
    case 2:
      numbers.pick(
        [0xDF03, 0xDF04, 0xDF01, 0xBD00, 0x4700, 0x46AD, 0xBF00, 0xE7FE] as InlineArray<8, UInt16>)
    default: halfword ^ 1 << UInt16(numbers.below(16))
    }
  }

  private mutating func put16(_ halfword: UInt32, into code: inout MutableSpan<UInt16>) {
    guard count < Self.limit else { return }
    code[count] = UInt16(truncatingIfNeeded: halfword)
    count += 1
  }

  /// The halfword that stands first in the upper bits.
  private mutating func put(_ word: UInt32, into code: inout MutableSpan<UInt16>) {
    put16(word >> 16, into: &code)
    put16(word, into: &code)
  }

  private mutating func load(
    _ value: UInt32, into register: UInt32, _ code: inout MutableSpan<UInt16>
  ) {
    // MOVW and MOVT (ARM DDI 0403, A7.7.76 and A7.7.79).
    move(0xF240_0000, value & 0xFFFF, into: register, &code)
    move(0xF2C0_0000, value >> 16, into: register, &code)
  }

  private mutating func move(
    _ opcode: UInt32, _ half: UInt32, into register: UInt32, _ code: inout MutableSpan<UInt16>
  ) {
    let first = (half >> 11 & 1) << 26 | (half >> 12) << 16
    put(opcode | first | (half >> 8 & 7) << 12 | register << 8 | half & 0xFF, into: &code)
  }

  private mutating func setRegisters(into code: inout MutableSpan<UInt16>) {
    for register: UInt32 in 0...12 where numbers.chance(35) {
      load(landmarks.address(&numbers), into: register, &code)
    }
    if numbers.chance(20) { moveStack(into: &code) }
  }

  private mutating func moveStack(into code: inout MutableSpan<UInt16>) {
    load(landmarks.address(&numbers) & ~3, into: 7, &code)
    put16(0x4685 | 7 << 3, into: &code)
  }

  private mutating func branch(into code: inout MutableSpan<UInt16>) {
    let word = numbers.word()
    switch numbers.below(8) {
    case 0, 1: put16(0xD000 | word & 0xFFF, into: &code)
    case 2: put16(0xE000 | word & 0x7FF, into: &code)
    case 3: put(0xF000_8000 | word & 0x07FF_7FFF, into: &code)
    case 4: put16(0xB100 | word & 0xAFF, into: &code)
    case 5: put16(0x4700 | word & 0xFF, into: &code)
    case 6: put(0xE8D0_F000 | word & 0x000F_001F, into: &code)
    default: put16(word & 0x3FFF, into: &code)
    }
  }

  private mutating func gadget(into code: inout MutableSpan<UInt16>) {
    let word = numbers.word()
    switch numbers.below(20) {
    // One register, with an offset of 12 bits or any other, or of 16 bits.
    case 0, 1: put(0xF880_0000 | word & 0x007F_FFFF, into: &code)
    case 2: put(0xF800_0000 | word & 0x01FF_FFFF, into: &code)
    case 3: put16(0x5000 &+ word % 0x5000, into: &code)
    // Several registers, two, exclusive, table branches.
    case 4: put(0xE880_0000 | word & 0x013F_FFFF, into: &code)
    case 5: put(0xE840_0000 | word & 0x01BF_FFFF, into: &code)
    case 6: put16((word & 1 << 16 == 0 ? 0xB400 : 0xBC00) | word & 0x1FF, into: &code)
    case 7: put16(numbers.pick([0x4685, 0x4485]) | word & 0x78, into: &code)
    case 8: put16(0xB000 | word & 0xFF, into: &code)
    case 9: put16(0x4700 | word & 0xFF, into: &code)
    case 10: put16(0xDF00 | (numbers.chance(90) ? word % 7 : word & 0xFF), into: &code)
    case 11, 12: callHelper(into: &code)
    // Special registers, masks, hints and conditions, breakpoints and what does not exist.
    case 13: put(0xF380_8000 | word & 0x007F_0FFF, into: &code)
    case 14: put16(numbers.pick([0xB660, 0xBF00, 0xBE00, 0xDE00]) | word & 0xFF, into: &code)
    // Coprocessors and floating point.
    case 15: put(0xEC00_0A00 | word & 0x13FF_FFFF, into: &code)
    case 16: put(0xEA00_0000 | word & 0x15FF_FFFF, into: &code)
    case 17: branch(into: &code)
    case 18: put(word, into: &code)
    default: put16(word, into: &code)
    }
  }

  /// What is in the registers becomes the arguments: often an address of the arena, or one near it, and small numbers.
  private mutating func callHelper(into code: inout MutableSpan<UInt16>) {
    let word = numbers.word()
    if numbers.chance(70) {
      for register: UInt32 in 0...7 {
        let place = arenaAddress()
        load(register & 1 == 0 ? place : numbers.chance(90) ? 0 : numbers.below(2), into: register, &code)
      }
      put(0xE92D_00FF, into: &code)
    }
    put(0xE92D_0000 | word & 0x1FFF, into: &code)
    if numbers.chance(50) { put(0xE92D_00FF, into: &code) }
    if numbers.chance(50) {
      // At a position.
      load(word >> 16 & 31, into: 12, &code)
      put16(0xB082, into: &code)
      put16(0xDF03, into: &code)
    } else {
      // With a number.
      load(word >> 16 & 127, into: 0, &code)
      put16(0x2100, into: &code)
      put16(0xB403, into: &code)
      put16(0xB082, into: &code)
      put16(0xDF04, into: &code)
    }
  }
}
