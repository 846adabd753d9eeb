import BPF

/// For each instruction that jumps lead to, what is known there.
///
/// A join point takes one cell: the place of its record, or 0; the index of the instruction; what changed (`Differences`, in
/// the lower half) and how often something that came from behind changed it. A record is a state, as `Workspace` has it,
/// with numbers of the known slots alone. Records only lose knowledge, so they stay where they are.
extension Analysis {
  /// In place of the place of a record: nothing is known.
  private static var nothingKnown: UInt32 { .max }
  /// Changes that come from behind after which bounds that move are given up, but for those of a value that has been the
  /// same until then. A number whose upper half is zero keeps that as long as it holds.
  private static var changeLimit: UInt32 { 1 }
  private static var recordHead: Int { Workspace.stateBytes }

  /// The instruction that is join point `number`.
  mutating func instruction(ofJoin number: Int) -> Int { Int(state[joinBase &+ number &- 1, 1]) }

  /// Goes on with what is known at join point `number`, to which something was added.
  ///
  /// - Returns: what is different from when this was done last.
  @inline(never)
  mutating func load(join number: Int) -> Differences.Bits {
    let cell = joinBase &+ number &- 1
    let position = state[cell, 0]
    guard position != Self.nothingKnown else {
      state.forgetAll()
      return Differences.everything
    }
    let record = Int(position)
    let source = state.record(at: record)
    for word in 0..<7 { state.current[word] = source[word] }
    if state.current[5] | state.current[6] != 0 { loadSlots(record) }
    let header = state[cell, 2]
    state[cell, 2] = header & ~0xFFFF
    return Differences.Bits(truncatingIfNeeded: header)
  }

  /// The slots that are known, from a record.
  @inline(never)
  private mutating func loadSlots(_ record: Int) {
    var at = Self.recordHead
    for half in 0..<2 {
      var slots = state.current[5 &+ half]
      while slots != 0 {
        state.keep(half &* 32 &+ slots.trailingZeroBitCount, state[record, byte: at])
        at &+= 1
        slots &= slots &- 1
      }
    }
  }

  /// Joins the state to what is known at `number`, as far as it is different from when it came from the same place before.
  /// Whether that changed.
  @inline(__always)
  mutating func add(toJoin number: Int, _ differences: Differences.Bits, comesFromBehind: Bool) -> Int {
    let cell = joinBase &+ number &- 1
    let position = state[cell, 0]
    if position == Self.nothingKnown { return 0 }
    if position == 0 { return -1 }
    let record = state.record(at: Int(position))
    let changes = state[cell, 2] >> 16
    var changed: Differences.Bits = 0
    let current = state.current
    var rest = differences & 0x3FF
    while rest != 0 {
      let register = rest.trailingZeroBitCount
      rest &= rest &- 1
      let old = record[register: register]
      let new = join(old, current[register: register], comesFromBehind, changes)
      if new != old {
        record[register: register] = new
        changed |= 1 &<< UInt32(truncatingIfNeeded: register)
      }
    }
    let flags = record[register: 11] | current[register: 11]
    if flags != record[register: 11] {
      record[register: 11] = flags
      changed |= Differences.function
    }
    if differences & Differences.stack != 0 {
      if current[3] & ~record[3] | current[4] & ~record[4] != 0 {
        record[3] |= current[3]
        record[4] |= current[4]
        changed |= Differences.stack
      }
      if record[5] | record[6] != 0, joinSlots(Int(position), comesFromBehind, changes) {
        changed |= Differences.stack
      }
    }
    if changed == 0 { return 0 }
    state[cell, 2] =
      (state[cell, 2] | changed) & 0xFFFF | min(changes &+ (comesFromBehind ? 1 : 0), 255) << 16
    return 1
  }

  /// The number of what holds of both values.
  @inline(__always)
  private mutating func join(
    _ old: ValueNumber, _ other: ValueNumber, _ comesFromBehind: Bool, _ changes: UInt32
  ) -> ValueNumber {
    if old == other || old == .unknown { return old }
    // Nothing is known of a value and one that nobody wrote either.
    if min(old, other) <= .indeterminate { return .unknown }
    if old == .word, state.upperHalfIsZero(other) { return old }
    return joinDifferent(old, other, comesFromBehind, changes)
  }

  @inline(never)
  private mutating func joinDifferent(
    _ number: ValueNumber, _ other: ValueNumber, _ comesFromBehind: Bool, _ changes: UInt32
  ) -> ValueNumber {
    let old = state.value(number)
    var new = old.joined(with: state.value(other))
    if new == old { return number }
    if comesFromBehind {
      new =
        changes < Self.changeLimit || old.isConstant
        ? state.widened(old, to: new, boundCount: boundCount)
        : new.upperHalfIsZero ? new.widestWord : .unknown
    }
    return state.number(of: new)
  }

  /// Joins what is known of slots to what a record says of them. Whether that changed.
  @inline(never)
  private mutating func joinSlots(_ record: Int, _ comesFromBehind: Bool, _ changes: UInt32) -> Bool {
    var hasChanged = false
    // What stays known moves up to what was known before it.
    var from = Self.recordHead
    var to = from
    for half in 0..<2 {
      let known = state[record, 5 &+ half]
      let isKnown = state.current[5 &+ half]
      var stays = known
      var rest = known
      while rest != 0 {
        let bit = rest & (0 &- rest)
        rest &= ~bit
        let old = state[record, byte: from]
        let other = isKnown & bit != 0 ? state.known(half &* 32 &+ bit.trailingZeroBitCount) : .unknown
        from &+= 1
        var new = old
        if other != old {
          new = join(old, other, comesFromBehind, changes)
          if new != old { hasChanged = true }
          if new == .unknown {
            stays &= ~bit
            continue
          }
        }
        state[record, byte: to] = new
        to &+= 1
      }
      state[record, 5 &+ half] = stays
    }
    return hasChanged
  }

  /// Makes the record of a join point from the state.
  @inline(never)
  mutating func createRecord(ofJoin number: Int) {
    let cells = (Self.recordHead + state.knownSlots.nonzeroBitCount + 11) / 12
    guard used + cells <= state.count else {
      state[joinBase &+ number &- 1, 0] = Self.nothingKnown
      return
    }
    state[joinBase &+ number &- 1, 0] = UInt32(truncatingIfNeeded: used)
    let record = state.record(at: used)
    for word in 0..<7 { record[word] = state.current[word] }
    var at = Self.recordHead
    for half in 0..<2 {
      var slots = state.current[5 &+ half]
      while slots != 0 {
        state[used, byte: at] = state.known(half &* 32 &+ slots.trailingZeroBitCount)
        at &+= 1
        slots &= slots &- 1
      }
    }
    used += cells
  }
}

/// What of a state may be different from when the analysis came to the same instruction last, on the same way.
enum Differences {
  /// A bit for each register, and those below.
  typealias Bits = UInt32

  /// Something about the stack frame.
  static var stack: Bits { 1 << 11 }
  /// Which function it may be.
  static var function: Bits { 1 << 12 }
  /// Anything: for instance because the analysis was never there.
  static var everything: Bits { 0xFFFF }
  /// Set in `everything` alone.
  static var anything: Bits { 1 << 15 }
}
