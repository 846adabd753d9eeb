public import BPF

/// What a generated program is and wants.
public struct GeneratedProgram: Equatable, Sendable {
  public let instructionCount: Int
  /// Index of the instruction to start at.
  public let entry: Int
  /// Bytes of its regions.
  public let dataSize, rodataSize, contextSize: Int

  public init(instructionCount: Int, entry: Int, dataSize: Int, rodataSize: Int, contextSize: Int) {
    self.instructionCount = instructionCount
    self.entry = entry
    self.dataSize = dataSize
    self.rodataSize = rodataSize
    self.contextSize = contextSize
  }
}

/// Makes a program at random: always the same one from the same seed.
///
/// Most are accepted by a verifier, end after some thousand instructions at most and return. They hold every instruction that
/// programs may use and lean towards what a compiler gets wrong: numbers at the borders of their widths, both
/// widths mixed, copies and exchanges of registers, sums, products, shifts, and masks whose sources change before
/// the result is used, more live numbers than there are registers, loops, calls, accesses at every offset.
///
/// - Parameters:
///   - seed: any number.
///   - instructions: room for the program, at least `ProgramGenerator.capacity`.
/// - Returns: what has been put there.
public func generateProgram(
  seed: UInt64, into instructions: consuming MutableSpan<Instruction>
) -> GeneratedProgram {
  precondition(instructions.count >= ProgramGenerator.capacity)
  var numbers = SeededNumbers(seed: seed)
  let profile = Profile(&numbers)
  var generator = ProgramGenerator(numbers, profile, instructions)
  return generator.generate()
}

/// The state of `generateProgram`.
public struct ProgramGenerator: ~Copyable, ~Escapable {
  /// The most instructions a program has.
  public static let capacity = 2048
  /// From here on functions are brought to an end.
  static let fullAt = 1500

  var program: MutableSpan<Instruction>
  var count = 0
  var numbers: SeededNumbers
  var profile: Profile

  // What is thought to be in registers, bit n for rn. Branches make it a guess.
  /// Those that hold something.
  var initialised: UInt16 = 0
  /// Those that hold an address within a region, and of these those that may not be written to.
  var pointers: UInt16 = 0
  var readOnly: UInt16 = 0
  /// Those that loops count with.
  var reserved: UInt16 = 0
  /// The registers last written, four bits each.
  var recent: UInt16 = 0

  var loopDepth = 0
  /// Where functions start; main is number 0.
  var starts = SIMD16<UInt16>()
  var functionNumber = 0
  var callsLeft = 0

  @_lifetime(copy program)
  init(_ numbers: SeededNumbers, _ profile: Profile, _ program: consuming MutableSpan<Instruction>) {
    self.numbers = numbers
    self.profile = profile
    self.program = program
  }

  // MARK: The whole program

  mutating func generate() -> GeneratedProgram {
    let mainFirst = numbers.chance(70)
    if mainFirst { generateMain() }
    for number in 1..<12 where number <= profile.functions { generateFunction(number) }
    if !mainFirst { generateMain() }
    resolveCalls()
    strayJumps()
    return GeneratedProgram(
      instructionCount: count, entry: Int(starts[0]), dataSize: profile.dataSize,
      rodataSize: profile.rodataSize, contextSize: profile.contextSize)
  }

  private mutating func generateMain() {
    begin(0)
    initialised = 0x406
    if profile.contextSize > 0 { pointers = 0x402 } else { pointers = 0x400 }
    for register in 0..<UInt8(10) where profile.pool >> register & 1 != 0 {
      if register == 1 || register == 2, numbers.chance(60) { continue }
      if numbers.chance(95) { initialise(register) }
    }
    generateItems(profile.length)
    switch profile.ending {
    case .everything: dumpRegisters()
    case .digest:
      for register in 1..<UInt8(10) where initialised >> register & 1 != 0 {
        alu(numbers.chance(50) ? 0xA0 : 0x00, wide: numbers.chance(80), 0, register: register)
      }
    case .result: if initialised & 1 == 0 { initialise(0) }
    }
    if initialised & 1 == 0 { moveImmediate(0) }
    emit(0x95)
    let start = Int(starts[0])
    aimJumps(from: start)
  }

  private mutating func generateFunction(_ number: Int) {
    begin(number)
    initialised = profile.pool & 0x3E | 0x402
    pointers = 0x400
    var survivor: UInt8?
    if profile.calls == .recursion, number == 1 {
      // if r1 s<= 0: return
      emit(0xD5, 1, 0, 2, 0)
      alu(0x00, wide: true, 1, immediate: 0xFFFF_FFFF)
      emit(0x05, 0, 0, 2)
      alu(0xB0, wide: true, 0, register: 1)
      emit(0x95)
      let register = UInt8(6 + numbers.below(4))
      alu(0xB0, wide: numbers.chance(70), register, register: 1)
      reserved |= 1 << register
      survivor = register
    }
    for register in 0..<UInt8(10) where profile.pool >> register & 1 != 0 {
      if initialised >> register & 1 != 0, numbers.chance(70) { continue }
      if survivor != register, numbers.chance(85) { initialise(register) }
    }
    if profile.calls == .chain, number < profile.functions { callFunction(number + 1) }
    generateItems(numbers.below(4) == 0 ? 0 : numbers.below(profile.length / 2 + 6))
    if let survivor {
      alu(0xB0, wide: true, 1, register: survivor)
      call(1)
      if numbers.chance(50) { generateItems(numbers.below(8)) }
    }
    if numbers.chance(30) { dumpRegisters() }
    if initialised & 1 == 0 || numbers.chance(20) { initialise(0) }
    if initialised & 1 == 0 { moveImmediate(0) }
    emit(0x95)
    let start = Int(starts[number])
    aimJumps(from: start)
  }

  private mutating func begin(_ number: Int) {
    functionNumber = number
    starts[number] = UInt16(truncatingIfNeeded: count)
    reserved = 0
    readOnly = 0
    loopDepth = 0
    callsLeft = 3
  }

  /// Writes every register to memory, which keeps all of them needed to the end.
  private mutating func dumpRegisters() {
    for register in 0..<UInt8(10) where initialised >> register & 1 != 0 {
      // Addresses differ in no run, so they may be written too.
      emit(numbers.chance(85) ? 0x7B : 0x63, 10, register, Int16(-8 * (1 + Int(register)) - 400))
    }
  }

  // MARK: Instructions

  /// Appends an instruction.
  mutating func emit(
    _ opcode: UInt8, _ destination: UInt8 = 0, _ source: UInt8 = 0, _ offset: Int16 = 0,
    _ immediate: UInt32 = 0, mark: UInt8 = 0
  ) {
    guard count < Self.capacity else { preconditionFailure("a generated program is too long") }
    let low = UInt32(opcode) | UInt32(destination) << 8 | UInt32(source) << 12
    write(UInt64(low | UInt32(UInt16(bitPattern: offset)) << 16) | UInt64(immediate) << 32, at: count)
    program[count].mark = mark
    count += 1
  }

  func slotIsUpperHalf(_ index: Int) -> Bool { program[index].operation == .wideUpperHalf }

  mutating func write(_ slot: UInt64, at index: Int) {
    guard let instruction = try? Instruction(slot: slot) else {
      preconditionFailure("a generated instruction does not exist")
    }
    program[index] = instruction
  }

  mutating func alu(_ code: UInt8, wide: Bool, _ destination: UInt8, immediate: UInt32, offset: Int16 = 0) {
    emit((wide ? 7 : 4) | code, destination, 0, offset, code == 0x80 ? 0 : immediate)
    wrote(destination)
  }

  mutating func alu(_ code: UInt8, wide: Bool, _ destination: UInt8, register: UInt8, offset: Int16 = 0) {
    emit((wide ? 7 : 4) | code | 8, destination, register, offset)
    let isPointer = code == 0xB0 && offset == 0 && pointers >> register & 1 != 0
    let isReadOnly = readOnly >> register & 1 != 0
    wrote(destination)
    if isPointer { pointers |= 1 << destination }
    if isPointer, isReadOnly { readOnly |= 1 << destination }
  }

  mutating func wide(_ opcode: UInt8, _ destination: UInt8, source: UInt8 = 0, _ number: UInt64) {
    emit(opcode, destination, source, 0, UInt32(truncatingIfNeeded: number))
    emit(0, 0, 0, 0, UInt32(truncatingIfNeeded: number >> 32))
    wrote(destination)
  }

  mutating func wrote(_ register: UInt8) {
    initialised |= 1 << register
    pointers &= ~(1 << register)
    readOnly &= ~(1 << register)
    recent = recent << 4 | UInt16(register)
  }

  // MARK: Choices

  /// A register to write.
  ///
  /// Mostly one that holds something, for many instructions read it too.
  mutating func target() -> UInt8 {
    let all = profile.pool & ~reserved
    let choices = numbers.chance(97) && all & initialised != 0 ? all & initialised : all
    for _ in 0..<4 {
      let register =
        numbers.chance(25)
        ? UInt8(truncatingIfNeeded: recent >> UInt16(4 * numbers.below(4))) & 15
        : UInt8(truncatingIfNeeded: numbers.below(10))
      if register < 10, choices >> register & 1 != 0 { return register }
    }
    return UInt8(truncatingIfNeeded: choices.trailingZeroBitCount)
  }

  /// A register to read.
  mutating func source() -> UInt8 {
    if numbers.chance(2) { return 10 }
    let choices = numbers.chance(98) ? initialised & (profile.pool | reserved) : profile.pool
    for _ in 0..<4 {
      let register =
        numbers.chance(40)
        ? UInt8(truncatingIfNeeded: recent >> UInt16(4 * numbers.below(4))) & 15
        : UInt8(truncatingIfNeeded: numbers.below(10))
      if choices >> register & 1 != 0 { return register }
    }
    return choices == 0 ? 10 : UInt8(truncatingIfNeeded: choices.trailingZeroBitCount)
  }

  mutating func isWide() -> Bool { numbers.chance(profile.widePercent) }
}

/// What kind of program it is to be.
struct Profile {
  enum Calls { case none, tree, chain, recursion, any }
  enum Ending { case everything, digest, result }

  var dataSize, rodataSize, contextSize: Int
  /// The registers that are used.
  var pool: UInt16
  /// How often 64 bits wide.
  var widePercent: UInt32
  /// Items of the main function.
  var length: UInt32
  var calls: Calls
  var functions: Int
  var ending: Ending
  /// Of each kind of item, how often it comes.
  var weights = SIMD16<UInt32>()
  var totalWeight: UInt32 = 0

  init(_ numbers: inout SeededNumbers) {
    dataSize = numbers.pick([0, 8, 16, 24, 40, 64, 72, 128])
    contextSize = numbers.pick([0, 8, 16, 24, 40, 64, 72, 128])
    rodataSize = numbers.pick([0, 1, 4, 7, 16, 33, 64, 100])
    pool = 0
    let size: Int = numbers.pick([2, 3, 4, 6, 8, 10, 10, 10])
    while pool.nonzeroBitCount < size { pool |= 1 << UInt16(numbers.below(10)) }
    widePercent = numbers.pick([0, 10, 30, 50, 50, 70, 90, 100])
    length =
      switch numbers.below(100) {
      case 0..<70: 2 + numbers.below(12)
      case 70..<94: 12 + numbers.below(30)
      case 94..<99: 40 + numbers.below(120)
      default: 200 + numbers.below(300)
      }
    (calls, functions) =
      switch numbers.below(20) {
      case 0..<10: (.none, 0)
      case 10..<15: (.tree, 1 + Int(numbers.below(4)))
      case 15, 16: (.chain, 5 + Int(numbers.below(5)))
      case 17, 18: (.recursion, 1 + Int(numbers.below(2)))
      default: (.any, 1 + Int(numbers.below(3)))
      }
    ending = numbers.chance(50) ? .everything : numbers.chance(60) ? .digest : .result
    // Arithmetic, chains, accesses, branches, loops, calls, helpers, atomics, numbers, swaps.
    let usual: InlineArray<10, UInt32> = [48, 48, 32, 24, 6, 8, 5, 8, 8, 4]
    for index in 0..<10 {
      var weight: UInt32 = numbers.pick([0, 1, 2, 2, 4, 8])
      weight *= usual[index]
      if index == 5, calls == .none { weight = 0 }
      weights[index] = weight
      totalWeight += weight
    }
    if totalWeight == 0 {
      weights[0] = 1
      totalWeight = 1
    }
  }
}
