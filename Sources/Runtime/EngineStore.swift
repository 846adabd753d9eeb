import Bytes
import Compartment
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

/// What the engines make of programs: for each slot a region of memory with compiled code from its start on, and what the
/// interpreter runs at its end. Each is made once and serves until another program takes the slot.
struct EngineStore: ~Copyable {
  private var memory: Buffer
  private var codes = PerSlot<Code?>(repeating: nil)
  private var translations = PerSlot<Translation?>(repeating: nil)

  struct Code: Sendable {
    let program: CompiledProgram
    let record: CodeRecord
    /// `SlotRecord.generation` of what it was compiled from.
    var generation: UInt32
  }

  struct Translation: Sendable {
    let program: TranslatedProgram
    let generation: UInt32
  }

  init() {
    memory = Buffer(count: Limits.slots * Limits.engineBytes, alignment: Limits.engineBytes)
  }

  // What only looks is `mutating`: else reading an element copies the array that it is in.

  /// The slot's code, unless it is that of a program which the slot does not hold any more.
  mutating func code(of slot: SlotNumber, generation: UInt32) -> Code? {
    guard let code = codes[slot.index], code.generation == generation else { return nil }
    return code
  }

  /// Of that code what a run needs.
  @_optimize(speed)
  mutating func program(of slot: SlotNumber, generation: UInt32) -> CompiledProgram? {
    codes[slot.index]?.generation == generation ? codes[slot.index]?.program : nil
  }

  /// What the interpreter runs, unless it is of a program which the slot does not hold any more.
  @_optimize(speed)
  mutating func translation(of slot: SlotNumber, generation: UInt32) -> TranslatedProgram? {
    translations[slot.index]?.generation == generation ? translations[slot.index]?.program : nil
  }

  /// Notes code that stands in the region. What the interpreter had there is gone where both overlap.
  mutating func set(_ code: Code, for slot: SlotNumber) {
    codes[slot.index] = code
    if let translation = translations[slot.index], translation.program.dataStart < code.record.regionSize {
      translations[slot.index] = nil
    }
  }

  mutating func set(_ translation: Translation, for slot: SlotNumber) {
    translations[slot.index] = translation
  }

  mutating func dropCode(of slot: SlotNumber) {
    codes[slot.index] = nil
  }

  mutating func dropTranslation(of slot: SlotNumber) {
    translations[slot.index] = nil
  }

  /// Lets the code stay although the slot's record has changed.
  mutating func keepCode(of slot: SlotNumber, generation: UInt32) {
    codes[slot.index]?.generation = generation
  }

  /// The slot's region of `Limits.engineBytes` bytes, and where it lies.
  mutating func address(of slot: SlotNumber) -> UInt {
    memory.address + UInt(slot.index * Limits.engineBytes)
  }

  @_lifetime(&self)
  mutating func region(of slot: SlotNumber) -> Span<UInt8> {
    memory.span.extracting(Self.range(of: slot))
  }

  @_lifetime(&self)
  mutating func mutableRegion(of slot: SlotNumber) -> MutableSpan<UInt8> {
    memory.mutableSlice(Self.range(of: slot))
  }

  /// What is left of the region behind its code.
  @_lifetime(&self)
  mutating func mutableRest(of slot: SlotNumber, generation: UInt32) -> MutableSpan<UInt8> {
    let used = startOfRest(of: slot, generation: generation)
    let range = Self.range(of: slot)
    return memory.mutableSlice(range.lowerBound + used..<range.upperBound)
  }

  mutating func startOfRest(of slot: SlotNumber, generation: UInt32) -> Int {
    ((code(of: slot, generation: generation)?.record.regionSize ?? 0) + 7) & ~7
  }

  /// The slot's region, for the memory protection.
  mutating func memory(of slot: SlotNumber) -> MemoryRegion {
    MemoryRegion(address: address(of: slot), size: UInt(Limits.engineBytes))
  }

  private static func range(of slot: SlotNumber) -> Range<Int> {
    let start = slot.index * Limits.engineBytes
    return start..<start + Limits.engineBytes
  }
}
