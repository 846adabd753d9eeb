import BPF

/// For each instruction that jumps lead to, what is known there, in words of the caller.
///
/// A join point takes two words, and when the analysis has come there a record with the masks of what is known and three words
/// for each register and slot that something is known about. Records only lose knowledge, so they stay where they are.
struct JoinPoints: ~Copyable, ~Escapable {
  /// Of a record: masks in one word (`Header`), slots written in two, slots known in two.
  private static var headSize: Int { 5 }
  private static var valueSize: Int { 3 }
  /// In place of the position of a record: nothing is known.
  private static var nothingKnown: UInt32 { .max }
  /// Changes that come from behind after which what changes is given up.
  private static var changeLimit: UInt32 { 4 }

  private var words: MutableSpan<UInt32>
  private var used: Int

  /// Numbers start at 1. Takes two words for each of `count` join points, which `words` has.
  @_lifetime(copy words)
  init(_ words: consuming MutableSpan<UInt32>, count: Int) {
    used = 2 * count
    for index in 0..<used { words[index] = 0 }
    self.words = words
  }

  func instruction(of number: Int) -> Int { Int(words[2 * number - 1]) }

  @_lifetime(self: copy self)
  mutating func setInstruction(of number: Int, _ index: Int) {
    words[2 * number - 1] = UInt32(truncatingIfNeeded: index)
  }

  /// What is known at join point `number`, to which `add` has added something.
  func load(_ number: Int, into state: inout AnalysisState) {
    let position = words[2 * number - 2]
    guard position != Self.nothingKnown else {
      state.forgetAll()
      return
    }
    var at = Int(position)
    let header = Header(rawValue: words[at])
    state.mayBeFirst = header.mayBeFirst
    state.mayBeCalled = header.mayBeCalled
    state.writtenSlots = pair(at + 1)
    var slots = pair(at + 3)
    at += Self.headSize
    for number in 0..<10 {
      if header.known >> UInt32(number) & 1 != 0 {
        state[number] = value(at)
        at += Self.valueSize
      } else {
        state[number] = header.uninitialised >> UInt32(number) & 1 != 0 ? .uninitialised : .unknown
      }
    }
    state.forgetSlots()
    while slots != 0 {
      state.setSlot(slots.trailingZeroBitCount, value(at))
      at += Self.valueSize
      slots &= slots &- 1
    }
  }

  /// Joins `state` to what is known at `number`. Whether that changed.
  ///
  /// - Parameter bounds: where to widen to, when the state comes from behind; else `nil`.
  @_lifetime(self: copy self)
  mutating func add(
    _ state: borrowing AnalysisState, to number: Int, comesFromBehind: Bool, bounds: borrowing LikelyBounds
  ) -> Bool {
    let position = words[2 * number - 2]
    if position == Self.nothingKnown { return false }
    guard position != 0 else {
      words[2 * number - 2] = create(state)
      return true
    }
    let start = Int(position)
    var header = Header(rawValue: words[start])
    let before = header
    if state.mayBeFirst { header.mayBeFirst = true }
    if state.mayBeCalled { header.mayBeCalled = true }
    var rest = header.uninitialised
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if state[rest.trailingZeroBitCount].kind != .uninitialised { header.uninitialised &= ~bit }
      rest &= ~bit
    }
    let written = pair(start + 1)
    if state.writtenSlots & ~written != 0 {
      setPair(start + 1, written | state.writtenSlots)
      header.hasChanged = true
    }
    // What stays known moves up to what was known before it.
    var from = start + Self.headSize
    var to = from
    rest = header.known
    while rest != 0 {
      let bit = rest & (0 &- rest)
      let isKnown = join(
        state[rest.trailingZeroBitCount], from, to, &header, comesFromBehind, bounds)
      if isKnown { to += Self.valueSize } else { header.known &= ~bit }
      from += Self.valueSize
      rest &= ~bit
    }
    var slots = pair(start + 3)
    var restOfSlots = slots
    while restOfSlots != 0 {
      let index = restOfSlots.trailingZeroBitCount
      restOfSlots &= restOfSlots &- 1
      if join(state.slot(index), from, to, &header, comesFromBehind, bounds) {
        to += Self.valueSize
      } else {
        slots &= ~(1 << UInt64(index))
      }
      from += Self.valueSize
    }
    setPair(start + 3, slots)
    let hasChanged = header != before
    header.hasChanged = false
    if comesFromBehind && hasChanged { header.changes += 1 }
    words[start] = header.rawValue
    return hasChanged
  }

  /// Joins `value` to the one at `from` and puts the result to `to`. False, and nothing there, when nothing is known.
  @_lifetime(self: copy self)
  private mutating func join(
    _ value: AbstractValue, _ from: Int, _ to: Int, _ header: inout Header, _ comesFromBehind: Bool,
    _ bounds: borrowing LikelyBounds
  ) -> Bool {
    let old = self.value(from)
    var new = old
    if old != value {
      new = old.joined(with: value)
      if new != old {
        header.hasChanged = true
        if comesFromBehind {
          new = header.changes < Self.changeLimit ? old.widened(to: new, bounds) : .unknown
        }
      }
    }
    guard !new.isUnknown else { return false }
    setValue(to, new)
    return true
  }

  /// Where a new record for `state` is; `nothingKnown` when there is no room.
  @_lifetime(self: copy self)
  private mutating func create(_ state: borrowing AnalysisState) -> UInt32 {
    var header = Header(rawValue: 0)
    header.mayBeFirst = state.mayBeFirst
    header.mayBeCalled = state.mayBeCalled
    var count = state.knownSlots.nonzeroBitCount
    for number in 0..<10 {
      if state[number].kind == .uninitialised {
        header.uninitialised |= 1 << UInt32(number)
      } else if !state[number].isUnknown {
        header.known |= 1 << UInt32(number)
        count += 1
      }
    }
    let start = used
    var at = start + Self.headSize
    guard at + count * Self.valueSize <= words.count else { return Self.nothingKnown }
    words[start] = header.rawValue
    setPair(start + 1, state.writtenSlots)
    setPair(start + 3, state.knownSlots)
    var rest = header.known
    while rest != 0 {
      setValue(at, state[rest.trailingZeroBitCount])
      at += Self.valueSize
      rest &= rest &- 1
    }
    var slots = state.knownSlots
    while slots != 0 {
      setValue(at, state.slot(slots.trailingZeroBitCount))
      at += Self.valueSize
      slots &= slots &- 1
    }
    used = at
    return UInt32(truncatingIfNeeded: start)
  }

  // MARK: Words

  private func value(_ at: Int) -> AbstractValue {
    AbstractValue(words: words[at], words[at + 1], words[at + 2])
  }

  @_lifetime(self: copy self)
  private mutating func setValue(_ at: Int, _ value: AbstractValue) {
    words[at] = value.low
    words[at + 1] = value.extent
    words[at + 2] = value.kindAndShift
  }

  private func pair(_ at: Int) -> UInt64 { UInt64(words[at]) | UInt64(words[at + 1]) << 32 }

  @_lifetime(self: copy self)
  private mutating func setPair(_ at: Int, _ value: UInt64) {
    words[at] = UInt32(truncatingIfNeeded: value)
    words[at + 1] = UInt32(truncatingIfNeeded: value >> 32)
  }
}

/// The first word of a record.
private struct Header: Equatable {
  var rawValue: UInt32

  /// A bit for each of r0 to r9 that was written on no way.
  var uninitialised: UInt32 {
    get { rawValue & 0x3FF }
    set { rawValue = rawValue & ~0x3FF | newValue }
  }
  /// A bit for each of r0 to r9 that the record has a value of.
  var known: UInt32 {
    get { rawValue >> 10 & 0x3FF }
    set { rawValue = rawValue & ~(0x3FF << 10) | newValue << 10 }
  }
  var mayBeFirst: Bool {
    get { rawValue >> 20 & 1 != 0 }
    set { rawValue = rawValue & ~(1 << 20) | (newValue ? 1 << 20 : 0) }
  }
  var mayBeCalled: Bool {
    get { rawValue >> 21 & 1 != 0 }
    set { rawValue = rawValue & ~(1 << 21) | (newValue ? 1 << 21 : 0) }
  }
  /// Set while something is added that changes more than the other fields say.
  var hasChanged: Bool {
    get { rawValue >> 22 & 1 != 0 }
    set { rawValue = rawValue & ~(1 << 22) | (newValue ? 1 << 22 : 0) }
  }
  /// How often something that came from behind changed the record.
  var changes: UInt32 {
    get { rawValue >> 24 }
    set { rawValue = rawValue & 0xFF_FFFF | min(newValue, 255) << 24 }
  }
}
