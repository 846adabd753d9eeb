import BPF

/// For each instruction that jumps lead to, what is known there.
///
/// A join point takes one cell, with the place of its record, or 0, and the index of the instruction. A record is two cells
/// with masks (`Header`, slots written, slots known), and one for each register and slot that something is known about.
/// Records only lose knowledge, so they stay where they are.
extension Workspace {
  /// Cells of a record before the values.
  private static var headSize: Int { 2 }
  /// In place of the place of a record: nothing is known.
  private static var nothingKnown: UInt32 { .max }
  /// Changes that come from behind after which bounds that move are given up, but for those of a value that has been the
  /// same until then. A number whose upper half is zero keeps that as long as it holds.
  private static var changeLimit: UInt32 { 2 }

  mutating func setInstruction(ofJoin number: Int, _ index: Int) {
    cells[Self.joinBase + number - 1].second = UInt32(truncatingIfNeeded: index)
  }

  /// Goes on with what is known at join point `number`, to which something was added.
  mutating func load(join number: Int) {
    let position = cells[Self.joinBase + number - 1].first
    guard position != Self.nothingKnown else {
      forgetAll()
      return
    }
    var at = Int(position)
    let head = cells[at]
    let header = Header(rawValue: head.first)
    mayBeFirst = header.mayBeFirst
    mayBeCalled = header.mayBeCalled
    writtenSlots = UInt64(head.second) | UInt64(head.third) << 32
    var slots = cells.slots(ofRecord: at)
    at += Self.headSize
    var known = header.known
    var uninitialised = header.uninitialised
    for number in 0..<10 {
      if known & 1 != 0 {
        cells[number] = cells[at]
        at += 1
      } else {
        set(number, uninitialised & 1 != 0 ? .uninitialised : .unknown)
      }
      known >>= 1
      uninitialised >>= 1
    }
    knownSlots = slots
    while slots != 0 {
      setSlot(slots.trailingZeroBitCount, AbstractValue(cells[at]))
      at += 1
      slots &= slots &- 1
    }
  }

  /// Joins the state to what is known at `number`. Whether that changed.
  mutating func add(toJoin number: Int, comesFromBehind: Bool) -> Bool {
    let position = cells[Self.joinBase + number - 1].first
    if position == Self.nothingKnown { return false }
    guard position != 0 else {
      cells[Self.joinBase + number - 1].first = createRecord()
      return true
    }
    let start = Int(position)
    let head = cells[start]
    let before = Header(rawValue: head.first)
    var header = before
    if mayBeFirst { header.mayBeFirst = true }
    if mayBeCalled { header.mayBeCalled = true }
    var rest = header.uninitialised
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if AbstractValue(cells[rest.trailingZeroBitCount]).kind != .uninitialised {
        header.uninitialised &= ~bit
      }
      rest &= ~bit
    }
    let written = UInt64(head.second) | UInt64(head.third) << 32
    if writtenSlots & ~written != 0 { header.hasChanged = true }
    // What stays known moves up to what was known before it.
    var from = start + Self.headSize
    var to = from
    rest = header.known
    while rest != 0 {
      let bit = rest & (0 &- rest)
      if join(cells[rest.trailingZeroBitCount], from, to, &header, comesFromBehind) {
        to += 1
      } else {
        header.known &= ~bit
      }
      from += 1
      rest &= ~bit
    }
    var slots = cells.slots(ofRecord: start)
    var restOfSlots = slots
    while restOfSlots != 0 {
      let index = restOfSlots.trailingZeroBitCount
      restOfSlots &= restOfSlots &- 1
      if join(cells.slot(index, of: knownSlots).cell, from, to, &header, comesFromBehind) {
        to += 1
      } else {
        slots &= ~(1 << UInt64(index))
      }
      from += 1
    }
    guard header != before else { return false }
    header.hasChanged = false
    if comesFromBehind { header.changes += 1 }
    setHead(start, header, written: written | writtenSlots, known: slots)
    return true
  }

  /// Joins `value` to the one in cell `from` and puts the result into cell `to`. False, and nothing there, when nothing is
  /// known.
  private mutating func join(
    _ value: AnalysisCell, _ from: Int, _ to: Int, _ header: inout Header, _ comesFromBehind: Bool
  ) -> Bool {
    let cell = cells[from]
    if cell == value {
      cells[to] = cell
      return true
    }
    let old = AbstractValue(cell)
    var new = old.joined(with: AbstractValue(value))
    if new != old {
      header.hasChanged = true
      if comesFromBehind {
        new =
          header.changes < Self.changeLimit || old.isConstant
          ? cells.widened(old, to: new, boundCount: boundCount)
          : new.upperHalfIsZero ? new.widestWord : .unknown
      }
    }
    guard !new.isUnknown else { return false }
    cells[to] = new.cell
    return true
  }

  /// Where a new record with the state is; `nothingKnown` when there is no room.
  private mutating func createRecord() -> UInt32 {
    var header = Header(rawValue: 0)
    header.mayBeFirst = mayBeFirst
    header.mayBeCalled = mayBeCalled
    let start = used
    var at = start + Self.headSize
    guard at + 10 + knownSlots.nonzeroBitCount <= cells.count else { return Self.nothingKnown }
    for number in 0..<10 {
      let value = AbstractValue(cells[number])
      if value.kind == .uninitialised {
        header.uninitialised |= 1 << UInt32(number)
      } else if !value.isUnknown {
        header.known |= 1 << UInt32(number)
        cells[at] = value.cell
        at += 1
      }
    }
    var slots = knownSlots
    while slots != 0 {
      cells[at] = cells[Self.slotBase + slots.trailingZeroBitCount]
      at += 1
      slots &= slots &- 1
    }
    setHead(start, header, written: writtenSlots, known: knownSlots)
    used = at
    return UInt32(truncatingIfNeeded: start)
  }

  private mutating func setHead(_ start: Int, _ header: Header, written: UInt64, known: UInt64) {
    cells[start] = AnalysisCell(
      header.rawValue, UInt32(truncatingIfNeeded: written), UInt32(truncatingIfNeeded: written >> 32))
    cells[start + 1] = AnalysisCell(
      UInt32(truncatingIfNeeded: known), UInt32(truncatingIfNeeded: known >> 32), 0)
  }

  // MARK: Join points that have changed

  mutating func setWaiting(join number: Int) {
    cells[Self.waitingBase + number >> 5].first |= 1 << UInt32(number & 31)
  }

  /// Takes one of those that wait: the next in the text after the one taken last, from the end on to the start.
  mutating func takeWaitingJoin() -> Int? {
    var index = lastJoin >> 5
    // What stands before the one taken last is looked at in the end, when the way leads here again.
    var mask = ~0 as UInt32 &<< UInt32(lastJoin & 31)
    for _ in 0...8 {
      let bits = cells[Self.waitingBase + index].first
      let next = bits & mask
      if next != 0 {
        cells[Self.waitingBase + index].first = bits & ~(next & (0 &- next))
        lastJoin = index << 5 | next.trailingZeroBitCount
        return lastJoin
      }
      index = (index + 1) & 7
      mask = ~0
    }
    return nil
  }
}

// What only reads is asked of the cells: the compiler would copy a workspace for that.
extension AnalysisCells {
  /// The slots that the record at cell `start` has a value of.
  fileprivate func slots(ofRecord start: Int) -> UInt64 {
    let cell = self[start + 1]
    return UInt64(cell.first) | UInt64(cell.second) << 32
  }

  /// The instruction that is join point `number`.
  func instruction(ofJoin number: Int) -> Int { Int(self[Workspace.joinBase + number - 1].second) }
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
