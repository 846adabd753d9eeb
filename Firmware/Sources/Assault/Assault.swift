import BPF
import Bytes
import CCortexM
import CSnippets
import CoAP
import Compartment
import CortexM
import Helpers
import Interpreter
import JIT
import Platform
import RandomPrograms
import Runtime
import Threads
import Verifier

/// Runs forged code and looks whether anything has changed that is not the code's.
struct Assault: ~Copyable {
  var tally = Tally()

  // What changes while code runs is taken from the heap first, below what is watched.
  private var threads = ThumbThreads(count: 2)
  private var services = Services(board: AssaultBoard())
  private var instructions = FixedArray(repeating: Instruction(.exit), count: ProgramGenerator.capacity)
  private var cells = FixedArray(repeating: CompilerCell(), count: ProgramGenerator.capacity)
  private var template = FixedArray<UInt16>(repeating: 0, count: codeLimit)
  private var templateSeed: UInt64?
  private var templateCode = CompiledShape()

  private let below = Buffer(count: blockSize, alignment: blockSize)
  private var code = FixedArray<UInt16>(repeating: 0, count: codeLimit, alignment: blockSize)
  private let image = Buffer(count: 4096, alignment: 4096)
  private var arena = Arena(size: blockSize, stackSize: Limits.threadStackBytes)
  private var neighbourArena = Arena(size: blockSize, stackSize: Limits.threadStackBytes)
  private var neighbourCode = FixedArray<UInt16>(repeating: 0, count: 512, alignment: 1024)
  private var neighbourShape = CompiledShape()
  private let above = Buffer(count: blockSize, alignment: blockSize)

  // What these held at the start.
  private var surroundings: UInt32 = 0
  private var flash: UInt32 = 0
  private var registers: UInt32 = 0

  private static var blockSize: Int { Limits.blockBytes }
  private static var codeLimit: Int { Limits.engineBytes / 2 }
  /// Milliseconds, which are ticks, that a run gets.
  private static var patience: UInt32 { 1 }

  private struct CompiledShape {
    var halfwords = 0
    var entry: UInt = 0
  }

  /// To be called once the structure has its place.
  mutating func begin() {
    neighbourShape = compileNeighbour()
    registers = SystemRegisters.digest
    flash = Watched(0..<flashEnd).digest
    surroundings = surroundingsDigest
    FreeMemory.fill(from: heapEnd, to: heapLimit)
  }

  // MARK: Code

  mutating func runSnippets() {
    let list = snippets_start()
    for index in 0..<Int(snippets_count()) {
      let snippet = unsafe list[index]
      let length = Int(snippet.size) / 2
      fill(with: 0xDEDE)
      for position in 0..<length { put(unsafe snippet.start[position], at: position) }
      unsafe Report.snippet = snippet.name
      let ending = run(size: UInt(length * 2), entry: 0, withNeighbour: index % 2 == 0)
      print("snippet ", terminator: "")
      unsafe Report.printText(snippet.name)
      print(": ", terminator: "")
      printEnding(ending)
      print("")
      if snippet.expected != UInt32(snippet_ends_somehow), snippet.expected != ending {
        violation("it ends differently")
      }
    }
    unsafe Report.snippet = nil
    callSystem()
    jumpIntoRoutines()
    runOffTheEnd()
  }

  /// Every number that an SVC instruction has.
  private mutating func callSystem() {
    for number: UInt16 in 0...255 {
      fill(with: 0xE7FE)
      put(0xDF00 | number, at: 0)
      let ending = run(size: 4, entry: 0, withNeighbour: false)
      if number > 4, ending != UInt32(snippet_faults) + UInt32(ThreadFault.Kind.systemCall.rawValue) {
        violation("a system call that does not exist does something")
      }
    }
    // Helpers at every position, without arguments; those that may fail do.
    for position: UInt16 in 0...255 {
      fill(with: 0xE7FE)
      // MOVS r0, MOV r12, SVC.
      put(0x2000 | position, at: 0)
      put(0x4684, at: 1)
      put(0xDF03, at: 2)
      _ = run(size: 8, entry: 0, withNeighbour: false)
    }
  }

  /// Every halfword of them, with any numbers in registers.
  private mutating func jumpIntoRoutines() {
    for address in stride(from: UInt32(512), to: 2048, by: 2) {
      var forger = Forger(seed: UInt64(address), landmarks: landmarks)
      var span = code.mutableSpan
      let count = forger.jump(to: address, into: &span)
      _ = run(size: UInt(count * 2), entry: 0, withNeighbour: false)
    }
  }

  private mutating func runOffTheEnd() {
    fill(with: 0xBF00)
    let size = UInt(code.count * 2)
    if run(size: size, entry: size - 64, withNeighbour: false)
      != UInt32(snippet_faults) + UInt32(ThreadFault.Kind.fetch.rawValue)
    {
      violation("code goes on behind its region")
    }
    // The first half of an instruction of 32 bits.
    put(0xF7FF, at: code.count - 1)
    _ = run(size: size, entry: size - 64, withNeighbour: false)
  }

  private mutating func put(_ halfword: UInt16, at index: Int) {
    var span = code.mutableSpan
    span[index] = halfword
  }

  private mutating func fill(with halfword: UInt16) {
    var span = code.mutableSpan
    for index in span.indices { span[index] = halfword }
  }

  /// Code made at random from this seed.
  mutating func run(seed: UInt64) {
    Report.seed = seed
    makeTemplate(seed: seed >> 6)
    var forger = Forger(seed: seed, landmarks: landmarks)
    let (count, entry) = Self.forge(with: &forger, from: template, templateCode, into: &code)
    _ = run(size: UInt(count * 2), entry: entry, withNeighbour: seed % 16 == 0)
  }

  // These take the parts of `self` apart, so that one may be read while another is changed.

  private static func forge(
    with forger: inout Forger, from template: borrowing FixedArray<UInt16>, _ shape: CompiledShape,
    into code: inout FixedArray<UInt16>
  ) -> (count: Int, entry: UInt) {
    var span = code.mutableSpan
    return forger.forge(
      into: &span, template: template.span.extracting(0..<shape.halfwords), entry: shape.entry)
  }

  private static func call(
    _ helper: Helper, _ arguments: HelperArguments, rodata: borrowing Buffer, _ arena: inout Arena,
    _ services: inout Services<AssaultBoard>
  ) throws(HelperFault) -> UInt64 {
    var memory = arena.memory(rodata: rodata.span)
    return try services.call(helper, arguments, &memory)
  }

  private var landmarks: Landmarks {
    Landmarks(
      block: UInt32(arena.block.address), arena: UInt32(arena.address),
      blockEnd: UInt32(arena.block.address + arena.block.size), code: UInt32(code.address),
      codeEnd: UInt32(code.address) + UInt32(code.count * 2), neighbour: UInt32(neighbourArena.address))
  }

  // MARK: Compiled code

  /// Compiles a program made at random.
  private mutating func makeTemplate(seed: UInt64) {
    guard seed != templateSeed else { return }
    templateSeed = seed
    let generated = generateProgram(seed: seed, into: instructions.mutableSpan)
    templateCode = CompiledShape()
    templateCode =
      Self.compile(
        &instructions, count: generated.instructionCount, entry: generated.entry, arena: arena, rodata: image,
        into: &template, &cells) ?? CompiledShape()
  }

  /// The sum of the numbers up to 300, by way of its stack.
  private mutating func compileNeighbour() -> CompiledShape {
    let program: InlineArray<8, Instruction> = [
      Instruction(.mov64Imm, destination: .r0), Instruction(.mov64Imm, destination: .r1, immediate: 300),
      Instruction(.stxdw, destination: .r10, source: .r0, offset: -8),
      Instruction(.ldxdw, destination: .r0, source: .r10, offset: -8),
      Instruction(.add64Reg, destination: .r0, source: .r1),
      Instruction(.add64Imm, destination: .r1, immediate: -1),
      Instruction(.jneImm, destination: .r1, offset: -5), Instruction(.exit),
    ]
    write(program)
    return Self.compile(
      &instructions, count: program.count, entry: 0, arena: neighbourArena, rodata: image,
      into: &neighbourCode, &cells) ?? CompiledShape()
  }

  private mutating func write(_ program: InlineArray<8, Instruction>) {
    var span = instructions.mutableSpan
    for index in program.indices { span[index] = program[index] }
  }

  private static var neighbourResult: UInt64 { 300 * 301 / 2 }

  private static func compile(
    _ instructions: inout FixedArray<Instruction>, count: Int, entry: Int, arena: borrowing Arena,
    rodata: borrowing Buffer, into code: inout FixedArray<UInt16>, _ cells: inout FixedArray<CompilerCell>
  ) -> CompiledShape? {
    guard let routines = ThumbThreads.routines,
      let program = try? verify(instructions.mutableSlice(0..<count), entry: entry, granting: .all)
    else { return nil }
    let environment = NativeEnvironment(
      isolation: .hardware, arena: UInt32(arena.address), arenaSize: UInt32(arena.size),
      data: UInt32(arena.dataAddress), rodata: UInt32(rodata.address), routines: routines)
    var room = cells.mutableSpan
    guard let compiled = try? JIT.compile(program, for: environment, into: code.mutableSpan, using: &room)
    else {
      return nil
    }
    return CompiledShape(halfwords: compiled.size / 2, entry: UInt(compiled.entry))
  }

  // MARK: Running

  /// Runs what stands in the code region, and looks around.
  private mutating func run(size: UInt, entry: UInt, withNeighbour: Bool) -> UInt32 {
    prepareArena()
    let codeDigest = Watched(codeRange).digest
    ThumbThreads.synchronize()
    Watchdog.watch()
    threads.start(0, program(size: size, entry: entry))
    if withNeighbour { startNeighbour() }
    let ending = waitForEnds(withNeighbour: withNeighbour)
    Watchdog.rest()
    tally.count(ending)
    if Watched(codeRange).digest != codeDigest { violation("its code has changed") }
    if surroundingsDigest != surroundings { violation("memory around it has changed") }
    if SystemRegisters.digest != registers { violation("a system register has changed") }
    return ending
  }

  private mutating func waitForEnds(withNeighbour: Bool) -> UInt32 {
    var ending: UInt32?
    var isNeighbourRunning = withNeighbour
    while true {
      if let ending, !isNeighbourRunning { return ending }
      guard let event = threads.next() else { continue }
      if event.thread == 1 {
        isNeighbourRunning = false
        if threads.ending(of: 1) == .returned(Self.neighbourResult) {
          tally.neighbours += 1
        } else {
          violation("its neighbour has another result")
        }
        continue
      }
      if event.kind == .call {
        tally.calls += 1
        switch carryOut(threads.call(of: 0)) {
        case .result(let result): threads.resume(0, returning: result)
        case .stop(let rule, let address):
          let place = threads.place(of: 0)
          threads.end(0)
          ending = ThreadEnding.stopped(rule, place, address: address).code
        }
      } else {
        ending = threads.ending(of: 0).code
      }
    }
  }

  private static var request: InlineArray<8, UInt8> { [0x51, 0x01, 0x12, 0x34, 0x77, 0xB2, 0x68, 0x69] }

  /// With a CoAP request as its context.
  private mutating func prepareArena() {
    let capacity = 256
    let datagram = Self.request
    guard
      (try? arena.prepare(
        frames: 2, dataSize: 256, bssSize: 0, contextSize: PacketWindow.overhead + capacity)) != nil,
      let request = try? Message(datagram.span)
    else { return }
    let packet = PacketWindow(answering: request, at: arena.contextAddress, capacity: capacity)
    var window = arena.context
    _ = try? packet.fill(&window, with: datagram.span, request)
    services.begin(nil, packet: packet)
  }

  private func program(size: UInt, entry: UInt) -> ThreadProgram {
    let start = UInt(arena.address)
    return ThreadProgram(
      code: .compiled(address: code.address, size: size, entry: entry),
      engineMemory: MemoryRegion(address: code.address, size: UInt(code.count * 2)),
      imageMemory: MemoryRegion(address: image.address, size: UInt(image.count)), block: arena.block,
      arena: start..<start + UInt(arena.size), rodata: image.address..<image.address + UInt(image.count),
      frames: arena.frames, context: UInt(arena.contextAddress),
      contextLength: UInt(PacketWindow.overhead + 256), stackTop: UInt(arena.stackTop),
      milliseconds: Self.patience, instructions: 0)
  }

  private mutating func startNeighbour() {
    _ = try? neighbourArena.prepare(frames: 1, dataSize: 0, bssSize: 0, contextSize: 0)
    let start = UInt(neighbourArena.address)
    threads.start(
      1,
      ThreadProgram(
        code: .compiled(
          address: neighbourCode.address, size: UInt(neighbourShape.halfwords * 2),
          entry: neighbourShape.entry),
        engineMemory: MemoryRegion(address: neighbourCode.address, size: UInt(neighbourCode.count * 2)),
        imageMemory: .none, block: neighbourArena.block, arena: start..<start + UInt(neighbourArena.size),
        rodata: 0..<0, frames: 1, context: 0, contextLength: 0, stackTop: UInt(neighbourArena.stackTop),
        milliseconds: 100_000, instructions: 0))
  }

  /// As devices do it.
  private mutating func carryOut(_ call: NativeCall) -> NativeReply {
    let helper: Helper?
    let arguments: HelperArguments
    switch call {
    case .helper(let position, let values):
      helper = Helper(position: position)
      arguments = values
    case .numbered(let number, let values):
      helper = UInt8(exactly: number).flatMap { Helper(rawValue: $0) }
      arguments = values
    }
    guard let helper else { return .stop(.unknownHelper, address: 0) }
    services.resume(nil)
    do throws(HelperFault) {
      let result = try Self.call(helper, arguments, rodata: image, &arena, &services)
      _ = services.takePendingSleep()
      return .result(result)
    } catch {
      return .stop(.helperFault, address: error.address)
    }
  }

  // MARK: What must not change

  private mutating func violation(_ what: StaticString) {
    tally.violations += 1
    if tally.violations <= 20 { Report.printViolation(what) }
    surroundings = surroundingsDigest
    registers = SystemRegisters.digest
  }

  private var codeRange: Range<UInt> { code.address..<code.address + UInt(code.count * 2) }

  /// All that was taken from the heap since the first of it, but for the code that runs and the blocks of both programs.
  private var surroundingsDigest: UInt32 {
    let end = above.address + UInt(above.count)
    var digest: UInt32 = 0
    var start = below.address
    while start < end {
      var next = end
      var resume = end
      let holes: InlineArray<3, Range<UInt>> = [
        codeRange, range(arena.block), range(neighbourArena.block),
      ]
      for index in holes.indices {
        let hole = holes[index]
        guard hole.lowerBound >= start, hole.lowerBound < next else { continue }
        (next, resume) = (hole.lowerBound, hole.upperBound)
      }
      if start < next { digest = digest &* 31 &+ Watched(start..<next).digest }
      start = resume
    }
    return digest
  }

  private func range(_ region: MemoryRegion) -> Range<UInt> {
    region.address..<region.address + region.size
  }

  private var heapEnd: UInt { UInt(cortexm_heap_end()) }
  private var heapLimit: UInt { UInt(cortexm_heap_limit()) }
  private var flashEnd: UInt { 4 << 20 }

  /// The rest of the machine's memory: looked at now and then, because there is much of it.
  mutating func lookAround() {
    if Watched(0..<flashEnd).digest != flash { violation("code memory has changed") }
    if !FreeMemory.isIntact(from: heapEnd, to: heapLimit) { violation("free memory has changed") }
  }
}
