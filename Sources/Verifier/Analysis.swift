import BPF

/// The forward analysis of values: follows the program from state to state until nothing new comes up, and notes in each
/// instruction what holds of it.
///
/// Where jumps lead, the states that come there are joined and kept (`JoinPoints`). Those that have changed are gone on
/// from in the order of the text, around and around. Jumps backward widen, so loops settle in a few rounds however deep
/// they are nested. The work is bounded by `visitsPerInstruction`; beyond that, and at join points beyond
/// `lastNumber`, nothing is known at any of them, which takes one more round and no memory.
struct Analysis: ~Copyable {
  /// Instructions the analysis may look at for each one of the program.
  private static var visitsPerInstruction: Int { 12 }
  /// `mark` of an instruction that is a join point without a number: everything may come there.
  private static var unnumbered: UInt8 { 255 }
  private static var lastNumber: Int { 254 }

  let regions: RegionLimits
  var state: Workspace
  private var visitsLeft: Int
  /// Whether reached means reachable and an instruction seen to break a rule breaks it for certain.
  private var isExact: Bool
  private var hasRefusals = false
  private var isRetracing = false
  /// What is proven about the instruction that is looked at.
  var proofs = Proofs.reachable
  /// Whether a way was found to the end of the program, or to where it sleeps.
  var canEnd = false

  /// Marks the join points of the program. They are at most as many as `words` has room for, else nothing gets a number.
  init(
    _ instructions: inout MutableSpan<Instruction>, entry: Int, regions: Regions,
    cells: AnalysisCells
  ) {
    for index in instructions.indices { instructions[index].mark = 0 }
    instructions[entry].mark = Self.unnumbered
    for index in instructions.indices {
      guard let distance = instructions[index].distance else { continue }
      instructions[index + 1 + distance].mark = Self.unnumbered
    }
    let capacity = min(Self.lastNumber, cells.count - Workspace.joinBase)
    var count = 0
    var isExact = true
    for index in instructions.indices where instructions[index].mark != 0 {
      if count == capacity {
        isExact = false
        break
      }
      count += 1
      instructions[index].mark = UInt8(truncatingIfNeeded: count)
    }
    self.regions = RegionLimits(regions)
    self.isExact = isExact
    visitsLeft = instructions.count * Self.visitsPerInstruction
    state = Workspace(cells, joinCount: count)
    for index in instructions.indices {
      let number = Int(instructions[index].mark)
      if number != 0, number <= count { state.setInstruction(ofJoin: number, index) }
    }
  }

  /// Analyses the program.
  ///
  /// - Throws: the first rule in the order of the text that the program breaks for certain.
  mutating func run<Observer: AnalysisObserver & ~Copyable>(
    _ instructions: inout MutableSpan<Instruction>, entry: Int, _ observer: inout Observer
  ) throws(VerifierError) {
    state.beginProgram(contextSize: regions.context)
    arrive(at: entry, from: -1, instructions)
    settle(&instructions)
    if visitsLeft < 0 { giveUp(&instructions) }
    if isExact && hasRefusals || Observer.isInterested {
      try retrace(&instructions, &observer)
    }
    guard canEnd || !isExact else { throw VerifierError(.neverEnds, at: entry) }
  }

  /// Follows the program until nothing changes any more or the visits are used up.
  private mutating func settle(_ instructions: inout MutableSpan<Instruction>) {
    if !isExact { followUnnumbered(&instructions) }
    while visitsLeft >= 0, let number = state.takeWaitingJoin() {
      state.load(join: number)
      follow(from: state.cells.instruction(ofJoin: number), &instructions)
    }
  }

  /// Follows the program from each join point with a state in which nothing is known.
  @inline(never)
  private mutating func followUnnumbered(_ instructions: inout MutableSpan<Instruction>) {
    for index in instructions.indices where instructions[index].mark == Self.unnumbered {
      state.forgetAll()
      follow(from: index, &instructions)
    }
  }

  /// Starts again with nothing known at any join point.
  private mutating func giveUp(_ instructions: inout MutableSpan<Instruction>) {
    isExact = false
    visitsLeft = instructions.count
    for index in instructions.indices {
      if instructions[index].mark != 0 { instructions[index].mark = Self.unnumbered }
      instructions[index].proofs = 0
    }
    followUnnumbered(&instructions)
  }

  /// Goes on from instruction `start`, with what `state` says, to the next join points.
  @inline(never)
  private mutating func follow(from start: Int, _ instructions: inout MutableSpan<Instruction>) {
    var index = start
    while visitsLeft > 0 {
      visitsLeft -= 1

      let goesOn: Bool
      do throws(Breach) {
        goesOn = try step(at: index, instructions)
      } catch {
        hasRefusals = true
        proofs = isExact ? .refused : .reachable
        goesOn = goesOnAfterBreach(at: index, instructions)
      }
      instructions[index].proofs = proofs.rawValue
      let next = index + (instructions[index].operation.isWide ? 2 : 1)
      guard goesOn else { return }
      if instructions[next].mark != 0 {
        arrive(at: next, from: index, instructions)
        return
      }
      index = next
    }
    visitsLeft = -1
  }

  /// Whether to go on behind an instruction that breaks a rule, as if it had not: when that is not certain.
  @inline(never)
  private mutating func goesOnAfterBreach(
    at index: Int, _ instructions: borrowing MutableSpan<Instruction>
  ) -> Bool {
    let operation = instructions[index].operation
    state.forgetAll()
    guard !isExact, operation.mayContinue else { return false }
    if operation.isConditionalJump {
      arrive(at: index + 1 + Int(instructions[index].offset), from: index, instructions)
    }
    return true
  }

  /// Adds `state` to what is known at join point `target`.
  mutating func arrive(at target: Int, from source: Int, _ instructions: borrowing MutableSpan<Instruction>) {
    let number = instructions[target].mark
    guard number != Self.unnumbered, !isRetracing else { return }
    if state.add(toJoin: Int(number), comesFromBehind: target <= source) {
      state.setWaiting(join: Int(number))
    }
  }

  /// Goes through all that can run once more, now that it is settled, and throws the first refusal.
  private mutating func retrace<Observer: AnalysisObserver & ~Copyable>(
    _ instructions: inout MutableSpan<Instruction>, _ observer: inout Observer
  ) throws(VerifierError) {
    isRetracing = true
    for start in instructions.indices {
      let number = instructions[start].mark
      guard number != 0, !instructions[start].proven.isEmpty else { continue }
      if number == Self.unnumbered {
        state.forgetAll()
      } else {
        state.load(join: Int(number))
      }
      var index = start
      repeat {
        let instruction = instructions[index]
        if Observer.isInterested { observer.willRun(instruction, at: index, AnalysisState(state)) }
        let goesOn: Bool
        do throws(Breach) {
          goesOn = try step(at: index, instructions)
        } catch {
          if isExact { throw VerifierError(error, at: index) }
          goesOn = instruction.operation.mayContinue
          state.forgetAll()
        }
        guard goesOn else { break }
        index += instruction.operation.isWide ? 2 : 1
      } while instructions[index].mark == 0
    }
  }
}

/// The rule that an instruction breaks: what a `VerifierError` says, but small, as throwing it is part of everything here.
struct Breach: Error {
  let rule: VerifierError.Rule
  let found: Int32
  let expected: Int32

  @inline(never)
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
