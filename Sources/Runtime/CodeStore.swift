import Bytes
public import JIT

/// What is known of the code of a slot's program.
public struct CodeRecord: Sendable {
  public let isolation: Isolation
  /// Bytes of code.
  public let size: Int
  /// Bytes taken of the slot's code region, which also keeps data and the places of instructions.
  public let regionSize: Int
  /// Accesses to memory, and those of them that the code checks; the verifier proved the others.
  public let accesses, checkedAccesses: Int
  /// What it took to verify and compile the program.
  public let microseconds: UInt64
}

/// Compiled programs: a region of memory for each program slot.
struct CodeStore: ~Copyable {
  private var memory: Buffer
  private var entries = InlineArray<5, Entry?>(repeating: nil)

  struct Entry: Sendable {
    let program: CompiledProgram
    let record: CodeRecord
    /// `SlotRecord.generation` of what it was compiled from.
    var generation: UInt32
  }

  /// - Parameter isUsable: whether this machine runs compiled programs. If not, no memory is taken.
  init(isUsable: Bool) {
    memory = Buffer(count: isUsable ? Limits.slots * Limits.codeBytes : 8)
  }

  /// The slot's code, unless it is that of a program which the slot does not hold any more.
  func entry(of slot: SlotNumber, generation: UInt32) -> Entry? {
    guard let entry = entries[slot.index], entry.generation == generation else { return nil }
    return entry
  }

  mutating func set(_ entry: Entry?, for slot: SlotNumber) {
    entries[slot.index] = entry
  }

  /// Lets the code stay although the slot's record has changed.
  mutating func keep(_ slot: SlotNumber, generation: UInt32) {
    entries[slot.index]?.generation = generation
  }

  /// The slot's region of `Limits.codeBytes` bytes, and where it lies.
  func address(of slot: SlotNumber) -> UInt { memory.address + UInt(slot.index * Limits.codeBytes) }

  @_lifetime(borrow self)
  func region(of slot: SlotNumber) -> Span<UInt8> {
    memory.span.extracting(range(of: slot))
  }

  @_lifetime(&self)
  mutating func mutableRegion(of slot: SlotNumber) -> MutableSpan<UInt8> {
    memory.mutableSlice(range(of: slot))
  }

  private func range(of slot: SlotNumber) -> Range<Int> {
    let start = slot.index * Limits.codeBytes
    return start..<start + Limits.codeBytes
  }
}
