import BPF

/// The forward analysis of values: follows the program from state to state until nothing new comes up, and notes in each
/// instruction what holds of it.
///
/// Where jumps lead, the states that come there are joined and kept (`JoinPoints`). Those that have changed are gone on
/// from in the order of the text, around and around. Jumps backward widen, so loops settle in a few rounds however deep
/// they are nested. Each round knows what is different from the one before (`Differences`): an instruction none of whose
/// operands is gives what it gave, which is kept with it, and where nothing is any more the round ends. The work is bounded
/// by `visitsPerInstruction`; beyond that, and at join points beyond `lastNumber`, nothing is known at any of them,
/// which takes one more round and no memory.
struct Analysis: ~Copyable {
  /// Instructions the analysis may look at for each one of the program.
  private static var visitsPerInstruction: Int { 12 }
  /// `mark` of an instruction that is a join point without a number: everything may come there.
  private static var unnumbered: UInt8 { 255 }
  private static var lastNumber: Int { 254 }

  let text: AnalysedText
  let state: Workspace
  let joinBase: Int
  let regions: RegionLimits
  private var visitsLeft: Int
  /// Whether reached means reachable and an instruction seen to break a rule breaks it for certain.
  private var isExact: Bool
  private var hasRefusals = false
  private(set) var isRetracing = false
  /// What may be different from the last time the instruction was looked at.
  var differences = Differences.everything
  /// What is proven about the instruction that is looked at.
  var proofs = Proofs.reachable
  /// The rule that the instruction breaks that was looked at last and broke one.
  var breach = Breach(.emptyProgram, found: 0)
  /// Whether a way was found to the end of the program, or to where it sleeps.
  var canEnd = false
  /// How many likely bounds there are, and the next to be replaced.
  var boundCount = 0
  var nextBound = 0
  /// The join point that was followed last.
  private var lastJoin = 0
  /// The first cell that is not in use.
  var used: Int

  /// Marks the join points of the program. They are at most as many as `state` has room for, else nothing gets a number.
  init(_ text: AnalysedText, entry: Int, regions: RegionLimits, state: Workspace) {
    self.text = text
    self.state = state
    joinBase = state.joinBase
    let capacity = min(Self.lastNumber, state.count - joinBase)
    let count = text.markJoinPoints(entry: entry, unnumbered: Self.unnumbered, capacity: capacity, state)
    self.regions = regions
    isExact = count.isAll
    used = joinBase + count.numbered
    visitsLeft = text.count * Self.visitsPerInstruction
  }

  /// Analyses the program.
  ///
  /// - Throws: the first rule in the order of the text that the program breaks for certain.
  mutating func run<Observer: AnalysisObserver & ~Copyable>(
    entry: Int, _ observer: inout Observer
  ) throws(VerifierError) {
    state.beginProgram(contextSize: regions.context)
    arrive(at: entry, from: -1)
    settle()
    if isExact && hasRefusals || Observer.isInterested { try retrace(&observer) }
    guard canEnd || !isExact else { throw VerifierError(.neverEnds, at: entry) }
  }

  /// Follows the program until nothing changes any more or the visits are used up.
  @inline(never)
  private mutating func settle() {
    if !isExact { followUnnumbered() }
    while visitsLeft >= 0, let number = state.takeWaitingJoin(after: lastJoin) {
      lastJoin = number
      differences = load(join: number)
      follow(from: instruction(ofJoin: number))
    }
    if visitsLeft < 0 { giveUp() }
  }

  /// Follows the program from each join point with a state in which nothing is known.
  @inline(never)
  private mutating func followUnnumbered() {
    for index in 0..<text.count where text.mark(index) == Self.unnumbered {
      state.forgetAll()
      follow(from: index)
    }
  }

  /// Starts again with nothing known at any join point.
  @inline(never)
  private mutating func giveUp() {
    isExact = false
    visitsLeft = text.count
    for index in 0..<text.count {
      if text.mark(index) != 0 { text.setMark(index, Self.unnumbered) }
      text.note(index, proofs: 0)
    }
    followUnnumbered()
  }

  /// Goes on from instruction `start`, with what `state` says and what is said to be different, to the next join points.
  @inline(never) @_optimize(speed)
  private mutating func follow(from start: Int) {
    let (text, state) = (text, state)
    var index = start
    // What is not exact goes on behind instructions that break rules, which leaves nothing to compare with.
    if !isExact { differences = Differences.everything }
    var instruction = text[start]
    repeat {
      let traits = UInt32(instruction.operation.traits.rawValue)
      let bit = 1 as Differences.Bits &<< UInt32(instruction.destination.rawValue)
      // What the result depends on.
      var uses = Differences.anything | bit &* (traits &>> 1 & 1)
      uses |= (traits &>> 2 & 1) &<< UInt32(instruction.source.rawValue)
      var next = index &+ 1
      if traits & 0x81 == 1 {
        // Arithmetic and loads; what both reads its source alone may be a load.
        if traits == 5 { uses |= Differences.stack }
        if differences & uses == 0, instruction.proofs < Proofs.refused.rawValue {
          // As the last time.
          state[instruction.destination] = instruction.resolved
          differences &= ~bit
        } else if !compute(instruction, at: index, bit) {
          break
        }
      } else {
        let outcome =
          traits & 0x12 == 0x12
          ? branch(instruction.operation.opcode, instruction, at: index, uses)
          : step(instruction, at: index, uses)
        if outcome == .breach {
          guard goesOnAfterBreach(at: index, instruction) else { break }
        } else {
          text.note(index, proofs: proofs.rawValue)
          if outcome == .ends { break }
          if instruction.proofs & Proofs.refused.rawValue != 0 { differences = Differences.everything }
        }
        if traits == 0x81 { next &+= 1 }
      }
      instruction = text[next]
      if instruction.mark != 0 {
        arrive(at: next, from: index, differences)
        break
      }
      index = next
    } while differences != 0
    visitsLeft &-= index &- start &+ 1
  }

  /// Does what arithmetic and loads do. Whether to go on.
  @inline(never) @_optimize(speed)
  private mutating func compute(
    _ instruction: Instruction, at index: Int, _ bit: Differences.Bits
  ) -> Bool {
    let opcode = instruction.operation.opcode
    let result = opcode & 7 == 1 ? load(opcode, instruction) : calculate(opcode, instruction)
    guard result != .none else { return goesOnAfterBreach(at: index, instruction) }
    state[instruction.destination] = result
    if instruction.proofs & Proofs.refused.rawValue != 0 { differences = Differences.everything }
    if result != instruction.resolved {
      differences |= bit
    } else if differences & Differences.anything == 0 {
      differences &= ~bit
    }
    text.note(index, proofs: proofs.rawValue, result: result)
    return true
  }

  /// Whether to go on behind an instruction that breaks a rule, as if it had not: when that is not certain.
  @inline(never)
  private mutating func goesOnAfterBreach(at index: Int, _ instruction: Instruction) -> Bool {
    hasRefusals = true
    let operation = instruction.operation
    state.forgetAll()
    text.note(index, proofs: (isExact ? Proofs.refused : .reachable).rawValue)
    // It went neither way.
    if operation.isConditionalJump { text.note(index, ways: 0) }
    guard !isExact, operation.mayContinue else { return false }
    if operation.isConditionalJump {
      arrive(at: index + 1 + Int(instruction.offset), from: index)
    }
    return true
  }

  /// Adds `state` to what is known at join point `target`.
  mutating func arrive(at target: Int, from source: Int) {
    arrive(at: target, from: source, differences)
  }

  @inline(never)
  mutating func arrive(at target: Int, from source: Int, _ differences: Differences.Bits) {
    let mark = text.mark(target)
    guard mark != Self.unnumbered, !isRetracing else { return }
    let number = Int(mark)
    let change = add(toJoin: number, differences, comesFromBehind: target <= source)
    if change == 0 { return }
    if change < 0 { createRecord(ofJoin: number) }
    state.setWaiting(join: number)
  }

  /// Goes through all that can run once more, now that it is settled, and throws the first refusal.
  @inline(never)
  private mutating func retrace<Observer: AnalysisObserver & ~Copyable>(
    _ observer: inout Observer
  ) throws(VerifierError) {
    isRetracing = true
    for start in 0..<text.count {
      let number = text.mark(start)
      guard number != 0, !text[start].proven.isEmpty else { continue }
      if number == Self.unnumbered {
        state.forgetAll()
      } else {
        _ = load(join: Int(number))
      }
      var index = start
      repeat {
        let instruction = text[index]
        if Observer.isInterested { observer.willRun(instruction, at: index, AnalysisState(state)) }
        var outcome = retrace(instruction, at: index)
        if outcome == .breach {
          if isExact { throw VerifierError(breach, at: index) }
          outcome = instruction.operation.mayContinue ? .goesOn : .ends
          state.forgetAll()
        }
        guard outcome == .goesOn else { break }
        index += instruction.operation.isWide ? 2 : 1
      } while text.mark(index) == 0
    }
  }

  private mutating func retrace(_ instruction: Instruction, at index: Int) -> StepOutcome {
    let opcode = instruction.operation.opcode
    let result: ValueNumber
    switch opcode & 7 {
    case 4, 7: result = calculate(opcode, instruction)
    case 1: result = load(opcode, instruction)
    default: return step(instruction, at: index, Differences.everything)
    }
    if result == .none { return .breach }
    state[instruction.destination] = result
    return .goesOn
  }

  /// Notes which rule is broken.
  @inline(never)
  mutating func refuse(_ rule: VerifierError.Rule, found: Int64, expected: Int64 = 0) {
    breach = Breach(rule, found: found, expected: expected)
  }
}

/// What an instruction leads to.
enum StepOutcome: UInt8 {
  case goesOn, ends, breach
}

/// The rule that an instruction breaks: what a `VerifierError` says, but small.
struct Breach {
  let rule: VerifierError.Rule
  let found: Int32
  let expected: Int32

  init(_ rule: VerifierError.Rule, found: Int64, expected: Int64 = 0) {
    self.rule = rule
    self.found = Int32(clamping: found)
    self.expected = Int32(clamping: expected)
  }
}

extension VerifierError {
  fileprivate init(_ breach: Breach, at index: Int) {
    self.init(breach.rule, at: index, found: Int64(breach.found), expected: Int64(breach.expected))
  }
}

/// The instructions of the program that is analysed.
@safe
struct AnalysedText {
  // SAFETY: made by `verify` alone, from a span that it keeps from everybody else until the analysis is over; every index is
  // checked.
  private let start: UnsafeMutablePointer<Instruction>
  let count: Int

  @unsafe
  init?(_ instructions: UnsafeMutableBufferPointer<Instruction>) {
    guard let start = instructions.baseAddress else { return nil }
    unsafe self.start = start
    count = instructions.count
  }

  subscript(index: Int) -> Instruction {
    @inline(__always) get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      return unsafe start[index]
    }
  }

  /// The number of the join point that the instruction is, or 0.
  @inline(__always)
  func mark(_ index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe start[index].mark
  }

  @inline(__always)
  func setMark(_ index: Int, _ mark: UInt8) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    unsafe start[index].mark = mark
  }

  @inline(__always)
  func note(_ index: Int, proofs: UInt8) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    unsafe start[index].proofs = proofs
  }

  /// Notes what is proven of an instruction and what it gave the last time.
  @inline(__always)
  func note(_ index: Int, proofs: UInt8, result: UInt8) {
    note(index, proofs: proofs)
    unsafe start[index].resolved = result
  }

  /// What a conditional jump did the last time: bits for both ways.
  @inline(__always)
  func note(_ index: Int, ways: UInt8) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    unsafe start[index].resolved = ways
  }

  /// Numbers the instructions that jumps lead to, from 1 on, in their `mark`, and prepares their cells.
  ///
  /// - Returns: how many have a number, and whether all have.
  @inline(never) @_optimize(speed)
  func markJoinPoints(
    entry: Int, unnumbered: UInt8, capacity: Int, _ state: Workspace
  ) -> (numbered: Int, isAll: Bool) {
    setMark(entry, unnumbered)
    for index in 0..<count {
      let instruction = self[index]
      let traits = instruction.operation.traits
      if traits.isDisjoint(with: [.jumpsByOffset, .jumpsByImmediate]) { continue }
      let distance = traits.contains(.jumpsByOffset) ? Int(instruction.offset) : Int(instruction.immediate)
      setMark(index &+ 1 &+ distance, unnumbered)
    }
    var numbered = 0
    let base = state.joinBase
    for index in 0..<count where mark(index) != 0 {
      if numbered == capacity { return (numbered, false) }
      state[base &+ numbered, 0] = 0
      state[base &+ numbered, 1] = UInt32(truncatingIfNeeded: index)
      state[base &+ numbered, 2] = Differences.everything
      numbered &+= 1
      setMark(index, UInt8(truncatingIfNeeded: numbered))
    }
    return (numbered, true)
  }
}
