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
  static var unnumbered: UInt8 { 255 }
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

  /// Numbers the join points of the program, which are marked but for the entry. Those beyond what `state` has room for get no
  /// number.
  init(_ text: AnalysedText, entry: Int, regions: RegionLimits, state: Workspace) {
    self.text = text
    self.state = state
    joinBase = state.joinBase
    let capacity = min(Self.lastNumber, state.count - joinBase)
    text.setMark(entry, Self.unnumbered)
    let count = text.numberJoinPoints(capacity: capacity, state)
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
    let state = state
    var cursor = text.cursor(at: start)
    var index = start
    // What is not exact goes on behind instructions that break rules, which leaves nothing to compare with.
    var differences = isExact ? differences : Differences.everything
    var instruction = cursor.instruction
    repeat {
      let traits = UInt32(instruction.operation.traits.rawValue)
      var next = index &+ 1
      if traits & 0x81 == 1 {
        // Arithmetic and loads.
        let bit = 1 as Differences.Bits &<< UInt32(instruction.destination.rawValue)
        if differences & Differences.anything == 0, instruction.proofs < Proofs.refused.rawValue,
          // What reads its source alone may be a load.
          differences & Self.uses(instruction, traits, traits == 5 ? Differences.stack : 0) == 0
        {
          // As the last time.
          state[instruction.destination] = instruction.resolved
          differences &= ~bit
        } else {
          let result = evaluate(instruction)
          if result == .none {
            guard goesOnAfterBreach(at: index, instruction) else { break }
          } else {
            state[instruction.destination] = result
            if instruction.proofs & Proofs.refused.rawValue != 0 { differences = Differences.everything }
            if result != instruction.resolved {
              differences |= bit
            } else if differences & Differences.anything == 0 {
              differences &= ~bit
            }
            cursor.note(proofs: proofs.rawValue, result: result)
          }
        }
      } else {
        self.differences = differences
        let uses = Self.uses(instruction, traits, Differences.anything)
        let outcome =
          traits & 0x12 == 0x12
          ? branch(instruction.operation.opcode, instruction, at: index, uses)
          : step(instruction, at: index, uses)
        differences = self.differences
        if outcome == .breach {
          guard goesOnAfterBreach(at: index, instruction) else { break }
        } else {
          cursor.note(proofs: proofs.rawValue)
          if outcome == .ends { break }
          if instruction.proofs & Proofs.refused.rawValue != 0 { differences = Differences.everything }
        }
        if traits == 0x81 {
          next &+= 1
          cursor.advance()
        }
      }
      cursor.advance()
      instruction = cursor.instruction
      if instruction.mark != 0 {
        arrive(at: next, from: index, differences)
        break
      }
      index = next
    } while differences != 0
    visitsLeft &-= index &- start &+ 1
  }

  /// The bits of what an instruction with such traits depends on, and of what else is given.
  @inline(__always)
  private static func uses(
    _ instruction: Instruction, _ traits: UInt32, _ others: Differences.Bits
  ) -> Differences.Bits {
    others | (traits &>> 1 & 1) &<< UInt32(instruction.destination.rawValue)
      | (traits &>> 2 & 1) &<< UInt32(instruction.source.rawValue)
  }

  /// The number of what arithmetic or a load gives; `none` if it breaks a rule.
  @inline(never) @_optimize(speed)
  private mutating func evaluate(_ instruction: Instruction) -> ValueNumber {
    let opcode = instruction.operation.opcode
    return opcode & 7 == 1 ? load(opcode, instruction) : calculate(opcode, instruction)
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
      arrive(at: index + 1 + Int(instruction.offset), from: index, Differences.everything)
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
    guard instruction.operation.traits.intersection([.writesDestination, .isSpecial]) == .writesDestination
    else {
      return step(instruction, at: index, Differences.everything)
    }
    let result = evaluate(instruction)
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

  /// Something that goes through the text from instruction `index` on.
  @inline(__always)
  func cursor(at index: Int) -> InstructionCursor {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    return unsafe InstructionCursor(start.advanced(by: index), start.advanced(by: count &- 1))
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

  /// What a conditional jump did the last time: bits for both ways, taken first, and one for narrowing nothing on the other.
  @inline(__always)
  func note(_ index: Int, ways: UInt8) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
    unsafe start[index].resolved = ways
  }

  /// Numbers the instructions with a mark, from 1 on, in their `mark`, and prepares their cells.
  ///
  /// - Returns: how many have a number, and whether all have.
  @inline(never) @_optimize(speed)
  func numberJoinPoints(capacity: Int, _ state: Workspace) -> (numbered: Int, isAll: Bool) {
    var numbered = 0
    let base = state.joinBase
    var index = 0
    while index < count {
      if mark(index) != 0 {
        if numbered == capacity { return (numbered, false) }
        state[base &+ numbered, 0] = 0
        state[base &+ numbered, 1] = UInt32(truncatingIfNeeded: index)
        state[base &+ numbered, 2] = Differences.everything
        numbered &+= 1
        setMark(index, UInt8(truncatingIfNeeded: numbered))
      }
      index &+= 1
    }
    return (numbered, true)
  }
}

/// A place in the text of a program.
@safe
struct InstructionCursor {
  // SAFETY: made by `AnalysedText`, and from then on within the same text, as it moves behind no instruction but one before
  // the last.
  private var place: UnsafeMutablePointer<Instruction>
  private let last: UnsafeMutablePointer<Instruction>

  @unsafe @inline(__always)
  init(_ place: UnsafeMutablePointer<Instruction>, _ last: UnsafeMutablePointer<Instruction>) {
    unsafe self.place = place
    unsafe self.last = last
  }

  var instruction: Instruction { @inline(__always) get { unsafe place.pointee } }

  /// Goes on to the next instruction, of which there is one.
  @inline(__always)
  mutating func advance() {
    unsafe precondition(place < last)
    unsafe place = place.successor()
  }

  @inline(__always)
  func note(proofs: UInt8) { unsafe place.pointee.proofs = proofs }

  /// Notes what is proven of the instruction and what it gave.
  @inline(__always)
  func note(proofs: UInt8, result: UInt8) {
    note(proofs: proofs)
    unsafe place.pointee.resolved = result
  }
}
