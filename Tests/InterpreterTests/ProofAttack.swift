import BPF
import Compartment
import Helpers

@testable import Interpreter
@testable import Verifier

/// Numbers that repeat exactly: SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Programs at random that keep the structural rules and like what the analysis of values likes: addresses of all
/// regions, bounds that are compared with, spills, loops, calls.
struct ProgramGenerator {
  private var numbers: SeededNumbers
  private var program: [Instruction] = []

  private static let alu = Operation.allCases.filter {
    ($0.instructionClass == .alu || $0.instructionClass == .alu64)
  }
  private static let branches = Operation.allCases.filter(\.isConditionalJump)
  private static let accesses = Operation.allCases.filter { $0.accessSize != nil && !$0.isPacketAccess }
  private static let frequent: [Operation] = [
    .add64Reg, .add64Imm, .add64Imm, .sub64Reg, .and64Imm, .and32Imm, .mov64Reg, .mov64Reg, .mov64Imm,
    .mov32Reg, .lsh64Imm, .rsh64Imm, .arsh64Imm, .mul64Imm, .add32Imm, .mov32Imm, .div64Reg, .mod64Imm,
    .or64Reg, .xor64Imm,
  ]

  init(seed: UInt64) {
    numbers = SeededNumbers(state: seed)
  }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[Int(numbers.next() % UInt64(choices.count))] }
  private mutating func chance(_ percent: UInt64) -> Bool { numbers.next() % 100 < percent }
  /// Mostly one of few registers, so that values meet.
  private mutating func register() -> Register {
    chance(75) ? pick([.r0, .r6, .r7, .r8]) : Register.allCases[Int(numbers.next() % 10)]
  }
  private mutating func operand() -> Register { chance(8) ? .r10 : register() }

  private mutating func immediate(for operation: Operation) -> Int32 {
    let code = operation.opcode & 0xF0
    if code == 0x60 || code == 0x70 || code == 0xC0 {
      return pick([0, 1, 3, 8, 31, 32, 32, 33, 48, 56, 63, 64, -1])
    }
    if chance(20) { return Int32(truncatingIfNeeded: numbers.next()) }
    return pick([
      0, 1, 2, 3, 4, 7, 8, 15, 16, 24, 31, 32, 60, 63, 64, 127, 255, 256, 504, 512, 4095, 65535, -1, -2, -4,
      -8,
      -16, -64, -256, -512, .max, .min, .max - 7, .min + 8, 0x7FFF_FFF8, 0x5555_5555,
    ])
  }

  mutating func next() -> [Instruction] {
    program = []
    for number in 0..<10 {
      if let register = Register(rawValue: UInt8(number)), chance(register == .r1 ? 5 : 95) {
        begin(register)
      }
    }
    let length = 8 + Int(numbers.next() % 28)
    let hasFunction = chance(25)
    for _ in 0..<length { append() }
    program += [Instruction(.mov64Imm, destination: .r0), Instruction(.exit)]
    if hasFunction {
      let start = program.count
      // It may write to the frame of its caller.
      program += [
        Instruction(.stxdw, destination: .r2, source: .r3), Instruction(.stxb, destination: .r3, source: .r4),
      ]
      for _ in 0..<8 { append() }
      program += [Instruction(.mov64Imm, destination: .r0), Instruction(.exit)]
      callFunction(at: start)
    }
    aimJumps()
    return program
  }

  private mutating func begin(_ register: Register) {
    switch numbers.next() % 7 {
    case 0, 1:
      program.append(Instruction(.mov64Imm, destination: register, immediate: immediate(for: .mov64Imm)))
    case 2: program += load(register, numbers.next() >> (numbers.next() % 64))
    case 3:
      program.append(Instruction(.mov64Reg, destination: register, source: .r10))
      program.append(Instruction(.add64Imm, destination: register, immediate: pick([-8, -16, -64, -512])))
    case 4: program.append(Instruction(.mov64Reg, destination: register, source: .r1))
    case 5: program += [Instruction(.lddwData, destination: register), Instruction(.wideUpperHalf)]
    default: program += [Instruction(.lddwRodata, destination: register), Instruction(.wideUpperHalf)]
    }
  }

  private mutating func append() {
    switch numbers.next() % 100 {
    case 0..<48:
      let operation = chance(60) ? pick(Self.frequent) : pick(Self.alu)
      program.append(
        Instruction(
          operation, destination: register(), source: operand(), immediate: immediate(for: operation)))
    case 48..<70:
      let operation = pick(Self.branches)
      program.append(
        Instruction(
          operation, destination: operand(), source: operand(), immediate: immediate(for: operation)))
    case 70..<92:
      let operation =
        chance(70) ? pick([.ldxb, .ldxw, .ldxdw, .stxb, .stxdw, .stxdw, .stdw]) : pick(Self.accesses)
      let writes = operation.instructionClass == .stx || operation.instructionClass == .st
      let base: Register = chance(35) ? .r10 : register()
      let offset: Int16 =
        base == .r10 ? -pick([8, 8, 16, 24, 32, 4, 12, 7, 512]) : pick([0, 0, 0, 4, 8, 1, 16, -8, -16, 100])
      program.append(
        Instruction(
          operation, destination: writes ? base : register(),
          source: writes ? operation.isAtomic ? register() : operand() : base,
          offset: offset, immediate: immediate(for: operation)))
    case 92..<94: appendIndexedAccess()
    case 94..<96: begin(register())
    case 96: program.append(Instruction(.ja))
    default:
      program.append(
        Instruction(
          .callHelper,
          immediate: Int32(pick([Helper.memcpy, .strlen, .fetchLocal, .nowMilliseconds]).rawValue)))
    }
  }

  /// An access of any size somewhere in the frame or the data, at an index that is known roughly, near slots that
  /// are written and read whole.
  private mutating func appendIndexedAccess() {
    let (pointer, index) = (pick([Register.r3, .r4, .r5]), pick([Register.r6, .r7, .r8]))
    let slot = pick([Int16(-8), -16, -24, -32])
    let stored = pick([Operation.stxb, .stxh, .stxw, .stxdw, .atomicAdd32, .atomicFetchAdd64, .stb, .stw])
    let isStore = chance(70)
    let (operation, displacement) =
      (
        isStore ? stored : pick([.ldxb, .ldxh, .ldxw, .ldxdw, .ldxsb, .ldxsw]),
        pick([Int16(0), 0, 4, 8, -4, 1])
      )
    program += [
      Instruction(.and64Imm, destination: index, immediate: pick([1, 1, 2, 3, 4, 7, 8, 12])),
      Instruction(.lsh64Imm, destination: index, immediate: pick([0, 0, 1, 2, 2, 3])),
      Instruction(.mov64Reg, destination: pointer, source: .r10),
      Instruction(.add64Imm, destination: pointer, immediate: Int32(slot) - pick([0, 0, 0, 4, 8])),
    ]
    if chance(70) { program.append(Instruction(.stxdw, destination: .r10, source: register(), offset: slot)) }
    program.append(Instruction(.add64Reg, destination: pointer, source: index))
    program.append(
      Instruction(
        operation, destination: isStore ? pointer : register(),
        source: isStore ? register() : pointer, offset: displacement, immediate: pick([0, -1, 5, .min])))
    if chance(70) { program.append(Instruction(.ldxdw, destination: register(), source: .r10, offset: slot)) }
  }

  private mutating func callFunction(at start: Int) {
    let places = program.indices.filter {
      $0 < start - 2 && program[$0].operation.instructionClass == .alu64
    }
    guard !places.isEmpty else { return }
    let place = pick(places)
    program[place] = Instruction(.callLocal, immediate: Int32(start - place - 1))
  }

  /// Points every jump at an instruction, mostly forward.
  private mutating func aimJumps() {
    let targets = program.indices.filter { program[$0].operation != .wideUpperHalf }
    for index in program.indices where program[index].operation.isJump {
      let near = targets.filter { chance(25) ? $0 <= index && index - $0 < 12 : $0 > index && $0 - index < 9 }
      let target = near.isEmpty ? index + 1 : pick(near)
      let old = program[index]
      program[index] = Instruction(
        old.operation, destination: old.destination, source: old.source, offset: Int16(target - index - 1),
        immediate: old.operation == .ja32 ? Int32(target - index - 1) : old.immediate)
    }
  }
}

/// Keeps what the analysis knew before each instruction.
struct StateRecorder: AnalysisObserver {
  static var isInterested: Bool { true }
  var states: [Int: AnalysisState] = [:]

  mutating func willRun(_ instruction: Instruction, at index: Int, _ state: borrowing AnalysisState) {
    states[index] = copy state
  }
}

/// Runs a program one instruction at a time with the interpreter, and holds every proof and every state of the analysis
/// against what is really there.
struct ProofChecker {
  /// What is wrong, if anything.
  private(set) var failure: String?
  private(set) var proofsChecked = 0

  private static let dataSize = 24
  private static let contextSize = 40
  private static let preserved: [Register] = [.r6, .r7, .r8, .r9]
  static let regions = Regions(dataSize: dataSize, rodataSize: 16, contextSize: contextSize)
  private let rodata = [UInt8](1...15) + [0]

  mutating func check(
    _ program: Span<Instruction>, _ states: [Int: AnalysisState], frames: Int, steps: Int, seed: UInt64
  ) {
    var arena = Arena(size: 8192)
    do throws(ArenaError) {
      try arena.prepare(
        frames: frames, dataSize: Self.dataSize, bssSize: 0, contextSize: Self.contextSize)
    } catch {
      failure = "\(error)"
      return
    }
    var numbers = SeededNumbers(state: seed)
    var window = arena.context
    for index in window.indices { window[index] = UInt8(truncatingIfNeeded: numbers.next()) }
    let context = arena.contextAddress
    let rodata = rodata
    var memory = arena.memory(rodata: rodata.span)
    let bases = Bases(
      data: memory.dataAddress, rodata: memory.rodataAddress, context: context)
    var interpreter = Interpreter(capacity: 3)
    interpreter[.r1] = context
    interpreter[.r2] = UInt64(Self.contextSize)
    interpreter[.r10] = memory.stackTop
    var calls: [(index: Int, saved: [UInt64])] = []
    var index = 0
    var host = RecordingHost()
    for _ in 0..<steps {
      let instruction = program[index]
      check(instruction, at: index, states[index], interpreter, bases, memory)
      guard failure == nil else { return }
      switch instruction.operation {
      case .callLocal:
        guard calls.count + 1 < frames else { return }
        calls.append((index + 1, Self.preserved.map { interpreter[$0] }))
        interpreter[.r10] -= 512
        index += 1 + Int(instruction.immediate)
      case .exit:
        guard let call = calls.popLast() else { return }
        for (register, value) in zip(Self.preserved, call.saved) { interpreter[register] = value }
        interpreter[.r10] += 512
        index = call.index
      default:
        let upperHalf = instruction.operation.isWide ? program[index + 1] : nil
        guard
          let next = execute(instruction, upperHalf, &interpreter, &memory, &host)
        else { return }
        if instruction.proven.contains(.resultFitsWord),
          interpreter[instruction.destination] >> 32 != 0
        {
          failure = "result of \(index) does not fit a word"
        }
        index += next == 0 ? 1 : (upperHalf == nil ? 1 + (instruction.distance ?? 0) : 2)
      }
    }
  }

  /// Lets the interpreter run one instruction; jumps are aimed at the second of two traps. Returns which of them it
  /// came to, `nil` when it was stopped.
  private func execute(
    _ instruction: Instruction, _ upperHalf: Instruction?, _ interpreter: inout Interpreter,
    _ memory: inout CompartmentMemory, _ host: inout RecordingHost
  ) -> Int? {
    var single = instruction
    if instruction.operation.isJump {
      single = Instruction(
        instruction.operation, destination: instruction.destination, source: instruction.source, offset: 1,
        immediate: instruction.operation == .ja32 ? 1 : instruction.immediate)
    }
    single.resolved = instruction.resolved
    let end = Instruction(.trap)
    let program: InlineArray<3, Instruction> = [single, upperHalf ?? end, end]
    interpreter.load(program.span, entry: 0, granted: .all, for: memory)
    let outcome = interpreter.run(memory: &memory, budget: 100, segment: 100, host: &host)
    guard case .trapped(let trap) = outcome.result, trap.index > 0 else { return nil }
    return trap.index - 1
  }

  private struct Bases {
    let data, rodata, context: UInt64
  }

  private mutating func check(
    _ instruction: Instruction, at index: Int, _ state: AnalysisState?, _ interpreter: borrowing Interpreter,
    _ bases: Bases,
    _ memory: borrowing CompartmentMemory
  ) {
    let proofs = instruction.proven
    func value(_ register: Register) -> UInt64 { interpreter[register] }
    guard proofs.contains(.reachable), let state else {
      failure = "\(index) was not thought reachable"
      return
    }
    for register in Register.allCases
    where !holds(state[register], value(register), bases, value(.r10)) {
      failure = "\(index): \(register) is \(value(register)), not in \(state[register])"
    }
    for slot in 0..<64 where !state.slot(slot).isUnknown {
      let address = value(.r10) &- 512 &+ UInt64(slot * 8)
      guard let number = try? memory.load(at: address, as: UInt64.self) else { continue }
      if !holds(state.slot(slot), number, bases, value(.r10)) {
        failure = "\(index): slot \(slot) is \(number), not in \(state.slot(slot))"
      }
    }
    proofsChecked += proofs.rawValue.nonzeroBitCount
    if let size = instruction.operation.accessSize {
      let isLoad = instruction.operation.instructionClass == .ldx
      let address =
        value(isLoad ? instruction.source : instruction.destination)
        &+ UInt64(bitPattern: Int64(instruction.offset))
      if proofs.contains(.inBounds) {
        let pointer =
          unsafe isLoad
          ? memory.bounds.readable(at: address, count: UInt(size))
          : memory.bounds.writable(at: address, count: UInt(size)).map { UnsafeRawPointer($0) }
        if unsafe pointer == nil { failure = "\(index) is out of bounds" }
      }
      if proofs.contains(.aligned), address % UInt64(size) != 0 { failure = "\(index) is not aligned" }
    }
    let comparesRegisters = instruction.operation.takesRegister
    let operand =
      comparesRegisters ? value(instruction.source) : UInt64(bitPattern: Int64(instruction.immediate))
    if proofs.contains(.destinationFitsWord), value(instruction.destination) >> 32 != 0 {
      failure = "destination of \(index) does not fit a word"
    }
    if proofs.contains(.sourceFitsWord), operand >> 32 != 0 {
      failure = "source of \(index) does not fit a word"
    }
    let divisor = instruction.operation.is64Bit ? operand : operand & 0xFFFF_FFFF
    if proofs.contains(.divisorNonZero), divisor == 0 { failure = "divisor of \(index) is zero" }
  }

  /// Whether `value` is one of those that the analysis thought possible.
  private func holds(_ known: AbstractValue, _ value: UInt64, _ bases: Bases, _ frame: UInt64) -> Bool {
    func isMember(_ number: UInt64) -> Bool {
      let distance = UInt32(truncatingIfNeeded: number) &- known.low
      return distance <= known.extent && distance & known.stepMask == (known.isConstant ? distance : 0)
        && (!known.isConstant || distance == 0)
    }
    func isSigned(_ number: UInt64) -> Bool {
      Int64(Int32(truncatingIfNeeded: number)) == Int64(bitPattern: number)
    }
    switch known.kind {
    case .uninitialised, .indeterminate: return true
    case .any: return isMember(value)
    case .zeroExtended: return value >> 32 == 0 && isMember(value)
    case .signExtended: return isSigned(value) && isMember(value)
    case .shifted: return value & 0xFFFF_FFFF == 0 && isMember(value >> 32)
    case .stack: return isSigned(value &- frame) && isMember(value &- frame)
    case .data: return isSigned(value &- bases.data) && isMember(value &- bases.data)
    case .rodata: return isSigned(value &- bases.rodata) && isMember(value &- bases.rodata)
    case .context: return isSigned(value &- bases.context) && isMember(value &- bases.context)
    }
  }
}
