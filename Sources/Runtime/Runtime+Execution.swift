import Bytes
public import CoAP
import Compartment
public import Helpers
import Interpreter
import JIT
import Platform
import ProgramImage
public import SlotStorage

/// What the runtime has to know of a run to carry out its helpers.
struct ActiveRun: Sendable {
  /// The helpers that the program may call.
  var granted = HelperSet.empty
  /// Where its read-only data is: in the slot's image, or in what the compiler made of it.
  var rodata = 0..<0
  var isRodataInImage = true
}

/// What may differ between two runs of a slot's program.
struct Launch: Equatable, Sendable {
  let engine: Engine
  let contextSize: Int
  let limits: RunLimits

  // How much it may print is nothing that a thread knows. Every request asks this, and what is derived would be called instead of
  // being part of the caller.
  @inline(__always)
  static func == (left: Launch, right: Launch) -> Bool {
    left.engine == right.engine && left.contextSize == right.contextSize
      && left.limits.instructions == right.limits.instructions
      && left.limits.milliseconds == right.limits.milliseconds
      && left.limits.arenaBytes == right.limits.arenaBytes
  }
}

/// A program that is about to run.
struct PreparedRun {
  let code: ThreadProgram.Code
  let imageMemory: MemoryRegion
  let rodata: Range<UInt>
}

extension Runtime where B: ~Copyable {
  // MARK: Starting

  /// Starts the slot's program. ``advance()`` tells when it has ended.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - engine: what runs it.
  ///   - model: what for.
  ///   - context: what r1 points to and r2 is the length of. The program has a copy, which it may change.
  ///   - limits: what the run may take.
  ///   - grants: the helpers it may call, within what it is granted anyway; `nil` for all of them.
  ///   - restart: of a long-running program.
  /// - Throws: ``RunError`` when nothing was started.
  public mutating func start(
    _ slot: SlotNumber, _ engine: Engine, _ model: ExecutionModel, context: Span<UInt8>, limits: RunLimits,
    grants: HelperSet? = nil, restart: RestartPolicy = .never
  ) throws(RunError) {
    try checkIsFree(slot)
    let run = try prepare(slot, engine, contextSize: context.count, limits: limits, grants: grants)
    arenas[slot.index].fillContext(from: context)
    launch(slot, run, engine, contextSize: context.count, limits: limits, packet: nil)
    note(slot, model, limits, grants, restart)
  }

  /// Starts the slot's program to answer a CoAP request: r1 points to what `PacketWindow` lays out. Whoever waits for the end
  /// finds the response with ``response(of:returned:)``.
  ///
  /// - Throws: ``RunError`` when nothing was started, `OutOfBounds` as an arena error when the request is too long.
  public mutating func start(
    _ slot: SlotNumber, _ engine: Engine, answering request: borrowing Message, in datagram: Span<UInt8>,
    limits: RunLimits, grants: HelperSet? = nil
  ) throws(RunError) {
    let size = PacketWindow.overhead + Limits.packetBytes
    try checkIsFree(slot)
    let run = try prepare(slot, engine, contextSize: size, limits: limits, grants: grants)
    let packet = PacketWindow(
      answering: request, at: arenas[slot.index].contextAddress, capacity: Limits.packetBytes)
    var window = arenas[slot.index].context
    do throws(OutOfBounds) {
      try packet.fill(&window, with: datagram, request)
    } catch {
      throw .requestTooLong(found: datagram.count, limit: Limits.packetBytes)
    }
    launch(slot, run, engine, contextSize: size, limits: limits, packet: packet)
    packets[slot.index] = packet
    note(slot, .request, limits, grants, .never)
  }

  /// The response that the slot's program built, after its run has returned.
  ///
  /// - Throws: ``PacketError`` when what it left is no response to the request.
  @_lifetime(&self)
  public mutating func response(of slot: SlotNumber, returned: UInt64) throws(PacketError) -> ProgramResponse
  {
    guard let packet = packets[slot.index] else { throw .noResponse(returned: 0) }
    return try packet.response(in: arenas[slot.index].contextBytes, returned: returned)
  }

  /// Starts the slot's program as the settings say: to go on until it ends, or to be run by their trigger. A timer runs it now, too.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - settings: how; whether it starts at boot makes no difference.
  ///   - context: of a program that no trigger runs.
  /// - Throws: ``RunError`` when nothing was started.
  public mutating func start(
    _ slot: SlotNumber, _ settings: StartSettings, context: Span<UInt8> = Span()
  ) throws(RunError) {
    switch settings.trigger {
    case nil:
      try start(
        slot, Engine(settings), .longRunning, context: context, limits: RunLimits(settings),
        grants: settings.helpers, restart: settings.restart)
    case .every:
      try start(
        slot, Engine(settings), .triggered, context: Span(), limits: RunLimits(settings),
        grants: settings.helpers)
      instances[slot.index].trigger = settings.trigger
    case .event(let event): try attach(slot, to: event, settings)
    }
  }

  mutating func note(
    _ slot: SlotNumber, _ model: ExecutionModel, _ limits: RunLimits, _ grants: HelperSet?,
    _ restart: RestartPolicy
  ) {
    instances[slot.index].model = model
    instances[slot.index].limits = limits
    instances[slot.index].grants = grants
    instances[slot.index].restartPolicy = restart
    instances[slot.index].trigger = nil
    instances[slot.index].wake = nil
  }

  /// Whoever wants to run a program that runs, or will by itself, has to end that first.
  mutating func checkIsFree(_ slot: SlotNumber) throws(RunError) {
    guard !instances[slot.index].isActive, instances[slot.index].state != .waiting else { throw .busy }
  }

  /// Lays everything out that a run needs, but the context.
  mutating func prepare(
    _ slot: SlotNumber, _ engine: Engine, contextSize: Int, limits: RunLimits, grants: HelperSet?
  ) throws(RunError) -> PreparedRun {
    try limits.check()
    let arenaBytes = Int(limits.arenaBytes)
    switch engine {
    case .interpreter:
      return try prepareInterpreted(slot, contextSize: contextSize, arenaBytes: arenaBytes, grants: grants)
    case .jit:
      return try prepareCompiled(slot, contextSize: contextSize, arenaBytes: arenaBytes, grants: grants)
    }
  }

  @_optimize(speed)
  private mutating func prepareInterpreted(
    _ slot: SlotNumber, contextSize: Int, arenaBytes: Int, grants: HelperSet?
  ) throws(RunError) -> PreparedRun {
    guard !slots.isEmpty(slot) else { throw .emptySlot }
    let known = engines.translation(of: slot, generation: slots.generation(of: slot))
    let translated = if let known { known } else { try translate(slot) }
    try checkCalls(in: slot, grants: grants)
    try prepareArena(
      of: slot, frames: translated.frames, data: translated.data, zeroSize: translated.zeroSize,
      contextSize: contextSize, arenaBytes: arenaBytes)
    let image = slots.region(of: slot)
    runs[slot.index] = ActiveRun(
      granted: translated.granted.intersection(grants ?? .all), rodata: translated.rodata,
      isRodataInImage: true)
    let rodata = image.address + UInt(translated.rodata.lowerBound)
    return PreparedRun(
      code: .interpreted(translated.program), imageMemory: image,
      rodata: rodata..<rodata + UInt(translated.rodata.count))
  }

  @_optimize(speed)
  private mutating func prepareCompiled(
    _ slot: SlotNumber, contextSize: Int, arenaBytes: Int, grants: HelperSet?
  ) throws(RunError) -> PreparedRun {
    guard B.Threads.routines != nil else { throw .noNativeProcessor }
    guard let program = engines.program(of: slot, generation: slots.generation(of: slot)) else {
      throw slots.isEmpty(slot) ? .emptySlot : .notCompiled
    }
    // Without its image, the calls of a program are checked when it makes them.
    if !slots.isEmpty(slot) { try checkCalls(in: slot, grants: grants) }
    try prepareArena(
      of: slot, frames: program.frames, data: program.data, zeroSize: program.zeroSize,
      contextSize: contextSize, arenaBytes: arenaBytes)
    let address = engines.address(of: slot)
    runs[slot.index] = ActiveRun(
      granted: program.granted.intersection(grants ?? .all), rodata: program.rodata, isRodataInImage: false)
    return PreparedRun(
      code: .compiled(
        address: address + UInt(program.codeStart), size: UInt(program.code.size),
        entry: UInt(program.code.entry)),
      imageMemory: .none, rodata: address..<address + UInt(program.rodataSize))
  }

  /// Looks for a call that a request does not allow, before the program runs; every other was found when it was installed.
  private mutating func checkCalls(in slot: SlotNumber, grants: HelperSet?) throws(RunError) {
    guard let grants, policy.stages.contains(.preFlight) else { return }
    let call: HelperCall?
    do throws(LoadError) {
      call = try loader.ungrantedCall(in: slots.image(of: slot), outside: grants)
    } catch {
      throw .load(error)
    }
    if let call { throw .helperNotGranted(call) }
  }

  /// Makes what the interpreter runs of the slot's program.
  @inline(never)
  private mutating func translate(_ slot: SlotNumber) throws(RunError) -> TranslatedProgram {
    let generation = slots.generation(of: slot)
    let registers = B.Threads.registers(ofBlock: arenas[slot.index].block)
    let translated: TranslatedProgram?
    do throws(LoadError) {
      var region = engines.mutableRest(of: slot, generation: generation)
      translated = try loader.translate(
        slots.image(of: slot), granting: policy[slot], into: &region, registers: registers,
        &arenas[slot.index])
    } catch {
      throw .load(error)
    }
    guard var translated else { throw .noRoomBesideCode }
    translated.dataStart += engines.startOfRest(of: slot, generation: generation)
    engines.set(EngineStore.Translation(program: translated, generation: generation), for: slot)
    launches[slot.index] = nil
    return translated
  }

  /// Lays the slot's arena out, with the data that its region holds.
  private mutating func prepareArena(
    of slot: SlotNumber, frames: Int, data: Range<Int>, zeroSize: Int, contextSize: Int, arenaBytes: Int
  ) throws(RunError) {
    do throws(ArenaError) {
      try arenas[slot.index].prepare(
        frames: frames, dataSize: data.count + zeroSize, bssSize: 0, contextSize: contextSize,
        size: arenaBytes)
    } catch {
      throw .load(.arena(error))
    }
    arenas[slot.index].fillData(from: engines.region(of: slot).extracting(data))
  }

  /// Lets the slot's thread begin.
  private mutating func launch(
    _ slot: SlotNumber, _ run: PreparedRun, _ engine: Engine, contextSize: Int, limits: RunLimits,
    packet: PacketWindow?
  ) {
    services.begin(
      slot, granting: runs[slot.index].granted, packet: packet, printing: Int(limits.logBytesPerSecond))
    packets[slot.index] = nil
    begin(slot, run, engine, contextSize: contextSize, limits: limits)
    instances[slot.index].engine = engine
    instances[slot.index].state = .running
    instances[slot.index].started = services.board.now
    instances[slot.index].starts &+= 1
    instances[slot.index].usage = ThreadUsage()
  }

  private mutating func begin(
    _ slot: SlotNumber, _ run: PreparedRun, _ engine: Engine, contextSize: Int, limits: RunLimits
  ) {
    let launch = Launch(engine: engine, contextSize: contextSize, limits: limits)
    if launches[slot.index] == launch, threads.restart(slot.index) { return }
    launches[slot.index] = launch
    let arena = UInt(arenas[slot.index].address)
    let program = ThreadProgram(
      code: run.code, engineMemory: engines.memory(of: slot), imageMemory: run.imageMemory,
      block: arenas[slot.index].block, arena: arena..<arena + UInt(arenas[slot.index].size),
      rodata: run.rodata, frames: arenas[slot.index].frames,
      context: contextSize == 0 ? 0 : UInt(arenas[slot.index].contextAddress),
      contextLength: UInt(contextSize), stackTop: UInt(arenas[slot.index].stackTop),
      milliseconds: limits.milliseconds, instructions: limits.instructions)
    threads.start(slot.index, program)
  }

  /// What runs, or ran, in the slot. Its usage is that of the run that is under way, if there is one, up to now; or it is
  /// nothing until the run has ended, for those who want to be told of changes.
  public mutating func instance(of slot: SlotNumber, withPresentUsage: Bool = true) -> Instance {
    var instance = instances[slot.index]
    if withPresentUsage, instance.isActive { instance.usage = threads.usage(of: slot.index) }
    return instance
  }

  /// How the last run of the slot's program ended, what for it ran, and what it used.
  @_optimize(speed)
  public mutating func lastRun(of slot: SlotNumber) -> (Ending?, ExecutionModel, ThreadUsage) {
    (instances[slot.index].ending, instances[slot.index].model, instances[slot.index].usage)
  }

  /// Whether a run of the slot's program is under way.
  public mutating func isActive(_ slot: SlotNumber) -> Bool { instances[slot.index].isActive }

  // MARK: Ending

  /// Ends what runs in the slot, and what would run there later.
  ///
  /// - Returns: whether there was something.
  @discardableResult
  public mutating func kill(_ slot: SlotNumber) -> Bool {
    let wasActive = instances[slot.index].isActive
    guard wasActive || instances[slot.index].state == .waiting else { return false }
    if wasActive {
      instances[slot.index].usage = threads.usage(of: slot.index)
      let index = self.index(of: threads.place(of: slot.index), in: slot)
      threads.end(slot.index)
      instances[slot.index].ending = .killed(index: index)
    }
    instances[slot.index].state = .ended
    instances[slot.index].trigger = nil
    instances[slot.index].wake = nil
    return true
  }

  /// Takes the slot's program from the processor.
  ///
  /// - Returns: whether it runs.
  public mutating func pause(_ slot: SlotNumber) -> Bool {
    guard instances[slot.index].isActive else { return false }
    threads.suspend(slot.index)
    instances[slot.index].state = .paused
    return true
  }

  /// Lets a paused program go on.
  ///
  /// - Returns: whether it was paused.
  public mutating func resume(_ slot: SlotNumber) -> Bool {
    guard instances[slot.index].state == .paused else { return false }
    if instances[slot.index].wake == nil {
      threads.proceed(slot.index)
      instances[slot.index].state = .running
    } else {
      instances[slot.index].state = .sleeping
    }
    return true
  }

  // MARK: Running

  /// When ``advance()`` has something to do although no thread can go on; `nil` if there is no such time.
  public var nextWake: Instant? {
    mutating get {
      var earliest = bootTime
      if let nextLook { earliest = earliest.map { min($0, nextLook) } ?? nextLook }
      for index in 0..<Limits.slots where instances[index].state != .paused {
        guard let wake = instances[index].wake else { continue }
        earliest = earliest.map { min($0, wake) } ?? wake
      }
      return earliest
    }
  }

  /// Whether some program could go on now.
  public var isBusy: Bool { mutating get { threads.isBusy } }

  /// Lets programs run until one has ended or other work may be due.
  ///
  /// - Returns: whose run has ended; `nil` when it is time for other work.
  public mutating func advance() -> SlotNumber? {
    startAtBoot()
    lookForEvents()
    wakeSleepers()
    while let event = threads.next() {
      guard let slot = SlotNumber(event.thread) else { return nil }
      switch event.kind {
      case .call:
        guard let ending = carryOut(threads.call(of: event.thread), for: slot) else { continue }
        finish(slot, ending)
      case .end: finish(slot, endingOfThread(of: slot))
      }
      return slot
    }
    return nil
  }

  private mutating func endingOfThread(of slot: SlotNumber) -> Ending {
    switch threads.ending(of: slot.index) {
    case .returned(let value): .returned(value)
    case .stopped(let rule, let place, let address):
      .trapped(trap(rule, at: place, in: slot, address: address))
    case .faulted(let fault):
      .faulted(fault, index: fault.offset.map { trap(.readOutside, at: .code($0 + 2), in: slot).index })
    }
  }

  private mutating func wakeSleepers() {
    var now: Instant?
    for index in 0..<Limits.slots {
      guard let wake = instances[index].wake, let slot = SlotNumber(index) else { continue }
      let time = now ?? services.board.now
      now = time
      guard wake <= time else { continue }
      switch instances[index].state {
      case .sleeping:
        instances[index].wake = nil
        instances[index].state = .running
        threads.proceed(index)
      case .waiting:
        instances[index].wake = nil
        runAgain(slot)
      case .idle, .running, .paused, .ended: break
      }
    }
  }

  /// Runs a program again, by its trigger or its restart policy.
  mutating func runAgain(_ slot: SlotNumber) {
    let instance = instances[slot.index]
    let contextSize: Int =
      if case .event = instance.trigger { Limits.readingBytes } else { 0 }
    do throws(RunError) {
      let run = try prepare(
        slot, instance.engine, contextSize: contextSize, limits: instance.limits, grants: instance.grants)
      if contextSize > 0 { fillReading(instance.reading, for: slot) }
      launch(slot, run, instance.engine, contextSize: contextSize, limits: instance.limits, packet: nil)
      if instance.trigger == nil { instances[slot.index].restarts &+= 1 }
    } catch {
      // It ran before: only its code can have gone.
      instances[slot.index].state = .ended
      instances[slot.index].trigger = nil
    }
  }

  private mutating func finish(_ slot: SlotNumber, _ ending: Ending) {
    slots.countRun(of: slot)
    instances[slot.index].usage = threads.usage(of: slot.index)
    threads.end(slot.index)
    instances[slot.index].ending = ending
    instances[slot.index].state = .ended
    let now = services.board.now
    if let trigger = instances[slot.index].trigger {
      instances[slot.index].state = .waiting
      instances[slot.index].wake = next(after: slot, by: trigger, now: now)
      return
    }
    guard instances[slot.index].model == .longRunning else { return }
    let isFailure: Bool =
      switch ending {
      case .returned: false
      case .trapped, .faulted: true
      case .killed: false
      }
    switch instances[slot.index].restartPolicy {
    case .never: return
    case .onFailure: guard isFailure else { return }
    case .always: break
    }
    instances[slot.index].state = .waiting
    instances[slot.index].wake = now + Limits.restartMilliseconds
  }

  /// The index of the instruction that a place stands for.
  private mutating func index(of place: ThreadEnding.Place, in slot: SlotNumber) -> Int {
    trap(.budgetSpent, at: place, in: slot).index
  }

  private mutating func trap(
    _ rule: Trap.Rule, at place: ThreadEnding.Place, in slot: SlotNumber, address: UInt64 = 0,
    _ fault: HelperFault? = nil
  ) -> Trap {
    switch place {
    case .instruction(let index): return Trap(rule, at: index, address: address, helperFault: fault)
    case .code(let site):
      let program = engines.code(of: slot, generation: slots.generation(of: slot))?.program
      let place = program?.place(ofSite: site, in: engines.region(of: slot))
      // The processor tells of the load that an atomic operation begins with.
      let isStore = rule == .readOutside && place?.isAtomic ?? false
      return Trap(
        isStore ? .writeOutside : rule, at: place?.index ?? program?.entryIndex ?? 0, address: address,
        helperFault: fault)
    }
  }

  // MARK: Helpers

  /// Carries out a helper that the slot's program has called.
  ///
  /// - Returns: how the run ends, if it does.
  private mutating func carryOut(_ call: NativeCall, for slot: SlotNumber) -> Ending? {
    let helper: Helper?
    let arguments: HelperArguments
    switch call {
    case .helper(let position, let values):
      helper = Helper(position: position)
      arguments = values
    case .numbered(let number, let values):
      helper = UInt8(exactly: number).flatMap { Helper(rawValue: $0) }
      arguments = values
      if helper == nil { return stop(slot, .unknownHelper, address: number) }
    }
    guard let helper else { return stop(slot, .invalidOperation) }
    // Whatever the code was checked for: it is what has been granted that counts.
    guard runs[slot.index].granted.contains(helper) else {
      return stop(slot, .helperNotGranted, address: UInt64(helper.rawValue))
    }
    services.resume(slot)
    let run = runs[slot.index]
    do throws(HelperFault) {
      let result =
        run.isRodataInImage
        ? try Self.call(
          helper, arguments, rodata: slots.image(of: slot).extracting(run.rodata), &arenas[slot.index],
          &services)
        : try Self.call(
          helper, arguments, rodata: engines.region(of: slot).extracting(run.rodata), &arenas[slot.index],
          &services)
      threads.resume(slot.index, returning: result)
      if let wake = services.takePendingSleep() { sleep(slot, until: wake) }
    } catch {
      return stop(slot, .helperFault, address: error.address, error)
    }
    return nil
  }

  /// Takes the slot's program from the processor until a time in microseconds.
  private mutating func sleep(_ slot: SlotNumber, until wake: UInt64) {
    threads.suspend(slot.index)
    instances[slot.index].state = .sleeping
    instances[slot.index].wake = Instant(milliseconds: (wake + 999) / 1000)
  }

  // Takes the parts of `self` apart, so that a program's memory may be lent while others are changed.
  private static func call(
    _ helper: Helper, _ arguments: HelperArguments, rodata: Span<UInt8>, _ arena: inout Arena,
    _ services: inout Services<B>
  ) throws(HelperFault) -> UInt64 {
    var memory = arena.memory(rodata: rodata)
    return try services.call(helper, arguments, &memory)
  }

  private mutating func stop(
    _ slot: SlotNumber, _ rule: Trap.Rule, address: UInt64 = 0, _ fault: HelperFault? = nil
  ) -> Ending {
    .trapped(trap(rule, at: threads.place(of: slot.index), in: slot, address: address, fault))
  }
}
