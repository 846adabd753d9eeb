import BPF

/// The forward analysis of values: follows the program from state to state until nothing new comes up, and notes in each
/// instruction what holds of it.
///
/// Where jumps lead, the states that come there are joined and kept (`JoinPoints`). The first join point in the text that
/// has changed is gone on from next, so inner loops settle before what follows them. A jump backward widens, so loops
/// settle after a few rounds. The work is bounded by `visitsPerInstruction`; beyond that, and at join points beyond
/// `lastNumber`, nothing is known at any of them, which takes one more round and no memory.
struct Analysis: ~Copyable, ~Escapable {
  /// Instructions the analysis may look at for each one of the program.
  private static var visitsPerInstruction: Int { 12 }
  /// `mark` of an instruction that is a join point without a number: everything may come there.
  private static var unnumbered: UInt8 { 255 }
  private static var lastNumber: Int { 254 }

  let regions: Regions
  var state: AnalysisState
  var bounds = LikelyBounds()
  private var joins: JoinPoints
  /// Join points that have changed.
  private var waiting = NumberSet()
  private var visitsLeft: Int
  /// Whether reached means reachable and an instruction seen to break a rule breaks it for certain.
  private var isExact: Bool
  private var hasRefusals = false
  private var isRetracing = false
  /// Whether a way to the end of the program was found.
  var canEnd = false

  /// Marks the join points of the program. They are at most as many as `words` has room for, else nothing gets a number.
  @_lifetime(copy words)
  init(
    _ instructions: inout MutableSpan<Instruction>, entry: Int, regions: Regions,
    words: consuming MutableSpan<UInt32>
  ) {
    for index in instructions.indices { instructions[index].mark = 0 }
    instructions[entry].mark = Self.unnumbered
    for index in instructions.indices {
      guard let distance = instructions[index].distance else { continue }
      instructions[index + 1 + distance].mark = Self.unnumbered
    }
    let capacity = min(Self.lastNumber, words.count / 2)
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
    self.regions = regions
    self.isExact = isExact
    visitsLeft = instructions.count * Self.visitsPerInstruction
    state = AnalysisState(start: regions)
    joins = JoinPoints(words, count: count)
    for index in instructions.indices {
      let number = Int(instructions[index].mark)
      if number != 0, number <= count { joins.setInstruction(of: number, index) }
    }
  }

  /// Analyses the program.
  ///
  /// - Throws: the first rule in the order of the text that the program breaks for certain.
  @_lifetime(self: copy self)
  mutating func run<Observer: AnalysisObserver & ~Copyable>(
    _ instructions: inout MutableSpan<Instruction>, entry: Int, _ observer: inout Observer
  ) throws(VerifierError) {
    arrive(at: entry, from: -1, instructions)
    settle(&instructions)
    if visitsLeft < 0 { giveUp(&instructions) }
    if isExact && hasRefusals || Observer.isInterested {
      try retrace(&instructions, &observer)
    }
    guard canEnd || !isExact else { throw VerifierError(.neverEnds, at: entry) }
  }

  /// Follows the program until nothing changes any more or the visits are used up.
  @_lifetime(self: copy self)
  private mutating func settle(_ instructions: inout MutableSpan<Instruction>) {
    if !isExact { followUnnumbered(&instructions) }
    while visitsLeft >= 0, let number = waiting.removeFirst() {
      joins.load(number, into: &state)
      follow(from: joins.instruction(of: number), &instructions)
    }
  }

  /// Follows the program from each join point with a state in which nothing is known.
  @_lifetime(self: copy self)
  private mutating func followUnnumbered(_ instructions: inout MutableSpan<Instruction>) {
    for index in instructions.indices where instructions[index].mark == Self.unnumbered {
      state.forgetAll()
      follow(from: index, &instructions)
    }
  }

  /// Starts again with nothing known at any join point.
  @_lifetime(self: copy self)
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
  @_lifetime(self: copy self)
  private mutating func follow(from start: Int, _ instructions: inout MutableSpan<Instruction>) {
    var index = start
    while visitsLeft > 0 {
      visitsLeft -= 1
      let instruction = instructions[index]
      let operation = instruction.operation
      var proofs = Proofs.reachable
      let next = index + (operation.isWide ? 2 : 1)
      let goesOn: Bool
      do throws(VerifierError) {
        goesOn = try step(instruction, at: index, instructions, &proofs)
      } catch {
        hasRefusals = true
        proofs = isExact ? .refused : .reachable
        goesOn = !isExact && operation.mayContinue
        state.forgetAll()
        if goesOn, operation.isConditionalJump {
          arrive(at: index + 1 + Int(instruction.offset), from: index, instructions)
        }
      }
      instructions[index].proofs = proofs.rawValue
      guard goesOn else { return }
      if instructions[next].mark != 0 {
        arrive(at: next, from: index, instructions)
        return
      }
      index = next
    }
    visitsLeft = -1
  }

  /// Adds `state` to what is known at join point `target`.
  @_lifetime(self: copy self)
  mutating func arrive(at target: Int, from source: Int, _ instructions: borrowing MutableSpan<Instruction>) {
    let number = instructions[target].mark
    guard number != Self.unnumbered, !isRetracing else { return }
    if joins.add(state, to: Int(number), comesFromBehind: target <= source, bounds: bounds) {
      waiting.insert(Int(number))
    }
  }

  /// Goes through all that can run once more, now that it is settled, and throws the first refusal.
  @_lifetime(self: copy self)
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
        joins.load(Int(number), into: &state)
      }
      var index = start
      repeat {
        let instruction = instructions[index]
        observer.willRun(instruction, at: index, state)
        var proofs = Proofs.reachable
        let goesOn: Bool
        do throws(VerifierError) {
          goesOn = try step(instruction, at: index, instructions, &proofs)
        } catch {
          if isExact { throw error }
          goesOn = instruction.operation.mayContinue
          state.forgetAll()
        }
        guard goesOn else { break }
        index += instruction.operation.isWide ? 2 : 1
      } while instructions[index].mark == 0
    }
  }
}

/// A set of numbers from 0 to 255.
private struct NumberSet {
  private var words = InlineArray<8, UInt32>(repeating: 0)

  mutating func insert(_ number: Int) { words[number >> 5] |= 1 << UInt32(number & 31) }

  /// Takes the least number out.
  mutating func removeFirst() -> Int? {
    for index in words.indices where words[index] != 0 {
      let bit = words[index].trailingZeroBitCount
      words[index] &= words[index] &- 1
      return index << 5 | bit
    }
    return nil
  }
}
