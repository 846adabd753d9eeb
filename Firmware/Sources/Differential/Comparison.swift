import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
import JIT
import Platform
import RandomPrograms
import Threads
import Verifier

/// Arenas of each size, so that memory is taken once.
struct Arenas: ~Copyable {
  static let stackSize = 1024
  var small = Arena(size: 2048, stackSize: stackSize)
  var medium = Arena(size: 4096, stackSize: stackSize)
  var large = Arena(size: 8192, stackSize: stackSize)
  var largest = Arena(size: 16_384, stackSize: stackSize)
}

/// What is written and read at once with the rest: memory taken at the start and kept to the end. Its address is divisible by its
/// size where that is a power of two.
struct Room<Element: BitwiseCopyable> {
  private let start: UnsafeMutablePointer<Element>
  let count: Int

  init(repeating element: Element, count: Int) {
    let bytes = count * MemoryLayout<Element>.stride
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: bytes, alignment: bytes & (bytes - 1) == 0 ? bytes : 8)
    start = unsafe memory.initializeMemory(as: Element.self, repeating: element, count: count)
    self.count = count
  }

  var address: UInt32 { UInt32(UInt(bitPattern: start)) }
  var region: MemoryRegion {
    MemoryRegion(address: UInt(address), size: UInt(count * MemoryLayout<Element>.stride))
  }

  subscript(index: Int) -> Element {
    get { unsafe start[index] }
    nonmutating set { unsafe start[index] = newValue }
  }

  @_lifetime(immortal)
  func span(_ range: Range<Int>) -> Span<Element> {
    let span = unsafe Span(_unsafeStart: start + range.lowerBound, count: range.count)
    return unsafe _overrideLifetime(span, copying: ())
  }

  @_lifetime(immortal)
  func mutableSpan(_ count: Int) -> MutableSpan<Element> {
    let span = unsafe MutableSpan(_unsafeStart: start, count: count)
    return unsafe _overrideLifetime(span, copying: ())
  }
}

/// Runs programs in every engine, from the same memory, and compares.
struct Comparison: ~Copyable {
  var tally = Tally()

  private var threads = ThumbThreads(count: 1)

  private var interpreter = Interpreter(capacity: ProgramGenerator.capacity)
  private let instructions = Room(repeating: Instruction(.exit), count: ProgramGenerator.capacity)
  private let analysis = Room(
    repeating: AnalysisCell(), count: analysisCells(forInstructions: ProgramGenerator.capacity))
  private let code = Room<UInt16>(repeating: 0, count: 65_536)
  private let workspace = Room(repeating: CompilerCell(), count: ProgramGenerator.capacity)
  private let map = Room<UInt8>(repeating: 0, count: 3 * ProgramGenerator.capacity)
  private let rodata = Room<UInt8>(repeating: 0, count: 1024)
  /// What the arena held after the interpreter.
  private let expectedMemory = Room<UInt32>(repeating: 0, count: 4096)
  /// Whether to put out each program before it runs, for one that brings the board down.
  var isTalkative = false
  private var expected = Ending()
  private var seed: UInt64 = 0

  init() {
    Report.instructions = instructions
  }

  /// Interpreted instructions after which a program is given up.
  private static var budget: Int { 3000 }
  /// The most mismatches that are printed.
  private static var printed: UInt64 { 5 }

  mutating func run(seed: UInt64, _ arenas: inout Arenas) {
    run(generateProgram(seed: seed, into: instructions.mutableSpan(instructions.count)), seed, &arenas)
  }

  /// Runs the programs that the emulator has laid into memory.
  mutating func runLoaded(_ arenas: inout Arenas) throws(ProgramBlockError) {
    // SAFETY: the region is code memory that nothing else uses, and nobody writes while the program runs.
    let region = unsafe UnsafeBufferPointer<UInt8>(
      start: UnsafePointer(bitPattern: ProgramBlock.address), count: ProgramBlock.capacity)
    var reader = unsafe ByteReader(region.span)
    while true {
      var room = instructions.mutableSpan(instructions.count)
      do throws(ProgramBlockError) {
        let (program, seed) = try ProgramBlock.read(&reader, into: &room)
        run(program, seed, &arenas)
      } catch {
        guard error == .absent else { throw error }
        return
      }
    }
  }

  private mutating func run(_ generated: GeneratedProgram, _ seed: UInt64, _ arenas: inout Arenas) {
    self.seed = seed
    note(generated)
    if isTalkative { Report.printSlots() }
    Watchdog.watch()
    defer { Watchdog.rest() }
    tally.programs += 1
    tally.instructions += UInt64(generated.instructionCount)
    guard let frames = depth(of: generated) else {
      return mismatch("the verifier refuses the structure")
    }
    let size = frames * Arena.frameSize + generated.dataSize + generated.contextSize
    if size <= arenas.small.size {
      run(generated, frames, &arenas.small)
    } else if size <= arenas.medium.size {
      run(generated, frames, &arenas.medium)
    } else if size <= arenas.large.size {
      run(generated, frames, &arenas.large)
    } else {
      run(generated, frames, &arenas.largest)
    }
  }

  private func note(_ generated: GeneratedProgram) {
    Report.seed = seed
    Report.mode = "generated"
    Report.program = generated
  }

  private func depth(of generated: GeneratedProgram) -> Int? {
    try? verify(
      instructions.mutableSpan(generated.instructionCount), entry: generated.entry,
      granting: Recorder.granted
    ).maximumDepth
  }

  private mutating func run(
    _ generated: GeneratedProgram, _ frames: Int, _ arena: inout Arena
  ) {
    let count = generated.instructionCount
    guard
      (try? arena.prepare(
        frames: frames, dataSize: generated.dataSize, bssSize: 0, contextSize: generated.contextSize)) != nil
    else { return mismatch("the arena is too small") }
    if let program = try? verify(
      instructions.mutableSpan(count), entry: generated.entry, granting: Recorder.granted)
    {
      guard interpret(program, generated, &arena) else { return }
      compare(program, generated, &arena, "unproven checked", "unproven hardware")
    }
    var regions = Regions(
      dataSize: generated.dataSize, rodataSize: generated.rodataSize, contextSize: generated.contextSize)
    regions.addressesFitWord = true
    if let program = try? verify(
      instructions.mutableSpan(count), entry: generated.entry, granting: Recorder.granted,
      regions: regions, using: analysis.mutableSpan(analysis.count))
    {
      compare(program, generated, &arena, "proven checked", "proven hardware")
    } else {
      tally.refused += 1
    }
  }

  // MARK: Memory

  /// Fills everything that the program can reach, the same each time.
  private mutating func fill(_ arena: borrowing Arena) {
    var state = UInt32(truncatingIfNeeded: seed &* 0x9E37_79B9 >> 7) | 1
    for index in 0..<arena.size / 4 {
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      unsafe words(arena)[index] = state
    }
    for index in 0..<rodata.count { rodata[index] = Self.rodataByte(index) }
  }

  private func words(_ arena: borrowing Arena) -> UnsafeMutablePointer<UInt32> {
    unsafe UnsafeMutablePointer(bitPattern: UInt(arena.address)).unsafelyUnwrapped
  }

  private func isRodataIntact() -> Bool {
    for index in 0..<rodata.count where rodata[index] != Self.rodataByte(index) { return false }
    return true
  }

  private static func rodataByte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: index &* 37 &+ 11) }

  /// Where the program's read-only data lie: at any address, among bytes that are not the program's.
  private func rodataRange(_ generated: GeneratedProgram) -> Range<Int> {
    let start = 64 + Int(seed & 7)
    return start..<start + generated.rodataSize
  }

  // MARK: Engines

  /// - Returns: whether the program ended.
  private mutating func interpret(
    _ program: borrowing VerifiedProgram, _ generated: GeneratedProgram, _ arena: inout Arena
  ) -> Bool {
    fill(arena)
    let context = arena.contextAddress
    Recorder.start(arena: arena.address, size: arena.size)
    let outcome: Outcome
    do {
      var memory = arena.memory(rodata: rodata.span(rodataRange(generated)))
      var host = RecordingHost()
      interpreter.load(program, for: memory)
      outcome = interpreter.run(
        memory: &memory, context: context, contextLength: UInt64(generated.contextSize), budget: Self.budget,
        host: &host)
    }
    tally.executed += UInt64(outcome.executed ?? 0)
    expected = Ending(calls: Recorder.calls, digest: Recorder.digest)
    switch outcome.result {
    case .returned(let value):
      expected.returned = value
      tally.returned += 1
    case .trapped(let trap):
      guard trap.rule != .budgetSpent else {
        tally.unfinished += 1
        return false
      }
      expected.rule = trap.rule.rawValue
      expected.address = UInt32(truncatingIfNeeded: trap.address)
      expected.index = trap.index
      tally.trapped += 1
    }
    tally.runs += 1
    for index in 0..<arena.size / 4 { expectedMemory[index] = unsafe words(arena)[index] }
    return true
  }

  private mutating func compare(
    _ program: borrowing VerifiedProgram, _ generated: GeneratedProgram, _ arena: inout Arena,
    _ checked: StaticString, _ hardware: StaticString
  ) {
    Report.mode = checked
    compare(program, generated, &arena, .checked)
    // The memory protection lets a program read its own code and the routines, and read and write the stack of its thread.
    guard !isOutside || !isReachable(arena) else { return }
    Report.mode = hardware
    compare(program, generated, &arena, .hardware)
  }

  /// Whether the interpreter stopped the program at an access.
  private var isOutside: Bool {
    expected.rule == Trap.Rule.readOutside.rawValue || expected.rule == Trap.Rule.writeOutside.rawValue
  }

  /// Whether that access begins or ends in memory of the program's thread.
  private func isReachable(_ arena: borrowing Arena) -> Bool {
    isPart(arena.block) || isPart(code.region) || isPart(rodata.region)
      || isPart(MemoryRegion(address: 0, size: 2048))
  }

  private func isPart(_ region: MemoryRegion) -> Bool {
    UInt(expected.address) &- region.address < region.size
      || UInt(expected.address &+ 7) &- region.address < region.size
  }

  private mutating func compare(
    _ program: borrowing VerifiedProgram, _ generated: GeneratedProgram, _ arena: inout Arena,
    _ isolation: Isolation
  ) {
    guard let routines = ThumbThreads.routines else { return }
    fill(arena)
    let rodataAddress = rodata.address + UInt32(rodataRange(generated).lowerBound)
    let environment = NativeEnvironment(
      isolation: isolation, arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
      data: UInt32(arena.dataAddress), rodata: rodataAddress, routines: routines)
    var cells = workspace.mutableSpan(workspace.count)
    guard
      let compiled = try? compile(
        program, for: environment, into: code.mutableSpan(code.count), using: &cells)
    else {
      tally.tooLong += 1
      return
    }
    ThumbThreads.synchronize()
    Recorder.start(arena: arena.address, size: arena.size)
    let arenaStart = UInt(arena.address)
    let run = ThreadProgram(
      code: .compiled(
        address: UInt(code.address), size: UInt(compiled.size), entry: UInt(compiled.entry)),
      engineMemory: code.region, imageMemory: rodata.region, block: arena.block,
      arena: arenaStart..<arenaStart + UInt(arena.size),
      rodata: UInt(rodataAddress)..<UInt(rodataAddress) + UInt(generated.rodataSize), frames: arena.frames,
      context: UInt(arena.contextAddress), contextLength: UInt(generated.contextSize),
      stackTop: UInt(arena.stackTop), milliseconds: 5000, instructions: 0)
    let outcome = threads.run(run, call: record)
    tally.runs += 1
    var ending = Ending(calls: Recorder.calls, digest: Recorder.digest)
    switch outcome {
    case .returned(let value): ending.returned = value
    case .stopped(let rule, let place, let address):
      ending.rule = rule.rawValue
      ending.address = UInt32(truncatingIfNeeded: address)
      if case .code(let site) = place { ending.index = index(ofSite: site, compiled, generated) }
    case .faulted(let fault):
      ending.rule = 100 + fault.kind.rawValue
      ending.address = UInt32(fault.programCounter ?? 0)
    }
    let isStoppedByHardware = isolation == .hardware && isOutside
    // It names the word that could not be reached: part of the access, perhaps from before its first byte.
    if isStoppedByHardware, ending.address &- (expected.address & ~3) < 12 {
      ending.address = expected.address
    }
    // Atomic operations load first.
    if isStoppedByHardware, ending.index == expected.index,
      instructions[ending.index].operation.isAtomic
    {
      ending.rule = expected.rule
    }
    guard ending == expected else { return mismatch("it ends differently", ending) }
    guard isRodataIntact() else { return mismatch("it wrote outside its arena", ending) }
    // A part of the access may have been done.
    guard !isStoppedByHardware else { return }
    for index in 0..<arena.size / 4 where unsafe words(arena)[index] != expectedMemory[index] {
      mismatch("it leaves other memory", ending)
      if tally.mismatches <= Self.printed { printWord(arena, index) }
      return
    }
  }

  /// The instruction that was stopped.
  private func index(ofSite site: Int, _ compiled: CompiledCode, _ generated: GeneratedProgram) -> Int {
    let cells = workspace.span(0..<generated.instructionCount)
    var map = map.mutableSpan(map.count)
    guard
      let size = CodeMap.write(
        of: compiled, from: instructions.span(0..<generated.instructionCount), cells, into: &map)
    else { return -1 }
    return CodeMap.place(
      ofHalfword: site / 2 - 1, start: Int(workspace[0].offset), in: map.span.extracting(0..<size))?.index
      ?? -1
  }

  // MARK: Mismatches

  private mutating func mismatch(_ what: StaticString, _ ending: Ending? = nil) {
    tally.mismatches += 1
    guard tally.mismatches <= Self.printed else { return }
    Report.printProgram(what)
    expected.print("interpreter")
    if let ending { ending.print("compiled") }
    print("end")
  }

  private func printWord(_ arena: borrowing Arena, _ index: Int) {
    print("memory at ", terminator: "")
    print(UInt64(index * 4), terminator: ": 0x")
    printHexadecimal(UInt64(expectedMemory[index]), digits: 8)
    print(" expected, found 0x", terminator: "")
    printHexadecimal(UInt64(unsafe words(arena)[index]), digits: 8)
    print("")
    report("frames_end", arena.stackTop - arena.address)
  }
}
